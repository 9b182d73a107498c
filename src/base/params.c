#include "base/params.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++)
        if (*a != *b && !(*a == '_' && *b == '-'))
            return false;
    return *a == *b;
}

const struct param_info *params_find(const struct param_table *table, const char *name)
{
    for (int32_t i = 0; i < table->count; i++)
        if (same_name(table->params[i].name, name))
            return &table->params[i];
    return NULL;
}

void params_init(struct param_set *set, const struct param_table *table)
{
    assert(table->count <= PARAMS_MAX);
    *set = (struct param_set){.table = table};
    for (int32_t i = 0; i < table->count; i++) {
        struct error err;
        const struct param_info *info = &table->params[i];
        if (info->initial != NULL && params_set(set, info->name, info->initial, &err) != ERR_OK)
            assert(false && "a default is out of its own range");
    }
}

/* The index of `text` among "cg|cholesky", or -1. */
static int64_t choice_index(const char *choices, const char *text)
{
    const size_t len = strlen(text);
    int64_t index = 0;
    for (const char *at = choices;; index++) {
        const size_t width = strcspn(at, "|");
        if (width == len && memcmp(at, text, len) == 0)
            return index;
        if (at[width] == '\0')
            return -1;
        at += width + 1;
    }
}

static enum err out_of_range(const struct param_info *info, const char *text, struct error *err)
{
    return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                       "%s is %s, but it must be %s%s %g to %g", info->name, text,
                       info->type == PARAM_INT ? "a whole number" : "a number",
                       info->above_min ? " above" : " from", info->min, info->max);
}

enum err params_set(struct param_set *set, const char *name, const char *text, struct error *err)
{
    const struct param_info *info = params_find(set->table, name);
    if (info == NULL)
        return FAIL_REASON(err, ERR_INVALID, "parameter_unknown", "there is no parameter %s", name);
    struct param_value *at = &set->values[info - set->table->params];
    struct param_value value = {.is_set = true};
    const size_t len = strlen(text);
    if (len >= sizeof(value.text))
        return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                           "%s is %zu bytes long, but at most %zu are allowed", info->name, len,
                           sizeof(value.text) - 1);
    memcpy(value.text, text, len + 1);

    if (info->type == PARAM_INT) {
        if (!text_int(text, &value.integer))
            return out_of_range(info, text, err);
        value.real = (double)value.integer;
    } else if (info->type == PARAM_REAL) {
        if (!text_real(text, &value.real))
            return out_of_range(info, text, err);
    } else if (info->type == PARAM_CHOICE) {
        value.integer = choice_index(info->choices, text);
        if (value.integer < 0)
            return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                               "%s is %s, but it must be one of %s", info->name, text,
                               info->choices);
    } else if (len == 0) {
        return FAIL_REASON(err, ERR_INVALID, "parameter_range", "%s is empty", info->name);
    }
    if (info->type == PARAM_INT || info->type == PARAM_REAL)
        if (value.real < info->min || value.real > info->max ||
            (info->above_min && value.real <= info->min))
            return out_of_range(info, text, err);
    *at = value;
    return ERR_OK;
}

static const struct param_value *value_of(const struct param_set *set, const char *name)
{
    const struct param_info *info = params_find(set->table, name);
    assert(info != NULL);
    return &set->values[info - set->table->params];
}

int64_t param_int(const struct param_set *set, const char *name)
{
    return value_of(set, name)->integer;
}

double param_real(const struct param_set *set, const char *name)
{
    return value_of(set, name)->real;
}

const char *param_text(const struct param_set *set, const char *name)
{
    return value_of(set, name)->text;
}

bool param_is_set(const struct param_set *set, const char *name)
{
    return value_of(set, name)->is_set;
}

enum err params_to_json(const struct param_set *set, json_t *object, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = 0; i < set->table->count; i++) {
        const struct param_info *info = &set->table->params[i];
        const struct param_value *value = &set->values[i];
        json_t *json = !value->is_set             ? json_null()
                       : info->type == PARAM_INT  ? json_integer(value->integer)
                       : info->type == PARAM_REAL ? json_number(value->real)
                                                  : json_text(value->text);
        TRY(json_set(object, info->name, json, err));
    }
done:
    return rc;
}
