#!/bin/bash
# Refuse calls that have a safer way in this house (CONTRIBUTING.md), and files that grew too long.
#
#   tools/check_banned.sh [ROOT]    (default: the tree that this script is in)
set -euo pipefail
cd "${1:-$(dirname "$0")/..}"

everywhere='sprintf|vsprintf|strcpy|stpcpy|strcat|strncpy|strncat|strtok|atoi|atol|atof|gets'
everywhere+='|gmtime|localtime|ctime|asctime|strerror|rand|srand|random|alloca|system|popen'
allocation='malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|strndup|asprintf|vasprintf'
printing='printf|vprintf|puts|putchar'
parsing='json_loads|json_loadb|json_loadf|json_load_file|json_load_callback'
lines_max=500 # of a source file

# The lines of C files as FILE:LINE:TEXT, without comments, with strings and characters emptied.
code_of() {
    awk '
    FNR == 1 { in_comment = 0 }
    {
        line = $0
        out = ""
        while (length(line) > 0) {
            if (in_comment) {
                end = index(line, "*/")
                if (end == 0) { line = ""; break }
                line = substr(line, end + 2)
                in_comment = 0
            } else if (match(line, /^"([^"\\]|\\.)*"/) || match(line, /^\047([^\047\\]|\\.)*\047/)) {
                out = out "\"\""
                line = substr(line, RLENGTH + 1)
            } else if (substr(line, 1, 2) == "/*") {
                in_comment = 1
                line = substr(line, 3)
            } else if (substr(line, 1, 2) == "//") {
                line = ""
            } else if (match(line, /^[^"\047\/]+/)) {
                out = out substr(line, 1, RLENGTH)
                line = substr(line, RLENGTH + 1)
            } else {
                out = out substr(line, 1, 1)
                line = substr(line, 2)
            }
        }
        print FILENAME ":" FNR ":" out
    }' "$@"
}

found=0
refuse() { # names, reason; reads lines of code_of
    local hit
    while IFS= read -r hit; do
        echo "$hit: $2"
        found=$((found + 1))
    done < <(grep -E "^[^:]*:[0-9]+:(.*[^[:alnum:]_.>])?($1)[[:space:]]*\(")
}

directories=()
for directory in src tests bench tools; do
    [[ -d $directory ]] && directories+=("$directory")
done
# Most files hold none of the words at all, not even in a comment: they need no closer look.
mapfile -t suspects < <(grep -rlwE --include='*.[ch]' "$everywhere|$allocation|$printing|$parsing" \
    "${directories[@]}" | sort)
if ((${#suspects[@]} > 0)); then
    code=$(code_of "${suspects[@]}")
    refuse "$everywhere" "banned, see CONTRIBUTING.md" <<<"$code"
    refuse "$allocation" "memory comes from base/memory.h" < <(grep -v '^src/base/' <<<"$code")
    refuse "$printing" "only cli/ prints" \
        < <(grep -vE '^(src/base|src/cli|tests|bench|tools)/' <<<"$code")
    refuse "$parsing" "JSON is read by base/json.h, which lives without memory too" \
        < <(grep -E '^src/' <<<"$code" | grep -v '^src/base/json\.c:')
fi

while read -r lines file; do
    if ((lines > lines_max)); then
        echo "$file: $lines lines, of at most $lines_max"
        found=$((found + 1))
    fi
done < <(find "${directories[@]}" -name '*.[ch]' -exec wc -l {} \; | sort -k2)

if ((found > 0)); then
    echo "check_banned: $found found" >&2
    exit 1
fi
