#!/bin/sh
# What the tests in a browser need (playwright-core, axe-core), pinned in third_party/e2e: see
# fetch_pinned.sh. No browser is fetched: Debian's Chromium is driven.
#
#   tools/fetch_e2e.sh --check    only say, by the exit status, whether they are there
set -eu
exec "$(dirname "$0")/fetch_pinned.sh" e2e "Playwright and axe" E2E_ROOT "" package.json package.json "$@"
