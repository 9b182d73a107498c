# shellcheck shell=bash
# Sourced by shell tests: TAP lines, of which tools/count_tests.awk counts each as a case.
#
#   check "sentence" command ...    ok when the command succeeds
#   refuse "sentence" command ...   ok when the command fails
#   finish                          exit status: 1 after any "not ok"
# What a command printed is in $tap_output afterwards, and is shown after a "not ok".
tap_failures=0
tap_output=

tap_say() { # wanted (0: success, 1: failure), status, sentence
    local good=no
    if [ "$1" -eq 0 ] && [ "$2" -eq 0 ]; then good=yes; fi
    if [ "$1" -ne 0 ] && [ "$2" -ne 0 ]; then good=yes; fi
    if [ "$good" = yes ]; then
        echo "ok - $3"
    else
        echo "not ok - $3"
        echo "# ${tap_output//$'\n'/$'\n# '}"
        tap_failures=$((tap_failures + 1))
    fi
}

check() {
    local sentence=$1 status=0
    shift
    tap_output=$("$@" 2>&1) || status=$?
    tap_say 0 "$status" "$sentence"
}

refuse() {
    local sentence=$1 status=0
    shift
    tap_output=$("$@" 2>&1) || status=$?
    tap_say 1 "$status" "$sentence"
}

finish() {
    [ "$tap_failures" -eq 0 ]
    exit
}
