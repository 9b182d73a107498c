# Count single test cases in ctest's LastTest.log. Prints the names of what was skipped, then
# "N passed, N failed"; exits with 1 when anything failed.
#
# A test program may speak cmocka's language ("[       OK ] name"), Python unittest's ("Ran 3
# tests", "FAILED (errors=1)") or TAP's ("ok - sentence"; of Node.js also the indented lines of a
# suite, whose own line is not counted). One that speaks none counts as one case, and one that fails
# without a failed case (it aborted) as one failure.

function begin_test()
{
    inside = 0
    ran = 0
    case_passed = case_failed = 0
    in_summary = 0
    last = ""
}

function number_after(line, key,    at)
{
    at = index(line, key "=")
    return at > 0 ? substr(line, at + length(key) + 1) + 0 : 0
}

function end_test(ok)
{
    if (case_passed + case_failed + ran == 0 && ok)
        case_passed = 1
    if (!ok && case_failed == 0)
        case_failed = 1
    passed += case_passed
    failed += case_failed
    tests++
}

/^[0-9]+\/[0-9]+ Test: / {
    begin_test()
    name = $3
    next
}
/^Output:$/ { inside = 1; next }
/^<end of output>$/ { inside = 0; next }

inside && /^\[       OK \] / { case_passed++; next }
# After "N test(s) run." cmocka lists those that failed a second time.
inside && /^\[==========\] .* run\.$/ { in_summary = 1; next }
inside && /^\[==========\] .*[Rr]unning / { in_summary = 0; next }
inside && !in_summary && /^\[  FAILED  \] / { case_failed++; next }
inside && !in_summary && /^\[  SKIPPED \] / { ran++; skipped[++skips] = name ": " $4; next }

inside && /^Ran [0-9]+ tests? in / { case_passed += $2; ran++; next }
inside && /^(OK|FAILED) \(.*\)$/ {
    bad = number_after($0, "failures") + number_after($0, "errors")
    not_run = number_after($0, "skipped")
    case_failed += bad
    case_passed -= bad + not_run
    if (not_run > 0)
        skipped[++skips] = name ": " not_run " of Python's"
    next
}

inside && /^ *ok .*# SKIP/ { ran++; skipped[++skips] = name ": " $0; last = ""; next }
inside && /^ *ok / { case_passed++; last = "passed"; next }
inside && /^ *not ok / { case_failed++; last = "failed"; next }
inside && /^ *type: 'suite'$/ {
    case_passed -= last == "passed"
    case_failed -= last == "failed"
    last = ""
    next
}

!inside && /^Test Passed\.$/ { end_test(1); next }
!inside && /^Test Failed\.$|^Test timed out\.?$|^Test [A-Z].*(Failed|Timeout|Exception|Error)/ {
    end_test(0)
    next
}

END {
    for (i = 1; i <= skips; i++)
        print "skipped: " skipped[i]
    printf "%d passed, %d failed\n", passed, failed
    exit failed > 0 || tests == 0
}
