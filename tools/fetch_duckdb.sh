#!/bin/sh
# DuckDB's library and header, pinned in third_party/duckdb, or one's own in DUCKDB_ROOT: see
# fetch_pinned.sh. The header's package depends on build tools that are never called.
#
#   tools/fetch_duckdb.sh --check    only say, by the exit status, whether they are there
set -eu
exec "$(dirname "$0")/fetch_pinned.sh" duckdb DuckDB DUCKDB_ROOT "${DUCKDB_ROOT:-}" \
    duckdb.h libduckdb.so "$@"
