#!/bin/bash
# Test what a newcomer meets: a bare Debian 12, a clone of this repository's HEAD, script/demo (its
# table, then its page until both first jobs are done) and script/test. As root, with debootstrap
# installed.
#
#   tools/test_bare_debian.sh DIR      DIR is made; it may be removed afterwards
#
# EXTRA_CA=FILE   certificates that npm is to trust besides its own
# NPMRC=FILE      npm's configuration, where the network needs one
# SHARED=DIR      the shared real data (default: ../shared beside this tree, when it is there)
# MIRROR=URL      of Debian (default: http://deb.debian.org/debian)
set -euo pipefail
if [[ $# -ne 1 ]]; then
    echo "usage: tools/test_bare_debian.sh DIR" >&2
    exit 2
fi
mkdir -p "$1"
tree=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
shared=${SHARED:-$root/../shared}
mounts=()

unmount() {
    local at
    for at in "${mounts[@]}"; do
        umount "$at" || true
    done
}
trap unmount EXIT

mount_at() { # what, where in the tree
    mkdir -p "$tree/$2"
    mount --bind "$1" "$tree/$2"
    mounts=("$tree/$2" "${mounts[@]}")
}

inside() {
    chroot "$tree" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        ${EXTRA_CA:+NODE_EXTRA_CA_CERTS=/root/extra-ca.crt} bash -c "$1" </dev/null
}

if [[ ! -e $tree/etc/debian_version ]]; then
    debootstrap --variant=minbase bookworm "$tree" "${MIRROR:-http://deb.debian.org/debian}"
fi
cp /etc/resolv.conf /etc/hosts "$tree/etc/"
[[ -z ${EXTRA_CA:-} ]] || cp "$EXTRA_CA" "$tree/root/extra-ca.crt"
[[ -z ${NPMRC:-} ]] || cp "$NPMRC" "$tree/root/.npmrc"
mount_at /proc proc
mount_at /dev dev
[[ ! -d $shared ]] || mount_at "$shared" root/work/shared

# The clone itself is made outside, as a newcomer's git would make it.
rm -rf "$tree/root/work/rectrain"
git clone --quiet --no-local "$root" "$tree/root/work/rectrain"

# The demo serves until it is told to stop: here, once the jobs that it queued are completed.
# shellcheck disable=SC2016 # expanded inside
watch_demo='
script/demo >/tmp/demo.log 2>&1 &
demo=$!
trap "kill $demo" EXIT
until url=$(sed -n "s/.*export RECTRAIN_URL=//p" /tmp/demo.log) && [ -n "$url" ]; do
    kill -0 $demo || { cat /tmp/demo.log; exit 1; }
    sleep 1
done
until grep -q "Ctrl-C ends it" /tmp/demo.log; do sleep 1; done
RECTRAIN_URL=$url python3 -B -c "
from training_example import TrainingClient
with TrainingClient() as client:
    client.login(\"test@example.com\", \"123\")
    for job in client.list_jobs():
        client.wait_for_completion(job[\"job_id\"], timeout=600)
        print(job[\"description\"], \"completed\")
"
trap - EXIT
kill -TERM $demo
wait $demo
cat /tmp/demo.log'

for command in "script/demo --no-serve" "$watch_demo" script/test; do
    echo "== ${command:0:40}"
    start=$SECONDS
    status=0
    inside "cd /root/work/rectrain && $command" || status=$?
    echo "== status $status, $((SECONDS - start)) s"
    [[ $status -eq 0 ]] || exit "$status"
done
