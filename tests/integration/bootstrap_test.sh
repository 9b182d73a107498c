#!/bin/bash
# script/bootstrap where all is there already: this very tree has been built.
set -u
. "$(dirname "$0")/tap.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)

says_nothing() {
    local output
    output=$("$root/script/bootstrap" --dev 2>&1 </dev/null) || return 1
    echo "$output"
    [ -z "$output" ]
}

# With a PATH that has nothing but the basic tools, and no root, it can only say what is missing.
names_packages() {
    local bin output status=0
    bin=$(mktemp -d)
    for tool in sh id dirname cat tail cksum head; do
        ln -s "$(command -v "$tool")" "$bin/$tool"
    done
    output=$(PATH=$bin "$root/script/bootstrap" 2>&1 </dev/null) || status=$?
    rm -rf "$bin"
    echo "$output"
    [ "$status" -eq 1 ] && [[ $output == *"apt-get install -y gcc cmake ninja-build pkg-config"* ]]
}

check "it is silent when nothing is missing" says_nothing
check "without apt-get it names the packages and the command" names_packages
refuse "an unknown argument is refused" "$root/script/bootstrap" --everything
finish
