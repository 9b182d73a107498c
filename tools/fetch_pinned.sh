#!/bin/sh
# What tools/fetch_duckdb.sh, fetch_sqlite.sh and their kin share: put the packages that
# third_party/NAME/package-lock.json pins, with their hashes, under third_party/NAME/node_modules
# (for NAME web: those of the page's own build, in web/).
# Does nothing when they are there already, or when ROOT, the value of the variable VARIABLE, names a
# directory of one's own with both files. No package's own install script is ever run.
#
#   tools/fetch_pinned.sh NAME TITLE VARIABLE ROOT FILE FILE [--check]
#
# --check: only say, by the exit status, whether they are there.
set -eu
name=$1 title=$2 variable=$3 root=$4 first=$5 second=$6 check=${7:-}
if [ -n "$root" ]; then
    if [ -f "$root/$first" ] && [ -f "$root/$second" ]; then
        exit 0
    fi
    echo "fetch_$name.sh: $variable is $root, which lacks $first or $second" >&2
    exit 1
fi
place=third_party/$name
if [ "$name" = web ]; then
    place=web
fi
cd "$(dirname "$0")/../$place"
stamp=node_modules/.rectrain-stamp
want=$(cksum <package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    exit 0
fi
if [ "$check" = --check ]; then
    exit 1
fi
echo "fetching $title (npm, pinned in $place)" >&2
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
echo "$want" >"$stamp"
