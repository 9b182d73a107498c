/* Any bytes as the spec of a child: refused, or a spec that is written as it is read again. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "worker/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool started;
    struct error err;
    struct child_spec spec, again;
    struct strbuf text;
    if (!started)
        json_init();
    started = true;
    const enum err rc = child_spec_parse((const char *)bytes, size, &spec, &err);
    if (rc != ERR_OK && rc != ERR_CORRUPT && rc != ERR_INVALID)
        __builtin_trap();
    if (rc != ERR_OK)
        return 0;
    strbuf_init(&text, CHILD_SPEC_MAX);
    if (child_spec_write(&spec, &text, &err) != ERR_OK ||
        child_spec_parse(text.ptr, text.len, &again, &err) != ERR_OK)
        __builtin_trap();
    if (again.task != spec.task || again.job_id != spec.job_id ||
        strcmp(again.request.data_path, spec.request.data_path) != 0 ||
        again.request.kind != spec.request.kind)
        __builtin_trap();
    child_spec_release(&again);
    child_spec_release(&spec);
    strbuf_release(&text);
    return 0;
}
