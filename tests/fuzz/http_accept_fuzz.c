/* Any text as the value of Accept, Cookie and If-None-Match, past the checks of a head. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[16 * 1024];
    struct str cookie;
    const size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, bytes, len);
    text[len] = '\0';
    const double quality = accept_quality(text, "a");
    if (quality != -1 && !(quality >= 0 && quality <= 1))
        __builtin_trap();
    (void)accept_wants_html(text);
    (void)accept_allows_coding(text, "gzip");
    (void)etag_is_listed(text, "\"v\"");
    if (cookie_find(text, "s", &cookie) &&
        (cookie.ptr < text || cookie.ptr + cookie.len > text + strlen(text) ||
         memchr(cookie.ptr, ';', cookie.len) != NULL))
        __builtin_trap();
    return 0;
}
