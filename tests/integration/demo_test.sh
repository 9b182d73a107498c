#!/bin/bash
# script/demo on data of one's own: the table, and what it says when there is none. (What it serves
# after the table is in demo_serve_test.py.)
set -u
. "$(dirname "$0")/tap.sh"
demo=$(cd "$(dirname "$0")/../.." && pwd)/script/demo
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
export RECTRAIN_MODELS=$room/models

compares_both() {
    local output
    output=$(cd "$room" && "$demo" --no-serve data 2>"$room/messages") || return 1
    echo "$output"
    grep -qE '^\| Model +\| Recall@40 \| Precision@40 \| +F1@40 \| Training Time \|$' <<<"$output" &&
        grep -qE '^\| Popular +\| +[0-9.]+% \| +[0-9.]+% \| +0\.[0-9]{4} \| +[0-9.]+ (ms|s) \|$' <<<"$output" &&
        grep -qE '^\| ALS +\| +[0-9.]+% \| +[0-9.]+% \| +0\.[0-9]{4} \| +[0-9.]+ (ms|s) \|$' <<<"$output"
}

saved_two() {
    ls "$room/models"
    [ "$(find "$room/models" -name '*.pkl' | wc -l)" -eq 2 ]
}

status_of() { # wanted, command ...
    local wanted=$1 status=0
    shift
    "$@" || status=$?
    [ "$status" -eq "$wanted" ]
}

"$RECTRAIN" synth --rows 40000 --users 500 --items 900 --output "$room/data" >/dev/null
check "its table compares popular and ALS on a directory given" compares_both
check "both models are saved" saved_two
check "a directory that is not there is status 3" status_of 3 "$demo" "$room/nowhere"
check "a directory without a clickstream is status 3" status_of 3 "$demo" --no-serve "$room/models"
check "two directories are wrong usage" status_of 2 "$demo" a b
check "an unknown option is wrong usage" status_of 2 "$demo" --serve
finish
