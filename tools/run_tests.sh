#!/bin/sh
# Run the tests of a build directory and count their cases; the last line is "N passed, N failed".
#
#   tools/run_tests.sh DIRECTORY [arguments of ctest ...]
#
# The exit status is not 0 when a case failed, a test aborted, or there was none to run.
set -eu
directory=$1
shift

log=$directory/Testing/Temporary/LastTest.log
rm -f "$log"
status=0
CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}
export CTEST_PARALLEL_LEVEL
ctest --test-dir "$directory" --output-on-failure --no-tests=error "$@" || status=$?
if [ ! -f "$log" ]; then
    echo "0 passed, 1 failed"
    exit 1
fi
awk -f "$(dirname "$0")/count_tests.awk" "$log" || status=1
exit "$status"
