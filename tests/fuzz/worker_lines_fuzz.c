/* Any bytes as what a child tells on its pipe: split into lines, each refused or understood. What
 * is understood holds what the parent relies on. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "worker/protocol.h"

enum { LINE_MAX_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void look_at(const struct child_line *line)
{
    const bool has_message =
        line->event == CHILD_NOTE || line->event == CHILD_WARNING || line->event == CHILD_ERROR;
    if (has_message && strlen(line->message) > CHILD_TEXT_MAX)
        __builtin_trap();
    if (line->event == CHILD_ITERATION && line->iteration < 1)
        __builtin_trap();
    if (line->event == CHILD_PROGRESS && !(line->done >= 0 && line->total >= 0))
        __builtin_trap();
    if (line->event == CHILD_ERROR && (line->error == ERR_OK || line->code == NULL))
        __builtin_trap();
    if (line->event == CHILD_RESULT && !json_is_object(line->result))
        __builtin_trap();
    if (isinf(line->loss) || isinf(line->seconds) || isinf(line->recall))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool started;
    struct error err;
    struct line_reader reader;
    struct str text;
    struct child_line line;
    size_t at = 0;
    if (!started)
        json_init();
    started = true;
    line_reader_init(&reader, LINE_MAX_BYTES);
    while (at < size) { /* in pieces, as a pipe gives them */
        const size_t piece = size - at < 61 ? size - at : 61;
        if (line_reader_add(&reader, (const char *)bytes + at, piece, &err) != ERR_OK)
            break;
        at += piece;
        while (line_reader_next(&reader, &text)) {
            const enum err rc = child_line_parse(text.ptr, text.len, &line, &err);
            if (rc != ERR_OK && rc != ERR_CORRUPT)
                __builtin_trap();
            if (rc != ERR_OK)
                continue;
            look_at(&line);
            child_line_release(&line);
        }
    }
    line_reader_release(&reader);
    return 0;
}
