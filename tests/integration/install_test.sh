#!/bin/bash
# The program runs from any directory, and so does an installed tree that was moved.
set -u
. "$(dirname "$0")/tap.sh"
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

from_root() {
    (cd / && env -u LD_LIBRARY_PATH "$@")
}

# Nothing in the tree may remember where it was built.
library_lies_in_tree() {
    local said line # doctor loads it; what else it finds here is not asked
    said=$(cd "$room" && LD_DEBUG=libs "$room/moved/bin/rectrain" doctor 2>&1) || true
    line=$(grep "calling init: .*libduckdb.so" <<<"$said") || return 1
    echo "$line"
    [[ $line == *"$room/moved/bin/../lib/rectrain/libduckdb.so" ]]
}

check "the built program runs from another directory" from_root "$RECTRAIN" --version
check "it installs" cmake --install "$RECTRAIN_BUILD" --prefix "$room/first"
mv "$room/first" "$room/moved"
check "the moved program runs from another directory" from_root "$room/moved/bin/rectrain" --version
check "the moved program takes DuckDB from its own tree" library_lies_in_tree
check "the license comes along" test -s "$room/moved/share/doc/rectrain/LICENSE"
finish
