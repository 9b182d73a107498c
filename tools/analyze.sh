#!/bin/bash
# Static analysis beside clang-tidy (.ci/run): cppcheck over src/, and gcc's own analyzer.
#
#   tools/analyze.sh              both; tools/analyze.sh cppcheck, tools/analyze.sh gcc: one of them
#
# Findings that are none stand in tools/analyze_suppressions.txt, each with its reason. gcc's analyzer
# looks at a file compiled without optimization of loops, and is left out where it is known to misread
# (`omp simd`). The last line is "N passed, N failed", of tools.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
wanted=${1:-}
suppressions=tools/analyze_suppressions.txt
passed=0
failed=0

run_cppcheck() {
    local found status=0
    found=$(cppcheck --enable=warning,performance,portability --std=c17 --quiet -j "$(nproc)" -I src \
        -D_GNU_SOURCE --library=posix --suppress=missingInclude --suppress=unmatchedSuppression \
        '-Djson_object_foreach(o,k,v)=for(;;)' \
        --suppressions-list=<(sed -n 's/^cppcheck //p' "$suppressions" | sed 's/ *#.*//') \
        --template='{file}:{line}: {id}: {message}' --error-exitcode=1 src 2>&1) || status=1
    [[ -z $found ]] || echo "$found"
    return "$status"
}

# Only checks that hold in this code: leaks and double frees are judged across the functions that own
# (create, free), which the analyzer of gcc 12 does not follow through `goto done`.
run_gcc() {
    local database=build/compile_commands.json
    [[ -f $database ]] || { echo "build first: script/build"; return 1; }
    local found
    found=$(python3 - "$database" <<'PY' | xargs -0 -P "$(nproc)" -n 1 bash -c 2>&1 | grep -E 'warning:' |
import json, shlex, sys
done = set()
for entry in json.load(open(sys.argv[1])):
    name = entry["file"]
    if "/src/" not in name or "_level.c" in name or name in done:
        continue
    done.add(name)
    words = shlex.split(entry["command"])
    while words[0].endswith("ccache"):
        words = words[1:]
    at = words.index("-o")
    words[at + 1] = "/dev/null"
    words = [word for word in words if word != "-Werror"]
    print("cd " + shlex.quote(entry["directory"]) + " && " + shlex.join(words + ["-fanalyzer",
          "-Wno-analyzer-malloc-leak", "-Wno-analyzer-file-leak", "-Wno-analyzer-possible-null-dereference"]),
          end="\0")
PY
        sed "s|^$PWD/||" | sort -u | grep -vEf <(sed -n 's/^gcc //p' "$suppressions" | sed 's/ *#.*//'))
    [[ -z $found ]] || echo "$found"
    [[ -z $found ]]
}

for tool in cppcheck gcc; do
    [[ -z $wanted || $wanted == "$tool" ]] || continue
    begin=$SECONDS
    if "run_$tool"; then
        passed=$((passed + 1))
        echo "analyze: $tool: clean, $((SECONDS - begin)) s"
    else
        failed=$((failed + 1))
        echo "analyze: $tool: FAILED, $((SECONDS - begin)) s"
    fi
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
