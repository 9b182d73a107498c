#!/bin/bash
# Run every fuzz target of a build directory (preset fuzz) for some seconds each.
#
#   tools/run_fuzz.sh DIRECTORY SECONDS
#
# Starts from what the target's seeds program writes and from tests/fuzz/corpus/<target>/; what is
# found meanwhile stays in the build directory. An input that fails is left as
# <directory>/fuzz/<target>-crash-…: once the fault is mended, it belongs in the corpus. The last
# line is "N passed, N failed", of targets.
set -euo pipefail
directory=$1
seconds=$2
corpora=$(cd "$(dirname "$0")/.." && pwd)/tests/fuzz/corpus
passed=0
failed=0
ctest --test-dir "$directory" -R '_seeds$' --output-on-failure >"$directory/fuzz/seeds.log" 2>&1 ||
    { cat "$directory/fuzz/seeds.log"; failed=1; }
for target in "$directory"/fuzz/*; do
    [[ -f $target && -x $target ]] || continue
    name=$(basename "$target")
    found=$directory/fuzz/corpus_$name
    mkdir -p "$found"
    inputs=("$found")
    [[ -d $corpora/$name ]] && inputs+=("$corpora/$name")
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$directory/fuzz/$name-" "${inputs[@]}" >"$target.log" 2>&1; then
        passed=$((passed + 1))
        echo "fuzz: $name: $(awk '/number_of_executed_units/ { print $2 }' "$target.log") inputs, no fault"
    else
        failed=$((failed + 1))
        echo "fuzz: $name: FAILED"
        tail -n 40 "$target.log"
    fi
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
