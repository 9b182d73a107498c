#ifndef HTTP_FORM_H
#define HTTP_FORM_H

/*
 * Names and values as a browser sends them: application/x-www-form-urlencoded, in the query or in
 * the body. The parser is strict, since a form that can be read in two ways is an attack or a bug:
 * a bad escape, bytes that are not UTF-8, a control character, an empty name, a name that comes
 * twice, or too many fields refuse the whole form.
 */
#include <stdint.h>

#include "base/error.h"
#include "http/arena.h"

enum { FORM_FIELDS_MAX = 100 };

struct form_field {
    const char *name;
    const char *value; /* "" where there is no = */
};

struct form {
    const struct form_field *fields; /* in the order sent */
    int32_t count;
};

/* Parse `len` bytes; names and values are copied to the arena. Empty input is an empty form.
 * ERR_INVALID (reason "form_malformed") says what is wrong and at which byte; ERR_NOMEM. */
MUST_CHECK enum err form_parse(struct arena *arena, const char *bytes, size_t len,
                               struct form *ret_form, struct error *err);

/* The value of a field, or NULL when the form has none of that name. */
const char *form_get(const struct form *form, const char *name);

#endif
