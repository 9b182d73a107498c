/* Any bytes as a JSON body: refused with a reason, or a value that can be written again. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http/exchange.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool started;
    static struct request request;
    const struct surroundings around = {.public_origin = ""};
    struct error err;
    struct arena arena;
    struct strbuf text;
    json_t *value;
    if (!started)
        json_init();
    static const struct header json_type = {"Content-Type", "application/json"};
    started = true;
    memset(&request, 0, sizeof(request));
    arena_init(&arena, 1 << 20);
    request_init(&request, &arena, &around);
    request.headers.fields = &json_type;
    request.headers.count = 1;
    strbuf_init(&request.body, 1 << 20);
    if (strbuf_add(&request.body, bytes, size, &err) != ERR_OK)
        return 0;
    const enum err code = request_json(&request, &value, &err);
    strbuf_init(&text, 1 << 24);
    if (code == ERR_OK && json_write(value, 0, &text, &err) != ERR_OK)
        __builtin_trap();
    if (code != ERR_OK && (code != ERR_INVALID || strcmp(err.reason, "json_malformed") != 0))
        __builtin_trap();
    strbuf_release(&text);
    request_release(&request);
    arena_release(&arena);
    return 0;
}
