#!/bin/bash
# Run the very steps of deploy/Dockerfile without Docker: each stage is a bare Debian 12 made by
# debootstrap, in which RUN is a command in a chroot, COPY copies, and WORKDIR, ENV and USER hold
# from there on. Then try what came of it: the program starts as the image's user, finds its
# libraries, and its server is healthy. As root, with debootstrap installed; some 5 GB and, mostly
# for the build, some ten minutes.
#
#   tools/test_dockerfile.sh DIR       DIR is made; it may be removed afterwards. A second run takes
#                                      the bare Debian from it.
#
# EXTRA_CA=FILE   certificates that npm is to trust besides its own
# NPMRC=FILE      npm's configuration, where the network needs one
# BUILT=DIR       an installed tree (script/build --prefix DIR, on a Debian 12) to take in place of
#                 what the first stage builds: tries the image's own stage in a minute
# MIRROR=URL      of Debian (default: http://deb.debian.org/debian)
set -euo pipefail
if [[ $# -ne 1 ]]; then
    echo "usage: tools/test_dockerfile.sh DIR" >&2
    exit 2
fi
mkdir -p "$1"
work=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
mounts=()
server=

clean_up() {
    local at
    if [[ -n $server ]]; then
        pkill -TERM -P "$server" || true # the subshell's one child became the program
        wait "$server" || true
    fi
    for at in "${mounts[@]}"; do
        umount "$at" || true
    done
}
trap clean_up EXIT

fail() {
    echo "test_dockerfile: $1" >&2
    exit 1
}

# ---- one stage ----

stage= # its tree
declare -A stages
environment=()
user=root
directory=/
command=

begin_stage() { # image, [AS, name]
    [[ $1 == debian:12-slim ]] || fail "FROM $1: only debian:12-slim can be made here"
    if [[ ! -e $work/debian/etc/debian_version ]]; then
        debootstrap --variant=minbase bookworm "$work/debian" \
            "${MIRROR:-http://deb.debian.org/debian}"
    fi
    stage=$work/stage-${3:-final}
    rm -rf "$stage"
    cp -a "$work/debian" "$stage"
    stages[${3:-final}]=$stage
    environment=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
    user=root
    directory=/
    cp /etc/resolv.conf /etc/hosts "$stage/etc/"
    if [[ -n ${EXTRA_CA:-} ]]; then
        cp "$EXTRA_CA" "$stage/root/extra-ca.crt"
        environment+=(NODE_EXTRA_CA_CERTS=/root/extra-ca.crt)
    fi
    [[ -z ${NPMRC:-} ]] || cp "$NPMRC" "$stage/root/.npmrc"
    for at in proc dev; do
        mount --bind "/$at" "$stage/$at"
        mounts=("$stage/$at" "${mounts[@]}")
    done
}

inside() { # shell command: as a step of the stage runs it
    local ids=0:0
    [[ $user == root ]] || ids=$(chroot "$stage" id -u "$user"):$(chroot "$stage" id -g "$user")
    chroot --userspec="$ids" "$stage" /usr/bin/env -i "${environment[@]}" /bin/sh -c \
        "cd '$directory' && $1" </dev/null
}

# The tree without what .dockerignore names.
copy_context() { # to
    local line excludes=()
    while read -r line; do
        case $line in
        '' | '#'*) ;;
        '**/'*) excludes+=(--no-anchored "--exclude=${line#'**/'}") ;;
        *) excludes+=(--anchored "--exclude=./$line") ;;
        esac
    done <"$root/.dockerignore"
    mkdir -p "$1"
    tar -C "$root" --wildcards --no-wildcards-match-slash "${excludes[@]}" -cf - . | tar -C "$1" -xf -
}

step() { # instruction, arguments
    local words
    if [[ -n ${BUILT:-} && $stage == "$work/stage-build" && $1 != FROM ]]; then
        mkdir -p "$stage/opt"
        [[ -e $stage/opt/rectrain ]] || cp -a "$BUILT" "$stage/opt/rectrain"
        return
    fi
    echo "== $1 $2"
    case $1 in
    FROM)
        read -ra words <<<"$2"
        begin_stage "${words[@]}"
        ;;
    WORKDIR)
        directory=$2
        mkdir -p "$stage$2"
        ;;
    COPY)
        if [[ $2 == '. .' ]]; then
            copy_context "$stage$directory"
        elif [[ $2 =~ ^--from=([a-z]+)\ ([^\ ]+)\ ([^\ ]+)$ ]]; then
            mkdir -p "$stage$(dirname "${BASH_REMATCH[3]}")"
            cp -a "${stages[${BASH_REMATCH[1]}]}${BASH_REMATCH[2]}" "$stage${BASH_REMATCH[3]}"
        else
            fail "COPY $2: not known here"
        fi
        ;;
    RUN) inside "$2" ;;
    ENV) environment+=("$2") ;;
    USER) user=$2 ;;
    CMD) command=$2 ;;
    EXPOSE) ;;
    *) fail "$1 is not known here" ;;
    esac
}

text=
while IFS= read -r line || [[ -n $line ]]; do
    [[ $line == '#'* ]] && continue
    if [[ $line == *\\ ]]; then
        text+=${line%\\}
        continue
    fi
    text+=$line
    [[ -z $text ]] || step "${text%% *}" "${text#* }"
    text=
done <"$root/deploy/Dockerfile"

# ---- what came of it ----

[[ $user != root ]] || fail "the image runs as root"
command=${command//[\[\]\",]/ }
echo "== the image's command:$command"
inside "rectrain --version"
if inside "ldd \"\$(command -v rectrain)\"" | grep "not found"; then
    fail "a library is missing"
fi
port=18080
(
    inside "umask 077; cd /app && DB_NAME=/app/ml_models/try.db LISTEN=127.0.0.1:$port DEMO_USER=1 exec $command"
) >"$work/serve.log" 2>&1 &
server=$!
for ((i = 0; i < 100; i++)); do
    if inside "LISTEN=127.0.0.1:$port rectrain health" >/dev/null 2>&1; then
        break
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.2
done
if ! inside "LISTEN=127.0.0.1:$port rectrain health"; then
    cat "$work/serve.log" >&2
    fail "the server is not healthy"
fi
inside "DB_NAME=/app/ml_models/try.db MODEL_DIR=/app/ml_models rectrain doctor" | sed -n '/^Checks/,$p'
du -sh "$stage/opt/rectrain" | sed 's/^/== size of the program and its libraries: /'
echo "== every step of deploy/Dockerfile did what it should"
