#!/bin/sh
# Put DuckDB's library and header under third_party/duckdb/node_modules, at the versions (and with
# the hashes) that package-lock.json pins. Does nothing when they are there already, or when
# DUCKDB_ROOT names a directory of one's own with duckdb.h and libduckdb.so.
#
#   tools/fetch_duckdb.sh --check    only say, by the exit status, whether they are there
set -eu
if [ -n "${DUCKDB_ROOT:-}" ]; then
    if [ -f "$DUCKDB_ROOT/duckdb.h" ] && [ -f "$DUCKDB_ROOT/libduckdb.so" ]; then
        exit 0
    fi
    echo "fetch_duckdb.sh: DUCKDB_ROOT is $DUCKDB_ROOT, which lacks duckdb.h or libduckdb.so" >&2
    exit 1
fi
cd "$(dirname "$0")/../third_party/duckdb"
stamp=node_modules/.rectrain-stamp
want=$(cksum <package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    exit 0
fi
if [ "${1:-}" = --check ]; then
    exit 1
fi
echo "fetching DuckDB (npm, pinned in third_party/duckdb)" >&2
# The header's package depends on build tools that --ignore-scripts never calls.
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
echo "$want" >"$stamp"
