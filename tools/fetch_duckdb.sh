#!/bin/sh
# Put DuckDB's library and header under third_party/duckdb/node_modules, at the versions (and with
# the hashes) that package-lock.json pins. Does nothing when they are there already.
set -eu
cd "$(dirname "$0")/../third_party/duckdb"
stamp=node_modules/.rectrain-stamp
want=$(cksum package-lock.json)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    exit 0
fi
echo "fetching DuckDB (npm, pinned in third_party/duckdb)" >&2
# The header's package depends on build tools that --ignore-scripts never calls.
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
echo "$want" >"$stamp"
