#!/bin/bash
# tools/count_tests.awk: what it makes of the log of ctest.
set -u
. "$(dirname "$0")/tap.sh"
counter=$(dirname "$0")/../../tools/count_tests.awk
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# one test's part of a log: verdict, then its output from stdin
add_test() {
    {
        echo "1/9 Testing: sample"
        echo "1/9 Test: sample"
        echo "Output:"
        echo "----------------------------------------------------------"
        cat
        echo "<end of output>"
        echo "Test time =   0.01 sec"
        echo "----------------------------------------------------------"
        echo "$1"
    } >>"$log"
}

# the last line that the counter prints, and its exit status
counted() { # wanted line, wanted status
    local output status=0
    output=$(awk -f "$counter" "$log") || status=$?
    echo "$output, status $status"
    [ "$(echo "$output" | tail -n 1)" = "$1" ] && [ "$status" -eq "$2" ]
}

add_test "Test Passed." <<'END'
[==========] Running 3 test(s).
[ RUN      ] first
[       OK ] first
[ RUN      ] second
[       OK ] second
[ RUN      ] third
[  SKIPPED ] third
[==========] 3 test(s) run.
[  PASSED  ] 2 test(s).
END
check "cases of cmocka are counted and a skipped one is not" counted "2 passed, 0 failed" 0
check "a skipped case is named" grep -q '^skipped: sample: third$' <(awk -f "$counter" "$log")

add_test "Test Failed." <<'END'
[==========] Running 2 test(s).
[ RUN      ] first
[  ERROR   ] --- 1 != 2
[  FAILED  ] first
[ RUN      ] second
[       OK ] second
[==========] 2 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] first
END
check "a failed case of cmocka counts once" counted "3 passed, 1 failed" 1

: >"$log"
add_test "Test Failed." <<'END'
[==========] Running 2 test(s).
[ RUN      ] first
[       OK ] first
[ RUN      ] second
END
check "an aborted test counts as failed" counted "1 passed, 1 failed" 1

: >"$log"
add_test "Test Passed." </dev/null
check "a test that counts nothing is one case" counted "1 passed, 0 failed" 0
add_test "Test timed out." </dev/null
check "a test that timed out is one failure" counted "1 passed, 1 failed" 1

: >"$log"
add_test "Test Failed." <<'END'
...F.s
Ran 6 tests in 0.01s

FAILED (failures=1, skipped=1)
END
check "the summary of Python's unittest is understood" counted "4 passed, 1 failed" 1

: >"$log"
add_test "Test Failed." <<'END'
ok - one
not ok - two
ok - three # SKIP not here
END
check "TAP lines are understood" counted "1 passed, 1 failed" 1

: >"$log"
add_test "Test Failed." <<'END'
TAP version 13
# Subtest: one
ok 1 - one
  ---
  duration_ms: 0.1
  ...
# Subtest: suite
    # Subtest: inner
    ok 1 - inner
      ---
      duration_ms: 0.1
      ...
    # Subtest: other
    not ok 2 - other
      ---
      failureType: 'testCodeFailure'
      ...
    1..2
not ok 2 - suite
  ---
  duration_ms: 0.1
  type: 'suite'
  ...
# Subtest: three
ok 3 - three # SKIP not here
  ---
  duration_ms: 0.1
  ...
1..3
# tests 4
# pass 2
END
check "of Node.js a suite's cases are counted and the suite is not" counted "2 passed, 1 failed" 1

: >"$log"
check "a log without tests is a failure" counted "0 passed, 0 failed" 1
finish
