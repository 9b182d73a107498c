#include "api/job_body.h"

#include <string.h>

#include "base/memory.h"
#include "worker/data_path.h"

enum err job_body_object(struct request *request, json_t **ret_object, struct error *err)
{
    enum err rc;
    const struct form *form;
    json_t *object = NULL, *body;
    if (request_has_json(request)) {
        TRY(request_json(request, &body, err));
        if (!json_is_object(body))
            return FAIL_REASON(err, ERR_INVALID, "json_malformed", "the body must be an object");
        *ret_object = json_incref(body);
        return ERR_OK;
    }
    TRY(request_form(request, &form, err));
    object = json_object();
    for (int32_t i = 0; i < form->count; i++)
        TRY(json_set(object, form->fields[i].name, json_string(form->fields[i].value), err));
    if (object == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a form");
    *ret_object = json_incref(object);
done:
    json_decref(object);
    return rc;
}

/* A path that is not beneath a root, or is not there, is a wrong field as any other. */
static enum err check_path(const struct config *config, const char *path,
                           struct job_field_errors *errors, struct error *err)
{
    struct error about;
    const enum err rc = data_path_check(config, path, &about);
    if (rc == ERR_OK)
        return ERR_OK;
    if (rc == ERR_NOMEM || rc == ERR_IO) {
        *err = about;
        return rc;
    }
    job_field_complain(errors, "data_path", about.reason, about.message);
    return ERR_OK;
}

static bool is_told(const struct job_field_errors *errors, const char *name)
{
    for (int32_t i = 0; i < errors->count; i++)
        if (strcmp(errors->errors[i].name, name) == 0)
            return true;
    return false;
}

/* After the check by the tables: the path too, whatever else is wrong. Of a request that could not
 * be made it is looked for in `fields`, then in `source` (NULL allowed, both). */
static enum err check_place(struct app *app, enum err outcome, const json_t *fields,
                            const struct job *source, const struct job_request *wanted,
                            struct job_field_errors *errors, struct error *err)
{
    const char *path = json_string_value(json_object_get(fields, "data_path"));
    if (outcome != ERR_OK && errors->count == 0)
        return outcome;
    if (outcome == ERR_OK)
        path = wanted->data_path;
    else if (path == NULL && source != NULL)
        path = source->data_path;
    if (path == NULL || path[0] == '\0' || is_told(errors, "data_path"))
        return ERR_OK;
    return check_path(app->config, path, errors, err);
}

enum err job_body_of_job(struct app *app, const struct job *source, const json_t *changes,
                         struct job_request *ret_wanted, struct job_field_errors *ret_errors,
                         struct error *err)
{
    const enum err rc = job_request_of_job(source, changes, ret_wanted, ret_errors, err);
    return check_place(app, rc, changes, source, ret_wanted, ret_errors, err);
}

enum err job_body_read(struct app *app, struct request *request, const struct job *source,
                       struct job_request *ret_wanted, struct job_field_errors *ret_errors,
                       struct error *err)
{
    enum err rc;
    json_t *body = NULL;
    ret_errors->count = 0;
    TRY(job_body_object(request, &body, err));
    if (source != NULL) {
        rc = job_body_of_job(app, source, body, ret_wanted, ret_errors, err);
    } else {
        rc = job_request_check_json(body, ret_wanted, ret_errors, err);
        rc = check_place(app, rc, body, NULL, ret_wanted, ret_errors, err);
    }
done:
    json_decref(body);
    return rc;
}

enum err job_body_read_data(struct app *app, struct request *request,
                            struct job_request *ret_wanted, struct job_field_errors *ret_errors,
                            struct error *err)
{
    enum err rc;
    json_t *body = NULL, *copy = NULL;
    ret_errors->count = 0;
    TRY(job_body_object(request, &body, err));
    copy = json_copy(body);
    if (copy == NULL) {
        rc = FAIL(err, ERR_NOMEM, "out of memory for a body");
        goto done;
    }
    const char *type = json_string_value(json_object_get(copy, "model_type"));
    const bool has_type = type != NULL && type[0] != '\0';
    if (!has_type)
        TRY(json_set(copy, "model_type", json_string(model_kind_at(0)->name), err));
    rc = job_request_check_json(copy, ret_wanted, ret_errors, err);
    rc = check_place(app, rc, body, NULL, ret_wanted, ret_errors, err);
    if (!has_type)
        ret_wanted->kind = NULL;
done:
    json_decref(copy);
    json_decref(body);
    return rc;
}

void job_body_refuse(struct response *response, const struct job_field_errors *errors)
{
    response_problem(response, 422, "fields", "%s", errors->errors[0].message);
    for (int32_t i = 0; i < errors->count; i++)
        response_problem_field(response, errors->errors[i].name, "%s", errors->errors[i].message);
}
