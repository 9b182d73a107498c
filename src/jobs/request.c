#include "jobs/request.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/job.h"
#include "train/run.h"

static_assert(sizeof(((struct job_request *)0)->data_path) == JOB_PATH_MAX + 1, "the same limit");
static_assert(sizeof(((struct job_request *)0)->name) == JOB_NAME_MAX + 1, "the same limit");

static void __attribute__((format(printf, 4, 5)))
complain(struct job_field_errors *errors, const char *name, const char *code, const char *format,
         ...)
{
    if (errors->count == JOB_FIELDS_MAX)
        return;
    struct job_field_error *at = &errors->errors[errors->count++];
    snprintf(at->name, sizeof(at->name), "%s", name);
    at->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(at->message, sizeof(at->message), format, args);
    va_end(args);
}

void job_field_complain(struct job_field_errors *errors, const char *name, const char *code,
                        const char *message)
{
    complain(errors, name, code, "%.255s", message);
}

void job_run_init(struct param_set *ret_run)
{
    struct error err;
    params_init(ret_run, &run_param_table);
    const enum err rc = params_set(ret_run, "eval_every", "1", &err);
    assert(rc == ERR_OK);
    (void)rc;
}

static bool is_given(const struct job_field *field)
{
    return field->text != NULL && field->text[0] != '\0';
}

/* Control characters have no place in a path or a name: they would end up in logs and headers. */
static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static void take_text(const struct job_field *field, char *out, size_t out_size,
                      struct job_field_errors *errors)
{
    if (strlen(field->text) >= out_size)
        complain(errors, field->name, "too_long", "%s is longer than %zu bytes", field->name,
                 out_size - 1);
    else if (has_control(field->text))
        complain(errors, field->name, "type", "%s holds a control character", field->name);
    else
        memcpy(out, field->text, strlen(field->text) + 1);
}

static void take_model_name(const struct job_field *field, char out[MODEL_NAME_SIZE],
                            struct job_field_errors *errors)
{
    if (model_name_is_valid(field->text))
        memcpy(out, field->text, strlen(field->text) + 1);
    else
        complain(errors, field->name, "range", "model_name must be %s", MODEL_NAME_RULE);
}

void job_name_check(const char *name, struct job_field_errors *errors)
{
    char unused[JOB_NAME_MAX + 1];
    const struct job_field field = {"name", name};
    take_text(&field, unused, sizeof(unused), errors);
}

static const char *kind_names(char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < model_kind_count() && used < out_size; i++)
        used += (size_t)snprintf(out + used, out_size - used, "%s%s", i > 0 ? ", " : "",
                                 model_kind_at(i)->name);
    return out;
}

/* A parameter that only another kind has. */
static bool is_of_another_kind(const char *name)
{
    for (int32_t i = 0; i < model_kind_count(); i++)
        if (params_find(&model_kind_at(i)->params, name) != NULL)
            return true;
    return false;
}

static void take_param(const struct job_field *field, struct job_request *request,
                       struct job_field_errors *errors)
{
    struct error err;
    struct param_set *set = NULL;
    if (request->kind != NULL && params_find(&request->kind->params, field->name) != NULL)
        set = &request->params;
    else if (params_find(&run_param_table, field->name) != NULL)
        set = &request->run;
    if (set == NULL) {
        if (!is_of_another_kind(field->name))
            complain(errors, field->name, "unknown", "there is no parameter %.60s", field->name);
        return;
    }
    if (params_set(set, field->name, field->text, &err) != ERR_OK)
        complain(errors, field->name, "range", "%.250s", err.message);
}

static void find_kind(const struct job_field *fields, int32_t count, struct job_request *request,
                      struct job_field_errors *errors)
{
    char names[128];
    for (int32_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, "model_type") != 0 || !is_given(&fields[i]))
            continue;
        request->kind = model_kind_find(fields[i].text);
        if (request->kind == NULL)
            complain(errors, "model_type", "unknown",
                     "model_type is %.60s, but it must be one of %s", fields[i].text,
                     kind_names(names, sizeof(names)));
        else
            params_init(&request->params, &request->kind->params);
        return;
    }
    complain(errors, "model_type", "required", "model_type is missing: one of %s",
             kind_names(names, sizeof(names)));
}

static bool came_before(const struct job_field *fields, int32_t index)
{
    for (int32_t i = 0; i < index; i++)
        if (strcmp(fields[i].name, fields[index].name) == 0)
            return true;
    return false;
}

enum err job_request_check(const struct job_field *fields, int32_t count,
                           struct job_request *ret_request, struct job_field_errors *ret_errors,
                           struct error *err)
{
    struct job_request request = {0};
    ret_errors->count = 0;
    if (count > JOB_FIELDS_MAX) {
        complain(ret_errors, "", "too_long", "there are %d fields, but at most %d are allowed",
                 count, JOB_FIELDS_MAX);
        return FAIL_REASON(err, ERR_INVALID, "fields", "%s", ret_errors->errors[0].message);
    }
    job_run_init(&request.run);
    find_kind(fields, count, &request, ret_errors);
    for (int32_t i = 0; i < count; i++) {
        const struct job_field *field = &fields[i];
        if (came_before(fields, i))
            complain(ret_errors, field->name, "twice", "%.60s is given twice", field->name);
        else if (!is_given(field) || strcmp(field->name, "model_type") == 0)
            continue;
        else if (strcmp(field->name, "data_path") == 0)
            take_text(field, request.data_path, sizeof(request.data_path), ret_errors);
        else if (strcmp(field->name, "name") == 0)
            take_text(field, request.name, sizeof(request.name), ret_errors);
        else if (strcmp(field->name, "model_name") == 0)
            take_model_name(field, request.model_name, ret_errors);
        else
            take_param(field, &request, ret_errors);
    }
    bool has_path = false;
    for (int32_t i = 0; i < count; i++)
        has_path |= strcmp(fields[i].name, "data_path") == 0 && is_given(&fields[i]);
    if (!has_path)
        complain(ret_errors, "data_path", "required",
                 "data_path is missing: the directory with the clickstream and the events");
    if (ret_errors->count > 0)
        return FAIL_REASON(err, ERR_INVALID, "fields", "%s", ret_errors->errors[0].message);
    *ret_request = request;
    return ERR_OK;
}

/* JSON values as the text that a form would have sent. */
struct flat {
    struct job_field fields[JOB_FIELDS_MAX];
    char numbers[JOB_FIELDS_MAX][40];
    int32_t count;
};

static void add_value(struct flat *flat, const char *name, const json_t *value,
                      struct job_field_errors *wrong)
{
    if (flat->count == JOB_FIELDS_MAX) {
        complain(wrong, name, "too_long", "there are more than %d fields", JOB_FIELDS_MAX);
        return;
    }
    char *number = flat->numbers[flat->count];
    const size_t size = sizeof(flat->numbers[0]);
    struct job_field *field = &flat->fields[flat->count];
    *field = (struct job_field){.name = name, .text = number};
    if (json_is_string(value)) {
        field->text = json_string_value(value);
        if (strlen(field->text) != json_string_length(value)) {
            complain(wrong, name, "type", "%.60s holds a null character", name);
            return;
        }
    } else if (json_is_integer(value)) {
        snprintf(number, size, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        snprintf(number, size, "%.17g", json_real_value(value));
    } else if (!json_is_null(value)) {
        complain(wrong, name, "type", "%.60s must be a number or a text", name);
        return;
    }
    flat->count++;
}

static void add_object(struct flat *flat, const json_t *object, bool is_inner,
                       struct job_field_errors *wrong)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        const bool is_group = strcmp(name, "params") == 0 || strcmp(name, "run") == 0;
        if (is_group && !is_inner && json_is_object(value))
            add_object(flat, value, true, wrong);
        else
            add_value(flat, name, value, wrong);
    }
}

enum err job_request_check_json(const json_t *object, struct job_request *ret_request,
                                struct job_field_errors *ret_errors, struct error *err)
{
    enum err rc;
    struct flat *flat = NULL;
    struct job_field_errors *found = NULL;
    TRY_PTR(flat = mem_array(1, sizeof(*flat), err));
    TRY_PTR(found = mem_array(1, sizeof(*found), err));
    ret_errors->count = 0;
    if (!json_is_object(object))
        complain(ret_errors, "", "type", "the body must be a JSON object");
    else
        add_object(flat, object, false, ret_errors);

    struct job_request request;
    rc = job_request_check(flat->fields, flat->count, &request, found, err);
    for (int32_t i = 0; i < found->count && ret_errors->count < JOB_FIELDS_MAX; i++)
        ret_errors->errors[ret_errors->count++] = found->errors[i];
    if (ret_errors->count > 0)
        rc = FAIL_REASON(err, ERR_INVALID, "fields", "%s", ret_errors->errors[0].message);
    else
        *ret_request = request;
done:
    mem_free(found);
    mem_free(flat);
    return rc;
}

/* ---- once more ---- */

/* Put the parameters of a stored object among the fields, as far as the tables still have them. */
static enum err add_stored(json_t *fields, const char *what, const char *text,
                           const struct param_table *table, struct error *err)
{
    enum err rc;
    const char *name;
    json_t *value, *stored = NULL;
    rc = json_read(text, strlen(text), JSON_REJECT_DUPLICATES, &stored, err);
    if (rc != ERR_NOMEM && !json_is_object(stored))
        rc = FAIL(err, ERR_CORRUPT, "the job's %s cannot be read", what);
    json_object_foreach(stored, name, value)
    {
        if (rc == ERR_OK && params_find(table, name) != NULL)
            rc = json_set(fields, name, json_incref(value), err);
    }
    json_decref(stored);
    return rc;
}

static enum err add_changes(json_t *fields, const json_t *changes, struct error *err)
{
    enum err rc = ERR_OK;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)changes, name, value)
    {
        const bool is_group = strcmp(name, "params") == 0 || strcmp(name, "run") == 0;
        if (is_group && json_is_object(value))
            rc = json_object_update(fields, value) == 0 ? ERR_OK
                                                        : FAIL(err, ERR_NOMEM, "out of memory");
        else
            rc = json_set(fields, name, json_incref(value), err);
        if (rc != ERR_OK)
            break;
    }
    return rc;
}

enum err job_request_of_job(const struct job *job, const json_t *changes,
                            struct job_request *ret_request, struct job_field_errors *ret_errors,
                            struct error *err)
{
    enum err rc;
    json_t *fields = json_object();
    const struct model_kind *kind = model_kind_find(job->model_type);
    ret_errors->count = 0;
    TRY(json_set(fields, "model_type", json_text(job->model_type), err));
    TRY(json_set(fields, "data_path", json_text(job->data_path), err));
    if (job->name != NULL)
        TRY(json_set(fields, "name", json_text(job->name), err));
    if (job->model_name != NULL)
        TRY(json_set(fields, "model_name", json_text(job->model_name), err));
    if (kind != NULL)
        TRY(add_stored(fields, "parameters", job->params_json, &kind->params, err));
    TRY(add_stored(fields, "run", job->run_json, &run_param_table, err));
    TRY(add_changes(fields, changes, err));
    rc = job_request_check_json(fields, ret_request, ret_errors, err);
done:
    json_decref(fields);
    return rc;
}

static enum err set_text(const struct param_set *set, char **ret_text, struct error *err)
{
    enum err rc;
    json_t *object = json_object();
    TRY(params_to_json(set, object, err));
    TRY(json_write_text(object, JOB_JSON_MAX, ret_text, err));
done:
    json_decref(object);
    return rc;
}

enum err job_request_params_json(const struct job_request *request, char **ret_params,
                                 char **ret_run, struct error *err)
{
    enum err rc;
    char *params = NULL, *run = NULL;
    TRY(set_text(&request->params, &params, err));
    TRY(set_text(&request->run, &run, err));
    *ret_params = params;
    *ret_run = run;
    return ERR_OK;
done:
    mem_free(params);
    mem_free(run);
    return rc;
}
