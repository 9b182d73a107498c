#!/bin/bash
# tools/check_rooms.sh: each kind of breach is found, on small trees made for it.
set -u
. "$(dirname "$0")/tap.sh"
tool=$(cd "$(dirname "$0")/../.." && pwd)/tools/check_rooms.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

source_with() { # room, include lines
    rm -rf "$tree/src"
    mkdir -p "$tree/src/$1"
    printf '%b' "$2" >"$tree/src/$1/sample.c"
}

source_with linalg '#include "base/error.h"\n#include "linalg/csr.h"\n#include <stdint.h>\n'
check "a room may include itself, a room above and the C library" "$tool" "$tree"
source_with base '#include "linalg/csr.h"\n'
refuse "a room below is refused" "$tool" "$tree"
check "and the line is shown" grep -q 'src/base/sample.c:1:.*linalg/csr.h' <<<"$tap_output"
source_with http '#include "jobs/job.h"\n'
refuse "http knows base alone" "$tool" "$tree"
source_with model '#include <duckdb.h>\n'
refuse "a third-party header in a foreign room is refused" "$tool" "$tree"
source_with data '#include <duckdb.h>\n'
check "a third-party header in its room is let in" "$tool" "$tree"
source_with data '#include <archive.h>\n'
refuse "a third-party header that no room has is refused" "$tool" "$tree"
source_with eval '#include "metrics.h"\n'
refuse "an own header is included by its room" "$tool" "$tree"
source_with cellar '#include <stdint.h>\n'
refuse "an unknown room is refused" "$tool" "$tree"
check "this tree keeps its order" "$tool"
finish
