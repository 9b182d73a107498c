#include "jobs/prediction.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define USERS "all|evaluation|list"

static const struct param_info infos[] = {
    {"k", PARAM_INT, "40", 1, PREDICTION_K_MAX, false, NULL, "items that each user gets at most"},
    {"users", PARAM_CHOICE, "all", 0, 0, false, USERS,
     "whom the lists are for: all users of the model, those it was judged on, or a list"},
    {"format", PARAM_CHOICE, "parquet", 0, 0, false, "parquet|csv", "kind of the file"},
    {"exclude_seen", PARAM_CHOICE, "true", 0, 0, false, "true|false",
     "leave out the items that the user has touched"},
    {"users_column", PARAM_TEXT, "cookie", 0, 0, false, NULL,
     "column of the users' file that holds their ids"},
};
const struct param_table prediction_param_table = {infos, sizeof(infos) / sizeof(infos[0])};

static const char *const users_names[] = {
    [PREDICTION_ALL] = "all",
    [PREDICTION_EVALUATION] = "evaluation",
    [PREDICTION_LIST] = "list",
};

const char *prediction_users_name(enum prediction_users users)
{
    return users_names[users];
}

void prediction_request_release(struct prediction_request *request)
{
    mem_free(request->user_ids);
    request->user_ids = NULL;
}

enum prediction_users prediction_users_of(const struct prediction_request *request)
{
    return (enum prediction_users)param_int(&request->params, "users"); /* the choice's place */
}

bool prediction_excludes_seen(const struct prediction_request *request)
{
    return strcmp(param_text(&request->params, "exclude_seen"), "true") == 0;
}

/* ---- fields ---- */

static void complain(struct job_field_errors *errors, const char *name, const char *code,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
static void complain(struct job_field_errors *errors, const char *name, const char *code,
                     const char *format, ...)
{
    char message[256];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    job_field_complain(errors, name, code, message);
}

static bool is_given(const json_t *value)
{
    return value != NULL && !json_is_null(value) &&
           !(json_is_string(value) && json_string_length(value) == 0) &&
           !(json_is_array(value) && json_array_size(value) == 0);
}

/* A number, a text or a flag as a form would have sent it; NULL: it is none of these. */
static const char *text_of(const json_t *value, char out[40])
{
    if (json_is_string(value))
        return strlen(json_string_value(value)) == json_string_length(value)
                   ? json_string_value(value)
                   : NULL;
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (!json_is_number(value))
        return NULL;
    if (json_is_integer(value))
        snprintf(out, 40, "%lld", (long long)json_integer_value(value));
    else
        snprintf(out, 40, "%.17g", json_real_value(value));
    return out;
}

static void take_text(const char *name, const char *text, char *out, size_t out_size,
                      struct job_field_errors *errors)
{
    if (strlen(text) >= out_size) {
        complain(errors, name, "too_long", "%s is longer than %zu bytes", name, out_size - 1);
        return;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7F) {
            complain(errors, name, "type", "%s holds a control character", name);
            return;
        }
    }
    memcpy(out, text, strlen(text) + 1);
}

/* A checkbox of a form says "on" or "1". */
static const char *flag_text(const char *text)
{
    const bool yes = strcmp(text, "on") == 0 || strcmp(text, "1") == 0;
    return yes ? "true" : strcmp(text, "0") == 0 || strcmp(text, "off") == 0 ? "false" : text;
}

static void take_field(const char *name, const json_t *value, struct prediction_request *request,
                       struct job_field_errors *errors)
{
    char number[40];
    struct error err;
    const char *text = text_of(value, number);
    if (text == NULL)
        complain(errors, name, "type", "%.60s must be a number or a text", name);
    else if (strcmp(name, "model") == 0)
        take_text(name, text, request->model, sizeof(request->model), errors);
    else if (strcmp(name, "name") == 0)
        take_text(name, text, request->name, sizeof(request->name), errors);
    else if (strcmp(name, "users_path") == 0)
        take_text(name, text, request->users_path, sizeof(request->users_path), errors);
    else if (params_find(&prediction_param_table, name) == NULL)
        complain(errors, name, "unknown", "there is no parameter %.60s", name);
    else if (params_set(&request->params, name,
                        strcmp(name, "exclude_seen") == 0 ? flag_text(text) : text, &err) != ERR_OK)
        complain(errors, name, "range", "%.250s", err.message);
}

/* ---- users that were pasted ---- */

static enum err add_id(struct strbuf *ids, const json_t *value, struct job_field_errors *errors,
                       struct error *err)
{
    char number[40];
    const char *text = json_is_boolean(value) ? NULL : text_of(value, number);
    if (text == NULL || text[0] == '\0') {
        if (errors->count == 0)
            complain(errors, "user_ids", "type", "user_ids holds something that is no id");
        return ERR_OK;
    }
    if (strpbrk(text, "\r\n,;\t\"") != NULL) {
        if (errors->count == 0)
            complain(errors, "user_ids", "type",
                     "user_ids holds an id with a comma, a quote, a tab or a line's end: give such "
                     "ids in a file");
        return ERR_OK;
    }
    return strbuf_addf(ids, err, "%s\n", text);
}

static enum err take_ids(const json_t *value, struct prediction_request *request,
                         struct job_field_errors *errors, struct error *err)
{
    enum err rc = ERR_OK;
    struct strbuf ids;
    struct job_field_errors *wrong = NULL;
    strbuf_init(&ids, PREDICTION_IDS_MAX);
    TRY_PTR(wrong = mem_array(1, sizeof(*wrong), err));
    if (json_is_array(value)) {
        for (size_t i = 0; rc == ERR_OK && i < json_array_size(value); i++)
            rc = add_id(&ids, json_array_get(value, i), wrong, err);
    } else if (json_is_integer(value)) {
        rc = add_id(&ids, value, wrong, err);
    } else if (json_is_string(value) &&
               strlen(json_string_value(value)) == json_string_length(value)) {
        rc = strbuf_addf(&ids, err, "%s", json_string_value(value));
    } else {
        complain(wrong, "user_ids", "type", "user_ids must be a text or an array of ids");
    }
    if (rc == ERR_INVALID) { /* the buffer's cap */
        complain(wrong, "user_ids", "too_long", "user_ids is longer than %d bytes",
                 PREDICTION_IDS_MAX);
        rc = ERR_OK;
    }
    TRY(rc);
    if (wrong->count > 0)
        complain(errors, "user_ids", wrong->errors[0].code, "%s", wrong->errors[0].message);
    else
        TRY_PTR(request->user_ids = mem_dup_string(ids.ptr, err));
done:
    mem_free(wrong);
    strbuf_release(&ids);
    return rc;
}

/* ---- the whole ---- */

static void check_list(struct prediction_request *request, bool has_users,
                       struct job_field_errors *errors)
{
    struct error err;
    const bool has_ids = request->user_ids != NULL, has_path = request->users_path[0] != '\0';
    if (!has_users && (has_ids || has_path) &&
        params_set(&request->params, "users", users_names[PREDICTION_LIST], &err) != ERR_OK)
        complain(errors, "users", "range", "%.250s", err.message);
    const bool is_list = prediction_users_of(request) == PREDICTION_LIST;
    if (is_list && !has_ids && !has_path)
        complain(errors, "user_ids", "required",
                 "there is no list of users: paste their ids into user_ids, or name a file in "
                 "users_path");
    if (is_list && has_ids && has_path)
        complain(errors, "users_path", "twice",
                 "user_ids and users_path both name users: give one of them");
    if (!is_list && (has_ids || has_path))
        complain(errors, has_ids ? "user_ids" : "users_path", "range",
                 "a list of users is given, but users is %s: make it list",
                 users_names[prediction_users_of(request)]);
}

static enum err take_all(const json_t *object, struct prediction_request *request,
                         struct job_field_errors *errors, struct error *err)
{
    enum err rc = ERR_OK;
    const char *name;
    json_t *value;
    params_init(&request->params, &prediction_param_table);
    json_object_foreach((json_t *)object, name, value)
    {
        if (!is_given(value))
            continue;
        if (strcmp(name, "user_ids") == 0)
            TRY(take_ids(value, request, errors, err));
        else
            take_field(name, value, request, errors);
    }
done:
    return rc;
}

enum err prediction_request_check(const json_t *object, struct prediction_request *ret_request,
                                  struct job_field_errors *ret_errors, struct error *err)
{
    enum err rc;
    struct prediction_request *request = NULL;
    ret_errors->count = 0;
    TRY_PTR(request = mem_array(1, sizeof(*request), err));
    if (!json_is_object(object))
        job_field_complain(ret_errors, "", "type", "the body must be a JSON object");
    TRY(take_all(object, request, ret_errors, err));
    if (!is_given(json_object_get(object, "model")))
        job_field_complain(ret_errors, "model", "required",
                           "model is missing: the model's number, name:version or name@alias");
    if (json_object_get(object, "user_ids") == NULL || request->user_ids != NULL ||
        !is_given(json_object_get(object, "user_ids")))
        check_list(request, is_given(json_object_get(object, "users")), ret_errors);
    if (ret_errors->count > 0) {
        rc = FAIL_REASON(err, ERR_INVALID, "fields", "%s", ret_errors->errors[0].message);
        goto done;
    }
    *ret_request = *request;
    request->user_ids = NULL;
done:
    if (request != NULL)
        prediction_request_release(request);
    mem_free(request);
    return rc;
}

/* ---- as the record keeps it ---- */

enum err prediction_request_text(const struct prediction_request *request, char **ret_text,
                                 struct error *err)
{
    enum err rc;
    json_t *object = json_object();
    const bool has_path = request->users_path[0] != '\0';
    TRY(json_set(object, "model", json_text(request->model), err));
    TRY(params_to_json(&request->params, object, err));
    TRY(json_set(object, "exclude_seen", json_boolean(prediction_excludes_seen(request)), err));
    TRY(json_set(object, "users_path", has_path ? json_text(request->users_path) : json_null(),
                 err));
    TRY(json_write_text(object, JOB_JSON_MAX, ret_text, err));
done:
    json_decref(object);
    return rc;
}

enum err prediction_request_parse(const char *text, struct prediction_request *ret_request,
                                  struct error *err)
{
    enum err rc;
    struct prediction_request *request = NULL;
    struct job_field_errors *wrong = NULL;
    json_t *object = NULL;
    rc = json_read(text, strlen(text), JSON_REJECT_DUPLICATES, &object, err);
    if (rc == ERR_NOMEM)
        goto done;
    TRY_PTR(request = mem_array(1, sizeof(*request), err));
    TRY_PTR(wrong = mem_array(1, sizeof(*wrong), err));
    TRY(take_all(object, request, wrong, err));
    if (!json_is_object(object) || wrong->count > 0 || request->user_ids != NULL) {
        prediction_request_release(request);
        rc = FAIL(err, ERR_CORRUPT, "the prediction's parameters cannot be read");
        goto done;
    }
    *ret_request = *request;
done:
    mem_free(wrong);
    mem_free(request);
    json_decref(object);
    return rc;
}
