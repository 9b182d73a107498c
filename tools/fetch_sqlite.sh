#!/bin/sh
# Put SQLite's amalgamation (sqlite3.c, sqlite3.h) under third_party/sqlite/node_modules, at the
# version (and with the hash) that package-lock.json pins. Does nothing when it is there already,
# or when SQLITE_ROOT names a directory of one's own with sqlite3.c and sqlite3.h.
#
#   tools/fetch_sqlite.sh --check    only say, by the exit status, whether it is there
set -eu
if [ -n "${SQLITE_ROOT:-}" ]; then
    if [ -f "$SQLITE_ROOT/sqlite3.c" ] && [ -f "$SQLITE_ROOT/sqlite3.h" ]; then
        exit 0
    fi
    echo "fetch_sqlite.sh: SQLITE_ROOT is $SQLITE_ROOT, which lacks sqlite3.c or sqlite3.h" >&2
    exit 1
fi
cd "$(dirname "$0")/../third_party/sqlite"
stamp=node_modules/.rectrain-stamp
want=$(cksum <package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    exit 0
fi
if [ "${1:-}" = --check ]; then
    exit 1
fi
echo "fetching SQLite (npm, pinned in third_party/sqlite)" >&2
# The package's build script would compile a module for Node.js: only the sources are wanted.
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
echo "$want" >"$stamp"
