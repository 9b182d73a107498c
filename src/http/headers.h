#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

/*
 * The header fields of a request, read strictly, so that no proxy before us can see another
 * request than we do (RFC 9112, sections 2.2, 5 and 6).
 *
 * libmicrohttpd is lenient: it joins folded lines, takes a bare LF for a line's end, cuts a value
 * at a NUL and lets a Content-Length stand beside a Transfer-Encoding. It parses in place, though,
 * so that all of a request's head is still there when the handler is called, with the ends of
 * lines and of names turned to NULs. That block is read again here:
 *
 *   HTTP/1.1 \0\0  name \0 value \0\0  name \0 value \0\0  …  \0\0
 *
 * where a bare LF or a folded line left another pattern, and the whole is refused.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/arena.h"

enum { HEADERS_MAX = 100 };

struct header {
    const char *name, *value; /* the value without spaces around it */
};

struct headers {
    const struct header *fields; /* [count], in the arena */
    int32_t count;
    int64_t content_length; /* -1: none */
    bool is_chunked;
    bool is_version_1_0;
};

/*
 * Read the block above, from the version on; what is found points into the block or the arena.
 * Returns 0 when all is well, else the status that refuses the request, with *ret_why a static
 * text: 400  malformed, or a field that may come once comes twice, or Host is missing or improper,
 * or Content-Length is not a number or comes with Transfer-Encoding 431  more than fields_max
 * fields 417  an Expect other than 100-continue 501  a Transfer-Encoding other than chunked 503  no
 * memory
 */
int headers_parse(struct headers *headers, struct arena *arena, const char *block, size_t size,
                  int32_t fields_max, const char **ret_why);

/* The value of the first field of that name, in any case; NULL when there is none. */
const char *headers_get(const struct headers *headers, const char *name);

/* Whether `text` is a token (RFC 9110, section 5.6.2), as names of fields and cookies are. */
bool header_is_token(const char *text, size_t len);

#endif
