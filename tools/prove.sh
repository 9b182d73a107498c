#!/bin/bash
# The promises of docs/reliability.md and SECURITY.md under fire, at the sizes of docs/proof.md.
#
#   tools/prove.sh             every row at its small size: a quarter of an hour and more on two processors
#   tools/prove.sh ROW         one of them
#   tools/prove.sh list        the rows and the commands behind them
#   SIZE=release tools/prove.sh ROW     the large size, of hours; chaos goes on where it was stopped
#
# SEED (1) chooses what chaos does; RECTRAIN (build/rectrain) is the program, which has to be built.
# The last line is "N passed, N failed", of single checks.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
size=${SIZE:-ci}
seed=${SEED:-1}
export RECTRAIN=${RECTRAIN:-$PWD/build/rectrain} RECTRAIN_BUILD=${RECTRAIN_BUILD:-$PWD/build}
export PYTHONPATH=$PWD/tests/support
python=/usr/bin/python3 # numpy of Debian belongs to it
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# of SMALL LARGE: the number for the size that was asked for.
of() {
    if [[ $size == release ]]; then echo "$2"; else echo "$1"; fi
}

# chaos FLAVOUR FAULTS ROUNDS …: rounds of so many faults, each with the seed after the one before.
chaos() {
    local flavour=$1 faults=$2 rounds=$3
    shift 3
    echo "tests/chaos/chaos.py --flavour $flavour --seed $seed --faults $faults $*" \
        "$([[ $size == release ]] && echo "--rounds $rounds --results chaos-$row.jsonl")"
}

# The command of a row.
command_of() {
    row=$1
    case $row in
    kills) chaos sqlite 100 20 --groups kills points ;;
    servers) chaos sqlite 50 20 --only kill_server kill_server_at_job_created ;;
    cancels) chaos sqlite 60 10 --only cancel_pending cancel_loading_data cancel_preprocessing \
        cancel_training cancel_predict_pending cancel_predict_loading_data cancel_predict_training ;;
    services) chaos fleet 20 10 --only kill_broker kill_broker_60 stop_database stop_both \
        freeze_worker cut_database hold_database cut_broker slow_broker ;;
    poison) chaos sqlite 10 10 --only poison poison_predict ;;
    requests) echo "tests/hostile/bad_requests.py -v --mutants $(of 5000 1000000)" ;;
    data) echo "tests/hostile/bad_bytes.py --looks $(of 5000 200000) --whole-way $(of 50 2000)" ;;
    paths) echo "tests/hostile/paths.py --race $(of 100 10000)" ;;
    clients) echo "tests/hostile/clients.py --seconds 60 --storm 20 --tries 200" ;;
    calls) echo "tests/chaos/each_call.py $([[ $size == release ]] && echo --all)" ;;
    tiny) echo "tests/chaos/tiny_jobs.py --jobs $(of 500 10000)" ;;
    soak) echo "tests/soak/soak.py --seconds $(of 300 3600)" ;;
    *) return 1 ;;
    esac
}

rows="soak kills servers cancels services poison calls tiny requests data paths clients"

run_row() {
    local begin=$SECONDS status=0 words
    read -ra words < <(command_of "$1")
    echo "== $1: ${words[*]}"
    "$python" -B "${words[@]}" >"$logs/$1" 2>&1 || status=$?
    if ((status == 0)); then
        grep '^# \|^[a-z_]* *[0-9.]*$' "$logs/$1" | grep -v '^# [a-z0-9_]*: {' # not each fault
    else
        tail -n 60 "$logs/$1"
        grep -q '^not ok ' "$logs/$1" || echo "not ok - $1 ended with $status" >>"$logs/$1"
    fi
    echo "== $1: $( ((status == 0)) && echo ok || echo FAILED), $((SECONDS - begin)) s"
    return "$status"
}

case ${1:-} in
list)
    for name in $rows; do printf '%-9s %s\n' "$name" "$(command_of "$name")"; done
    exit
    ;;
"") ;;
*)
    rows=$1
    if ! command_of "$1" >/dev/null; then
        echo "there is no row $1: tools/prove.sh list" >&2
        exit 2
    fi
    ;;
esac
[[ -x $RECTRAIN ]] || { echo "there is no $RECTRAIN: script/build makes it" >&2; exit 2; }

status=0
if [[ $rows == "soak "* ]]; then # it watches memory, not time: others may run beside it
    run_row soak >"$logs/soak.out" &
    soak=$!
    rows=${rows#soak }
fi
for name in $rows; do run_row "$name" || status=1; done
if [[ -n ${soak:-} ]]; then
    wait "$soak" || status=1
    cat "$logs/soak.out"
fi
passed=$(cat "$logs"/* | grep -c '^ok \|^test_.* \.\.\. ok$') || true
failed=$(cat "$logs"/* | grep -c '^not ok ') || true
echo "$passed passed, $failed failed"
exit "$status"
