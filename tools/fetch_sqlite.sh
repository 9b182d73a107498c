#!/bin/sh
# SQLite's amalgamation (sqlite3.c, sqlite3.h), pinned in third_party/sqlite, or one's own in
# SQLITE_ROOT: see fetch_pinned.sh. The package's build script would compile a module for Node.js;
# only the sources are wanted.
#
#   tools/fetch_sqlite.sh --check    only say, by the exit status, whether it is there
set -eu
exec "$(dirname "$0")/fetch_pinned.sh" sqlite SQLite SQLITE_ROOT "${SQLITE_ROOT:-}" \
    sqlite3.c sqlite3.h "$@"
