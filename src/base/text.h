#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * Strings: `struct str` is a borrowed view; `struct strbuf` grows, up to a cap given at birth.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct str {
    const char *ptr; /* borrowed, not terminated */
    size_t len;
};

struct strbuf {
    char *ptr; /* always terminated once something was added; NULL before */
    size_t len, capacity, cap;
};

/* An empty buffer that refuses to grow beyond cap_bytes. Release it with strbuf_release. */
void strbuf_init(struct strbuf *buf, size_t cap_bytes);
void strbuf_release(struct strbuf *buf);
/* Room for `more` bytes, so that adding them needs no memory and moves nothing. */
MUST_CHECK enum err strbuf_reserve(struct strbuf *buf, size_t more, struct error *err);
MUST_CHECK enum err strbuf_add(struct strbuf *buf, const void *bytes, size_t len,
                               struct error *err);
MUST_CHECK enum err strbuf_addf(struct strbuf *buf, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The whole of `text` as a number: false when it is anything else, or out of range. */
bool text_int(const char *text, int64_t *ret_value);
bool text_real(const char *text, double *ret_value); /* finite */

/* "4GB", "512 MiB", "1000000": bytes, above 0. */
bool text_parse_bytes(const char *text, int64_t *ret_bytes);

/* "968 MB": bytes in the unit that reads best. `out` of at least 16 bytes. */
const char *text_bytes(int64_t bytes, char *out, size_t out_size);
/* 1234567 → "1,234,567". `out` of at least 32 bytes. */
const char *text_grouped(int64_t value, char *out, size_t out_size);
/* UTF-8 is that of RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
 * Bytes of the character that a terminated text begins with, its end counting as one byte; 0 where
 * it begins with something else. */
size_t text_utf8_length(const char *text);
/* Whether the bytes are UTF-8 throughout, and none of them is zero. */
bool text_is_utf8(const char *bytes, size_t len);
/* Each byte of a control character (C0, DEL, C1, and those that turn the direction of text) becomes
 * "?", in place: what a file says may be shown on a terminal then. */
void text_make_printable(char *text);
/* FNV-1a: 64 bits of a text, the same on every machine and in every run. For tables, not against
 * those who look for equal sums. */
uint64_t text_hash(struct str text);
uint64_t text_hash_string(const char *text);
/* 42.3 → "0:42", 11130 → "3 h 05 min", below 10 s "4.2 s". */
const char *text_seconds(double seconds, char *out, size_t out_size);

#endif
