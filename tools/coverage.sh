#!/bin/bash
# Which lines and branches of src/ the tests reach, by room (gcov, preset coverage).
#
#   tools/coverage.sh             builds, runs all tests, prints the table: a quarter of an hour
#   tools/coverage.sh PATTERN     only the tests whose name matches, and what they need
#
# What a killed process did is not counted. The last line is "N passed, N failed", of the floors.
set -euo pipefail
cd "$(dirname "$0")/.."
pattern=${1:-.}
directory=build-coverage
cmake --preset coverage --log-level=WARNING >/dev/null
if [[ $pattern == . ]]; then
    cmake --build "$directory" -- --quiet
else
    mapfile -t tests < <(ctest --test-dir "$directory" -N -R "$pattern" | awk '/ Test +#[0-9]+: / { print $3 }')
    mapfile -t programs < <(printf '%s\n' "${tests[@]}" | grep '_test$' || true)
    if ((${#programs[@]} < ${#tests[@]})); then
        programs+=(rectrain)
    fi
    cmake --build "$directory" --target "${programs[@]}" -- --quiet
fi
find "$directory" -name '*.gcda' -delete
tools/run_tests.sh "$directory" -R "$pattern" -E '^e2e_|_real_test|extending|^soak|integration_docs' || echo "coverage: tests failed; what they reached is counted all the same"
python3 tools/coverage_report.py "$directory"
