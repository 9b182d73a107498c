#include "api/ask.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "base/memory.h"
#include "base/text.h"

static const int32_t nothing[1]; /* an empty list of allowed items still allows nothing */

enum err ask_open(struct app *app, struct request *request, struct ask *ret_ask, struct error *err)
{
    return ask_open_ref(app, request, request_param(request, "ref"), ret_ask, err);
}

enum err ask_open_ref(struct app *app, struct request *request, const char *ref,
                      struct ask *ret_ask, struct error *err)
{
    enum err rc;
    struct ask ask = {.query = {.user = -1, .k = ASK_K_DEFAULT}};
    TRY(served_find(app, request_identity(request)->user_id, ref, &ask.served, err));
    ask.record = predictor_record(ask.served.predictor);
    *ret_ask = ask;
done:
    return rc;
}

void ask_release(struct ask *ask)
{
    item_list_release(&ask->given);
    item_list_release(&ask->allow);
    item_list_release(&ask->deny);
    served_release(&ask->served);
}

/* Lists are read: sort them, and let the query have them. */
static void finish(struct ask *ask, bool has_allow)
{
    item_list_finish(&ask->given);
    item_list_finish(&ask->allow);
    item_list_finish(&ask->deny);
    if (ask->given.count > 0) {
        ask->history = (struct history){ask->given.items, ask->given.counts, ask->given.count};
        ask->query.history = &ask->history;
    }
    if (has_allow) {
        ask->query.allow = ask->allow.count > 0 ? ask->allow.items : nothing;
        ask->query.allow_count = ask->allow.count;
    }
    ask->query.deny = ask->deny.items;
    ask->query.deny_count = ask->deny.count;
}

/* ---- from the query ---- */

static bool is_listed(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static enum err add_ids(struct ask *ask, struct request *request, const char *text,
                        struct item_list *list, struct error *err)
{
    enum err rc = ERR_OK;
    char *rest = arena_text(request_arena(request), text, strlen(text), err);
    if (rest == NULL)
        return ERR_NOMEM;
    for (char *id; (id = strsep(&rest, ",")) != NULL;)
        if (id[0] != '\0')
            TRY(item_list_add(list, ask->record, id, 1, err));
done:
    return rc;
}

static enum err read_flag(struct request *request, const char *name, bool *value, struct error *err)
{
    const char *text;
    const enum err rc = query_text(request, name, &text, err);
    if (rc != ERR_OK || text == NULL)
        return rc;
    const bool is_on = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!is_on && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return FAIL_REASON(err, ERR_INVALID, "parameter_range", "%s must be true or false", name);
    *value = is_on;
    return ERR_OK;
}

enum err ask_read_query(struct ask *ask, struct request *request, const char *const *known,
                        struct error *err)
{
    enum err rc;
    int64_t k;
    bool exclude_seen = true;
    const char *allow = NULL, *deny = NULL;
    TRY(query_check(request, known, err));
    TRY(query_int(request, "k", ASK_K_DEFAULT, 1, ASK_K_MAX, &k, err));
    TRY(read_flag(request, "exclude_seen", &exclude_seen, err));
    if (is_listed(known, "allow"))
        TRY(query_text(request, "allow", &allow, err));
    if (is_listed(known, "deny"))
        TRY(query_text(request, "deny", &deny, err));
    if (allow != NULL)
        TRY(add_ids(ask, request, allow, &ask->allow, err));
    if (deny != NULL)
        TRY(add_ids(ask, request, deny, &ask->deny, err));
    ask->query.k = (int32_t)k;
    ask->query.with_seen = !exclude_seen;
    finish(ask, allow != NULL);
done:
    return rc;
}

enum err ask_text(struct request *request, const char *name, const char **ret_text,
                  struct error *err)
{
    const enum err rc = query_text(request, name, ret_text, err);
    if (rc == ERR_OK && (*ret_text == NULL || (*ret_text)[0] == '\0'))
        return FAIL_REASON(err, ERR_INVALID, "parameter_missing", "the parameter %s is needed",
                           name);
    return rc;
}

enum err ask_item(const struct ask *ask, const char *id, int32_t *ret_item, struct error *err)
{
    const int32_t item = idmap_find_text(ask->record->items, id);
    if (item < 0)
        return FAIL_REASON(err, ERR_NOT_FOUND, "item_unknown",
                           "item %.100s is not among the model's %d items", id,
                           ask->record->items->count);
    *ret_item = item;
    return ERR_OK;
}

enum err ask_list_memory(const struct ask *ask, struct request *request,
                         struct recommendation **ret_list, struct error *err)
{
    const int32_t items = ask->record->model->items;
    const size_t most = (size_t)(ask->query.k < items ? ask->query.k : items);
    *ret_list = arena_alloc(request_arena(request), most * sizeof(**ret_list), err);
    return *ret_list != NULL ? ERR_OK : ERR_NOMEM;
}

/* ---- from an object ---- */

void ask_complain(struct job_field_errors *errors, const char *name, const char *code,
                  const char *format, ...)
{
    char message[sizeof(errors->errors[0].message)];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    job_field_complain(errors, name, code, message);
}

enum err ask_object(struct request *request, const char *const *known, json_t **ret_object,
                    struct job_field_errors *errors, struct error *err)
{
    enum err rc;
    json_t *object, *value;
    const char *key;
    TRY(request_json(request, &object, err));
    if (!json_is_object(object))
        return FAIL_REASON(err, ERR_INVALID, "json_malformed", "the body must be an object");
    json_object_foreach(object, key, value)
    {
        if (!is_listed(known, key))
            ask_complain(errors, key, "unknown", "there is no field %.64s", key);
    }
    *ret_object = object;
done:
    return rc;
}

const char *ask_id_of(const json_t *value, char buffer[ASK_ID_SIZE])
{
    if (json_is_string(value))
        return json_string_value(value);
    if (!json_is_integer(value))
        return NULL;
    snprintf(buffer, ASK_ID_SIZE, "%" PRId64, (int64_t)json_integer_value(value));
    return buffer;
}

/* An id, or an object of id and count. */
static enum err add_one(struct ask *ask, const json_t *value, bool with_counts,
                        struct item_list *list, bool *ret_ok, struct error *err)
{
    char buffer[ASK_ID_SIZE];
    double count = 1;
    const json_t *id = value, *given;
    *ret_ok = true;
    if (with_counts && json_is_object(value)) {
        id = json_object_get(value, "item");
        given = json_object_get(value, "count");
        *ret_ok = json_object_size(value) == (given != NULL ? 2 : 1) &&
                  (given == NULL || json_is_number(given));
        if (given != NULL)
            count = json_number_value(given);
    }
    const char *text = ask_id_of(id, buffer);
    *ret_ok = *ret_ok && text != NULL && count > 0 && count <= 1e9;
    return *ret_ok ? item_list_add(list, ask->record, text, count, err) : ERR_OK;
}

static enum err read_list(struct ask *ask, const json_t *object, const char *name,
                          struct item_list *list, struct job_field_errors *errors,
                          struct error *err)
{
    enum err rc = ERR_OK;
    size_t i;
    json_t *value;
    const json_t *array = json_object_get(object, name);
    const bool with_counts = list == &ask->given;
    if (array == NULL || json_is_null(array))
        return ERR_OK;
    if (!json_is_array(array)) {
        ask_complain(errors, name, "type", "%s must be a list of ids", name);
        return ERR_OK;
    }
    json_array_foreach(array, i, value)
    {
        bool ok;
        TRY(add_one(ask, value, with_counts, list, &ok, err));
        if (!ok) {
            ask_complain(errors, name, "type", "%s: number %zu is %s", name, i + 1,
                         with_counts ? "neither an id nor {\"item\": id, \"count\": above 0}"
                                     : "no id");
            break;
        }
    }
done:
    return rc;
}

enum err ask_read_object(struct ask *ask, const json_t *object, struct job_field_errors *errors,
                         struct error *err)
{
    enum err rc;
    const json_t *k = json_object_get(object, "k"), *allow = json_object_get(object, "allow");
    const json_t *exclude_seen = json_object_get(object, "exclude_seen");
    if (k != NULL && !json_is_null(k) &&
        (!json_is_integer(k) || json_integer_value(k) < 1 || json_integer_value(k) > ASK_K_MAX))
        ask_complain(errors, "k", "range", "k must be a whole number from 1 to %d", (int)ASK_K_MAX);
    else if (json_is_integer(k))
        ask->query.k = (int32_t)json_integer_value(k);
    if (exclude_seen != NULL && !json_is_null(exclude_seen) && !json_is_boolean(exclude_seen))
        ask_complain(errors, "exclude_seen", "type", "exclude_seen must be true or false");
    ask->query.with_seen = json_is_false(exclude_seen);
    TRY(read_list(ask, object, "items", &ask->given, errors, err));
    TRY(read_list(ask, object, "allow", &ask->allow, errors, err));
    TRY(read_list(ask, object, "deny", &ask->deny, errors, err));
    finish(ask, json_is_array(allow));
done:
    return rc;
}

/* ---- answers ---- */

static void write_index(struct json_out *out, const struct idmap *ids, int32_t index)
{
    char text[ASK_ID_SIZE];
    if (ids->kind == ID_INT64) {
        json_out_int(out, ids->ints[index]);
    } else if (ids->kind == ID_STRING) {
        const struct str id = idmap_string(ids, index);
        json_out_str(out, id.ptr, id.len);
    } else { /* above what a JSON integer holds in most readers */
        json_out_text(out, idmap_text(ids, index, text, sizeof(text)));
    }
}

void ask_write_id(struct json_out *out, const struct idmap *ids, int32_t index, const char *given)
{
    int64_t number;
    if (index >= 0)
        write_index(out, ids, index);
    else if (ids->kind == ID_INT64 && text_int(given, &number))
        json_out_int(out, number);
    else
        json_out_text(out, given);
}

void ask_write_list(struct json_out *out, const struct model_record *record,
                    const struct recommendation *list, int32_t count)
{
    json_out_open(out, '[');
    for (int32_t i = 0; i < count; i++) {
        json_out_open(out, '{');
        json_out_key(out, "item");
        write_index(out, record->items, list[i].item);
        json_member_float(out, "score", list[i].score);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}
