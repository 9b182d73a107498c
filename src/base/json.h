#ifndef BASE_JSON_H
#define BASE_JSON_H

/*
 * JSON values: jansson's, with its allocations counted by base/memory.h and its "could not"
 * turned into a struct error. Rooms use this header and jansson's reading functions
 * (json_object_get, json_is_…); jansson.h itself is included here only.
 *
 * The setters take over `value` (also when they fail), and accept a NULL value as the failure to
 * make one, so that calls can be chained without a check each.
 */
#include <jansson.h>

#include "base/error.h"
#include "base/text.h"

/* Once, before any other use in the process: hands jansson our allocator. */
void json_init(void);

MUST_CHECK enum err json_set(json_t *object, const char *key, json_t *value, struct error *err);
MUST_CHECK enum err json_append(json_t *array, json_t *value, struct error *err);
/* A real is null where it is not finite, since JSON has no word for it. */
json_t *json_number(double value);
/* Text that may hold anything: bytes that are not UTF-8 become U+FFFD. */
json_t *json_text(const char *text);

/* A text as a value, with jansson's flags. Errors: ERR_INVALID with the reason "json_malformed" and
 * what is wrong where; ERR_NOMEM, which jansson itself does not always tell from bad text. */
MUST_CHECK enum err json_read(const char *text, size_t size, size_t flags, json_t **ret_value,
                              struct error *err);

/* A text that the store keeps, as a value that the caller owns; NULL, which is none, gives NULL.
 * Errors: ERR_CORRUPT where it is no JSON, which names `what` was stored; ERR_NOMEM. */
MUST_CHECK enum err json_read_stored(const char *what, const char *text, json_t **ret_value,
                                     struct error *err);

/* The value as one line of at most cap_bytes, which the caller owns. */
MUST_CHECK enum err json_write_text(const json_t *value, size_t cap_bytes, char **ret_text,
                                    struct error *err);

/* Add the value as text to `out`: indent 0 is one line. Reals keep 17 digits. */
MUST_CHECK enum err json_write(const json_t *value, int indent, struct strbuf *out,
                               struct error *err);

#endif
