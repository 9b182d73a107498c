#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

/*
 * JSON written straight to text, for answers that are made thousands of times a second: no tree is
 * built, and a text that is JSON already is put in as it is. Commas come by themselves.
 *
 *   json_out_init(&out, 4096, 1 << 20, err);
 *   json_out_open(&out, '{');
 *   json_member_int(&out, "job_id", 17);
 *   json_out_close(&out, '}');
 *   TRY(json_out_finish(&out, &text));
 *
 * The first failure is kept, all later calls do nothing, and json_out_finish tells it; so nothing
 * in between needs a check. What is written does not depend on the locale.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

struct json_out {
    struct strbuf text;
    enum err rc;
    struct error *err; /* the caller's */
};

/* Room for first_bytes at once, and at most cap_bytes in all. Ended by json_out_finish alone. */
void json_out_init(struct json_out *out, size_t first_bytes, size_t cap_bytes, struct error *err);

void json_out_open(struct json_out *out, char bracket);  /* '{' or '[' */
void json_out_close(struct json_out *out, char bracket); /* '}' or ']' */
void json_out_key(struct json_out *out, const char *key);
/* NULL is null; bytes that are not UTF-8 become U+FFFD. */
void json_out_text(struct json_out *out, const char *text);
/* `len` bytes of text without a zero byte. */
void json_out_str(struct json_out *out, const char *text, size_t len);
void json_out_int(struct json_out *out, int64_t value);
/* The shortest digits that read back as the same number; null where it is not finite. */
void json_out_real(struct json_out *out, double value);
/* The same of a float: what a reader gets when it rounds to float is the same one. */
void json_out_float(struct json_out *out, float value);
void json_out_bool(struct json_out *out, bool value);
void json_out_null(struct json_out *out);
/* A text that must be JSON, as it is; NULL is null. ERR_CORRUPT, naming `what`, where it is none.
 */
void json_out_raw(struct json_out *out, const char *what, const char *text);

/* Members of an object: a key and its value, as the functions above write it. */
void json_member_open(struct json_out *out, const char *key, char bracket);
void json_member_text(struct json_out *out, const char *key, const char *text);
void json_member_int(struct json_out *out, const char *key, int64_t value);
/* Null where the value is 0: an id, a place or a version that is not there. */
void json_member_nonzero(struct json_out *out, const char *key, int64_t value);
void json_member_real(struct json_out *out, const char *key, double value);
void json_member_float(struct json_out *out, const char *key, float value);
void json_member_bool(struct json_out *out, const char *key, bool value);
void json_member_null(struct json_out *out, const char *key);
void json_member_raw(struct json_out *out, const char *key, const char *text); /* what: the key */

/* The text, moved to *ret_text (whatever that held before); or the failure, with all released. */
MUST_CHECK enum err json_out_finish(struct json_out *out, struct strbuf *ret_text);

/* Whether a text is one JSON value (RFC 8259), of at most 64 levels. Allocates nothing. */
bool json_text_is_valid(const char *text);

#endif
