#ifndef HTTP_PERCENT_H
#define HTTP_PERCENT_H

/*
 * Percent-encoding (RFC 3986, section 2.1) and the texts that it may bring: after decoding, text is
 * UTF-8 (RFC 3629) without a NUL, or it is refused. Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>

/* Decode `len` bytes into `out` (of at least len + 1 bytes), terminate it and give its length.
 * `plus_is_space` is for forms and queries. False: a bad escape, a NUL, or no UTF-8. */
bool percent_decode(const char *bytes, size_t len, bool plus_is_space, char *out, size_t *ret_len);

/* Encode all but unreserved characters; `out` of at least 3 × len + 1 bytes. */
void percent_encode(const char *bytes, size_t len, char *out);

#endif
