/* One job: read it, name it, remove it. */
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/job_actions.h"
#include "api/job_body.h"
#include "api/model_files.h"
#include "api/out.h"
#include "api/routes.h"
#include "base/memory.h"
#include "http/accept.h"
#include "jobs/model_ref.h"
#include "store/jobs.h"
#include "store/models.h"
#include "worker/job_log.h"

static void write_model(struct json_out *out, const struct model_record *model)
{
    char ref[MODEL_REF_SIZE];
    json_out_key(out, "model");
    if (model == NULL) {
        json_out_null(out);
        return;
    }
    json_out_open(out, '{');
    json_member_int(out, "model_id", model->model_id);
    json_member_text(out, "name", model->name);
    json_member_int(out, "version", model->version);
    json_member_text(out, "ref", model_ref_of(model->name, model->version, ref));
    json_member_text(out, "file_name", saved_model_name(model->path));
    json_member_text(out, "path", model->path);
    json_member_int(out, "size_bytes", model->size_bytes);
    json_member_text(out, "sha256", model->sha256);
    json_out_close(out, '}');
}

/* Everything about a job. *ret_updated_ms, where it is not NULL: as of when. */
static enum err write_whole(struct app *app, int64_t user_id, int64_t job_id, struct json_out *out,
                            int64_t *ret_updated_ms, struct error *err)
{
    enum err rc;
    struct job *job = NULL;
    struct model_record *model = NULL;
    TRY(job_read(app->store, user_id, JOB_TRAIN, job_id, &job, err));
    if (job->model_path != NULL) {
        rc = model_of_job(app->store, user_id, job_id, &model, err);
        if (rc != ERR_OK && rc != ERR_NOT_FOUND)
            goto done;
    }
    json_out_open(out, '{');
    job_write_fields(out, job, true);
    write_model(out, model);
    json_member_int(out, "log_bytes", job_log_bytes(config_text(app->config, "MODEL_DIR"), job_id));
    json_out_close(out, '}');
    if (ret_updated_ms != NULL)
        *ret_updated_ms = job->updated_ms;
    rc = ERR_OK;
done:
    if (rc != ERR_OK)
        out->rc = rc;
    mem_free(model);
    job_free(job);
    return rc;
}

static enum err read_job(void *context, struct request *request, struct response *response,
                         struct error *err)
{
    enum err rc;
    struct app *app = context;
    int64_t job_id;
    struct json_out out;
    TRY(request_param_id(request, "job_id", &job_id, err));
    out_begin(&out, OUT_FIRST_BYTES, err);
    (void)write_whole(app, request_identity(request)->user_id, job_id, &out, NULL, err);
    rc = response_out_tagged(response, &out, err);
done:
    return rc;
}

/* If-Match (RFC 9110, section 13.1.1): the change is meant for the job as it was read.
 * *ret_as_of_ms 0: there is no such condition. ERR_CONFLICT (precondition). */
static enum err check_condition(struct app *app, struct request *request, int64_t job_id,
                                int64_t *ret_as_of_ms, struct error *err)
{
    enum err rc;
    struct json_out out;
    struct strbuf text;
    char tag[TEXT_TAG_SIZE], quoted[TEXT_TAG_SIZE + 2];
    const char *condition = request_header(request, "If-Match");
    *ret_as_of_ms = 0;
    if (condition == NULL || strcmp(condition, "*") == 0)
        return ERR_OK;
    out_begin(&out, OUT_FIRST_BYTES, err);
    (void)write_whole(app, request_identity(request)->user_id, job_id, &out, ret_as_of_ms, err);
    TRY(out_finish(&out, &text, err));
    snprintf(quoted, sizeof(quoted), "\"%s\"", text_tag(text.ptr, text.len, tag));
    strbuf_release(&text);
    if (!etag_is_listed(condition, quoted))
        rc =
            FAIL_REASON(err, ERR_CONFLICT, "precondition",
                        "job %lld was changed since it was read: read it again", (long long)job_id);
done:
    return rc;
}

/* The name in the body, which must hold nothing else; NULL: none from now on. Wrong fields are told
 * in *errors. */
static enum err read_name(struct request *request, const char **ret_name,
                          struct job_field_errors *errors, struct error *err)
{
    enum err rc;
    json_t *body, *value;
    const char *key;
    TRY(request_json(request, &body, err));
    const json_t *name = json_object_get(body, "name");
    errors->count = 0;
    *ret_name = json_string_value(name);
    json_object_foreach(body, key, value)
    {
        if (strcmp(key, "name") != 0)
            job_field_complain(errors, key, "unknown", "only the name of a job can be changed");
    }
    if (name == NULL || !(json_is_null(name) || json_is_string(name)))
        job_field_complain(errors, "name", "type", "name must be a text, or null for none");
    else if (json_is_string(name))
        job_name_check(*ret_name, errors);
    if (*ret_name != NULL && (*ret_name)[0] == '\0')
        *ret_name = NULL;
done:
    return rc;
}

static enum err rename_job(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct app *app = context;
    int64_t job_id, as_of_ms;
    const char *name;
    struct job_field_errors errors;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(read_name(request, &name, &errors, err));
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        return ERR_OK;
    }
    TRY(check_condition(app, request, job_id, &as_of_ms, err));
    TRY(job_rename(app->store, request_identity(request)->user_id, job_id, name, as_of_ms, err));
    rc = read_job(context, request, response, err);
done:
    return rc;
}

static enum err remove_job(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    int64_t job_id;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_delete(context, request_identity(request), job_id, err));
    response_none(response);
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/jobs/{job_id}", .handle = read_job},
    {.method = HTTP_PATCH,
     .pattern = "/api/v1/jobs/{job_id}",
     .handle = rename_job,
     .flags = ROUTE_WRITE},
    {.method = HTTP_DELETE,
     .pattern = "/api/v1/jobs/{job_id}",
     .handle = remove_job,
     .flags = ROUTE_WRITE},
};
const struct route_group jobs_one_routes = {routes, sizeof(routes) / sizeof(routes[0])};
