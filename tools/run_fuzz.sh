#!/bin/bash
# Run every fuzz target of a build directory (preset fuzz) for some seconds each.
#
#   tools/run_fuzz.sh DIRECTORY SECONDS [PATTERN]     PATTERN: only targets whose name matches
#
# FUZZ_SEED repeats a run of libFuzzer's chances (with the same corpus), FUZZ_JOBS (default: as many
# as there are processors) is how many targets run at once. Starts from what the target's seeds
# program writes and from tests/fuzz/corpus/<target>/; what is found meanwhile stays in the build
# directory, so that a later run goes on from there. An input that fails is left as
# <directory>/fuzz/<target>-crash-…: once the fault is mended, it belongs in the corpus. Each run adds
# a line to <directory>/fuzz/totals.tsv (target, inputs, seconds, seed). The last line is
# "N passed, N failed", of targets.
set -euo pipefail
directory=$1
seconds=$2
pattern=${3:-}
jobs=${FUZZ_JOBS:-$(nproc)}
seed=${FUZZ_SEED:-$RANDOM}
corpora=$(cd "$(dirname "$0")/.." && pwd)/tests/fuzz/corpus
totals=$directory/fuzz/totals.tsv

# One target; says how it went, and leaves its inputs, or FAILED, in <target>.count.
run_target() {
    local target=$1 name found inputs count
    name=$(basename "$target")
    found=$directory/fuzz/corpus_$name
    mkdir -p "$found"
    inputs=("$found")
    [[ -d $corpora/$name ]] && inputs+=("$corpora/$name")
    local dictionary=()
    [[ -f $corpora/$name.dict ]] && dictionary=("-dict=$corpora/$name.dict")
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -seed="$seed" "${dictionary[@]}" -artifact_prefix="$directory/fuzz/$name-" "${inputs[@]}" \
        >"$target.log" 2>&1; then
        count=$(awk '/number_of_executed_units/ { print $2 }' "$target.log")
        echo "$count" >"$target.count"
        printf '%s\t%s\t%s\t%s\n' "$name" "$count" "$seconds" "$seed" >>"$totals"
        echo "fuzz: $name: $count inputs, no fault"
    else
        echo FAILED >"$target.count"
        echo "fuzz: $name: FAILED"
        tail -n 40 "$target.log"
    fi
}

ctest --test-dir "$directory" -R '_seeds$' --output-on-failure >"$directory/fuzz/seeds.log" 2>&1 ||
    { cat "$directory/fuzz/seeds.log"; echo "0 passed, 1 failed"; exit 1; }
targets=()
for target in "$directory"/fuzz/*; do
    [[ -f $target && -x $target && $(basename "$target") =~ $pattern ]] && targets+=("$target")
done
running=0
for target in "${targets[@]}"; do
    rm -f "$target.count"
    if ((running >= jobs)); then
        wait -n || true
        running=$((running - 1))
    fi
    run_target "$target" &
    running=$((running + 1))
done
wait

passed=0
failed=0
executed=0
for target in "${targets[@]}"; do
    count=$(cat "$target.count" 2>/dev/null || echo FAILED)
    if [[ $count =~ ^[0-9]+$ ]]; then
        passed=$((passed + 1))
        executed=$((executed + count))
    else
        failed=$((failed + 1))
    fi
done
echo "fuzz: $executed inputs in all, $passed targets, $seconds s each, $jobs at once, seed $seed"
echo "fuzz: so far in this directory: $(awk '{ sum += $2 } END { printf "%.0f", sum }' "$totals" 2>/dev/null) inputs"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
