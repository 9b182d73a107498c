#!/bin/bash
# tools/check_banned.sh: what is banned is found, and its look-alikes are not.
set -u
. "$(dirname "$0")/tap.sh"
tool=$(cd "$(dirname "$0")/../.." && pwd)/tools/check_banned.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

line_in() { # file, text
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/$(dirname "$1")"
    printf '%s\n' "$2" >"$tree/$1"
}

for call in 'sprintf(a, b)' 'strcpy(a, b)' 'strcat(a, b)' 'strncpy(a, b, 1)' 'strtok(a, b)' \
    'atoi(a)' 'gets(a)' 'gmtime(a)' 'localtime(a)' 'strerror(a)' 'rand()' 'alloca(1)' 'system (a)'; do
    line_in src/base/a.c "    x = $call;"
    refuse "${call%%[ (]*} is refused" "$tool" "$tree"
done
line_in src/model/a.c '    p = malloc(1);'
refuse "malloc outside base is refused" "$tool" "$tree"
line_in src/base/memory.c '    p = malloc(1);'
check "malloc in base is allowed" "$tool" "$tree"
line_in src/model/a.c '    printf("%d", 1);'
refuse "printf in a room below base is refused" "$tool" "$tree"
line_in src/cli/a.c '    printf("%d", 1);'
check "printf in cli is allowed" "$tool" "$tree"
line_in src/model/a.c '    p = json_loads(a, 0, NULL);'
refuse "JSON that is read past base/json.h is refused" "$tool" "$tree"
line_in src/model/a.c '    snprintf(a, b, "%d", 1); gmtime_r(a, b); strerror_r(a, b, c); fgets(a, 1, b);'
check "look-alikes are allowed" "$tool" "$tree"
line_in src/model/a.c '/* the system (and its rand() too) */ int x; // atoi(x)'
check "comments are not code" "$tool" "$tree"
line_in src/model/a.c '    say("never call system(x)");'
check "strings are not code" "$tool" "$tree"
line_in src/model/a.c "$(yes '/* long */' | head -n 501)"
refuse "a file of more than 500 lines is refused" "$tool" "$tree"
check "this tree has none of it" "$tool"
finish
