/*
 * Any bytes as the head of a request, as libmicrohttpd leaves it (a newline of the input stands for
 * its two NULs and a colon for one, so that texts make good seeds), then each value as Accept,
 * cookies and entity tags.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http/accept.h"
#include "http/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_value(const char *value)
{
    struct str cookie;
    for (const char *c = value; *c != '\0'; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F)
            __builtin_trap(); /* what could start a line of its own */
    const double quality = accept_quality(value, "text/html");
    if (quality != -1 && !(quality >= 0 && quality <= 1))
        __builtin_trap();
    (void)accept_wants_html(value);
    (void)accept_allows_coding(value, "br");
    (void)etag_is_listed(value, "\"v1\"");
    if (cookie_find(value, "sid", &cookie) &&
        (cookie.ptr < value || cookie.ptr + cookie.len > value + strlen(value)))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char block[64 * 1024];
    static struct headers headers;
    struct arena arena;
    const char *why = NULL;
    size_t len = 0;
    for (size_t i = 0; i < size && len + 2 < sizeof(block); i++) {
        block[len++] = bytes[i] == '\n' || bytes[i] == ':' ? '\0' : (char)bytes[i];
        if (bytes[i] == '\n')
            block[len++] = '\0';
    }
    arena_init(&arena, 1 << 20);
    const int status = headers_parse(&headers, &arena, block, len, 64, &why);
    if (status != 0 && (status < 400 || status > 503 || why == NULL))
        __builtin_trap();
    if (status == 0 && headers.is_chunked && headers.content_length >= 0)
        __builtin_trap();
    for (int32_t i = 0; status == 0 && i < headers.count; i++) {
        if (!header_is_token(headers.fields[i].name, strlen(headers.fields[i].name)))
            __builtin_trap();
        check_value(headers.fields[i].value);
    }
    arena_release(&arena);
    return 0;
}
