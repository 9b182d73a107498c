#include "jobs/model_ref.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

static bool is_digits(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

bool model_name_is_valid(const char *text)
{
    const size_t len = strlen(text);
    if (strcmp(text, "import") == 0) /* POST /api/v1/models/import has that place */
        return false;
    if (len == 0 || len > MODEL_NAME_MAX || !is_plain(text[0]) || is_digits(text))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_plain(text[i]) && strchr("._-", text[i]) == NULL)
            return false;
    return true;
}

static enum err no_ref(const char *text, struct error *err)
{
    return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model",
                       "%.100s refers to no model: say its number, name@alias, name:version, or "
                       "its name",
                       text);
}

/* A number as it is written, without sign or zeros before it. */
static bool take_number(const char *text, int64_t *ret_number)
{
    return text[0] >= '1' && text[0] <= '9' && is_digits(text) && text_int(text, ret_number);
}

enum err model_ref_parse(const char *text, struct model_ref *ret_ref, struct error *err)
{
    struct model_ref ref = {0};
    const size_t len = strcspn(text, "@:");
    const char mark = text[len];
    const char *rest = mark != '\0' ? text + len + 1 : "";
    if (mark == '\0' && take_number(text, &ref.number)) {
        ref.form = MODEL_REF_ID;
        *ret_ref = ref;
        return ERR_OK;
    }
    if (len > MODEL_NAME_MAX)
        return no_ref(text, err);
    memcpy(ref.name, text, len);
    if (!model_name_is_valid(ref.name))
        return no_ref(text, err);
    ref.form = mark == '@' ? MODEL_REF_ALIAS : mark == ':' ? MODEL_REF_VERSION : MODEL_REF_NAME;
    if (mark == '@' && !model_name_is_valid(rest))
        return no_ref(text, err);
    if (mark == '@')
        memcpy(ref.alias, rest, strlen(rest) + 1);
    if (mark == ':' && !take_number(rest, &ref.number))
        return no_ref(text, err);
    *ret_ref = ref;
    return ERR_OK;
}

const char *model_ref_of(const char *name, int64_t version, char out[MODEL_REF_SIZE])
{
    snprintf(out, MODEL_REF_SIZE, "%s:%lld", name, (long long)version);
    return out;
}
