#!/bin/sh
# What the web page is built with and of, pinned in web: see fetch_pinned.sh.
#
#   tools/fetch_web.sh --check    only say, by the exit status, whether it is there
set -eu
exec "$(dirname "$0")/fetch_pinned.sh" web "the web page's packages" none "" none none "$@"
