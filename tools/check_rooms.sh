#!/bin/bash
# Check the #include lines of src/ against the order of the rooms: a room includes only itself and
# rooms above it, and a third-party header only where it is let in. ARCHITECTURE.md has the list.
#
#   tools/check_rooms.sh [ROOT]     (default: the tree that this script is in)
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

rooms=(base config linalg data model eval train predict jobs store queue worker http api cli)

# header pattern → its room
declare -A third_party=(
    ['jansson.h']=base ['openssl/*']=base
    ['cblas*.h']=linalg
    ['duckdb.h']=data ['dlfcn.h']=data
    ['zlib.h']=model
    ['sqlite3.h']=store ['libpq-fe.h']=store
    ['amqp*.h']=queue
    ['microhttpd.h']=http
    ['sodium.h']=api
)

# The C library and the kernel's interface, which every room may use.
libc=" assert.h complex.h ctype.h dirent.h errno.h fcntl.h fenv.h float.h fnmatch.h getopt.h glob.h
 inttypes.h limits.h locale.h math.h netdb.h poll.h pthread.h pwd.h sched.h semaphore.h setjmp.h signal.h
 spawn.h stdalign.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h
 strings.h syslog.h termios.h time.h unistd.h wchar.h cpuid.h immintrin.h "
libc=${libc//$'\n'/}

declare -A place
for i in "${!rooms[@]}"; do
    place[${rooms[$i]}]=$i
done

breaches=0
breach() { # file:line, text, reason
    echo "$1: $2: $3"
    breaches=$((breaches + 1))
}

check_system_header() { # where, room, header
    local pattern
    for pattern in "${!third_party[@]}"; do
        # shellcheck disable=SC2053 # the right side is a pattern on purpose
        if [[ $3 == $pattern ]]; then
            [[ $2 == "${third_party[$pattern]}" ]] ||
                breach "$1" "<$3>" "only ${third_party[$pattern]}/ may include it"
            return
        fi
    done
    [[ $3 == sys/* || $3 == linux/* || $3 == arpa/* || $3 == netinet/* ]] && return
    [[ $libc == *" $3 "* ]] || breach "$1" "<$3>" "no room is let to include it"
}

check_own_header() { # where, room, header
    local other=${3%%/*}
    if [[ $3 != */* || -z ${place[$other]:-} ]]; then
        breach "$1" "\"$3\"" "write it as \"room/file.h\""
    elif [[ $2 == http && $other != http && $other != base ]]; then
        breach "$1" "\"$3\"" "http/ knows base/ only"
    elif ((place[$other] > place[$2])); then
        breach "$1" "\"$3\"" "$other/ stands below $2/"
    fi
}

include='^[[:space:]]*#[[:space:]]*include[[:space:]]*([<"])([^>"]+)[>"]'
while IFS=: read -r file line text; do
    [[ $text =~ $include ]] || continue
    kind=${BASH_REMATCH[1]}
    header=${BASH_REMATCH[2]}
    room=${file#src/}
    room=${room%%/*}
    if [[ -z ${place[$room]:-} ]]; then
        breach "$file:$line" "$room/" "this room is not in the list"
    elif [[ $kind == '<' ]]; then
        check_system_header "$file:$line" "$room" "$header"
    else
        check_own_header "$file:$line" "$room" "$header"
    fi
done < <(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' src | sort -t: -k1,1 -k2,2n)

if ((breaches > 0)); then
    echo "check_rooms: $breaches breaches" >&2
    exit 1
fi
