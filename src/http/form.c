#include "http/form.h"

#include <stdbool.h>
#include <string.h>

#include "http/percent.h"

/* A text area may hold tabs and line ends; no other control character has a use in a form. */
static bool has_control(const char *text, bool lines_allowed)
{
    for (; *text != '\0'; text++) {
        const bool is_line = *text == '\t' || *text == '\n' || *text == '\r';
        if (((unsigned char)*text < 0x20 || *text == 0x7F) && !(is_line && lines_allowed))
            return true;
    }
    return false;
}

static enum err decode(struct arena *arena, const char *bytes, size_t len, size_t place,
                       const char **ret_text, struct error *err)
{
    size_t decoded;
    char *text = arena_alloc(arena, len + 1, err);
    if (text == NULL)
        return ERR_NOMEM;
    if (!percent_decode(bytes, len, true, text, &decoded))
        return FAIL_REASON(err, ERR_INVALID, "form_malformed",
                           "the form has a bad escape or is not UTF-8, at byte %zu", place);
    *ret_text = text;
    return ERR_OK;
}

/* One name=value of `len` bytes, `place` bytes into the form. */
static enum err parse_pair(struct arena *arena, const char *pair, size_t len, size_t place,
                           struct form_field *field, struct error *err)
{
    enum err rc;
    const char *equals = memchr(pair, '=', len);
    const size_t name_len = equals != NULL ? (size_t)(equals - pair) : len;
    TRY(decode(arena, pair, name_len, place, &field->name, err));
    if (equals != NULL)
        TRY(decode(arena, equals + 1, len - name_len - 1, place + name_len + 1, &field->value,
                   err));
    else
        field->value = "";
    if (field->name[0] == '\0' || has_control(field->name, false))
        rc = FAIL_REASON(err, ERR_INVALID, "form_malformed",
                         "a field of the form has no proper name, at byte %zu", place);
    else if (has_control(field->value, true))
        rc = FAIL_REASON(err, ERR_INVALID, "form_malformed",
                         "a field of the form holds a control character, at byte %zu", place);
done:
    return rc;
}

enum err form_parse(struct arena *arena, const char *bytes, size_t len, struct form *ret_form,
                    struct error *err)
{
    enum err rc = ERR_OK;
    struct form form = {NULL, 0};
    struct form_field *fields;
    size_t pairs = 1;
    for (size_t i = 0; i < len; i++)
        pairs += bytes[i] == '&';
    if (pairs > FORM_FIELDS_MAX)
        return FAIL_REASON(err, ERR_INVALID, "form_malformed", "a form has at most %d fields",
                           FORM_FIELDS_MAX);
    TRY_PTR(fields = arena_alloc(arena, pairs * sizeof(*fields), err));
    form.fields = fields;
    for (size_t at = 0; at < len;) {
        const char *amp = memchr(bytes + at, '&', len - at);
        const size_t pair_len = amp != NULL ? (size_t)(amp - bytes) - at : len - at;
        if (pair_len > 0) {
            struct form_field field = {NULL, NULL};
            TRY(parse_pair(arena, bytes + at, pair_len, at, &field, err));
            if (form_get(&form, field.name) != NULL) {
                rc = FAIL_REASON(err, ERR_INVALID, "form_malformed",
                                 "a field of the form comes twice, at byte %zu", at);
                goto done;
            }
            fields[form.count++] = field;
        }
        at += pair_len + 1;
    }
    *ret_form = form;
done:
    return rc;
}

const char *form_get(const struct form *form, const char *name)
{
    for (int32_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}
