#include "api/job_actions.h"

#include <string.h>

#include "api/job_body.h"
#include "api/model_files.h"
#include "api/out.h"
#include "api/served.h"
#include "base/fail_point.h"
#include "base/hash.h"
#include "base/memory.h"
#include "queue/relay.h"
#include "store/jobs.h"
#include "store/models.h"
#include "worker/job_log.h"

/* What the client asked for, as a hash: where it sent it to, and what. */
static enum err body_hash(struct request *request, char out[HASH_HEX_SIZE], struct error *err)
{
    enum err rc;
    struct hash *hash = NULL;
    unsigned char sum[HASH_BYTES];
    const char *path = request_path(request);
    const struct str body = request_body(request);
    TRY(hash_create(&hash, err));
    hash_add(hash, path, strlen(path) + 1);
    hash_add(hash, body.ptr, body.len);
    hash_finish(hash, sum);
    hash_hex(sum, out);
done:
    hash_free(hash);
    return rc;
}

enum err job_request_key(struct request *request, const char **ret_key,
                         char ret_hash[JOB_BODY_HASH_SIZE], struct error *err)
{
    enum err rc;
    TRY(request_idempotency_key(request, ret_key, err));
    TRY(body_hash(request, ret_hash, err));
done:
    return rc;
}

enum err job_started_before(struct app *app, struct request *request, int64_t *ret_job_id,
                            struct error *err)
{
    enum err rc;
    const char *key;
    char hash[HASH_HEX_SIZE];
    *ret_job_id = 0;
    TRY(request_idempotency_key(request, &key, err));
    if (key == NULL)
        return ERR_OK;
    TRY(body_hash(request, hash, err));
    TRY(job_find_key(app->store, request_identity(request)->user_id, key, hash, ret_job_id, err));
done:
    return rc;
}

enum err job_start(struct app *app, struct request *request, const struct job_request *wanted,
                   int64_t source_id, struct job **ret_job, struct error *err)
{
    enum err rc;
    const char *key;
    char hash[HASH_HEX_SIZE], *params = NULL, *run = NULL;
    TRY(request_idempotency_key(request, &key, err));
    TRY(body_hash(request, hash, err));
    TRY(job_request_params_json(wanted, &params, &run, err));
    const struct job_new job = {
        .user_id = request_identity(request)->user_id,
        .task = JOB_TRAIN,
        .name = wanted->name[0] != '\0' ? wanted->name : NULL,
        .model_type = wanted->kind->name,
        .data_path = wanted->data_path,
        .params_json = params,
        .run_json = run,
        .source_id = source_id,
        .key = key,
        .body_hash = key != NULL ? hash : NULL,
        .model_name = wanted->model_name[0] != '\0' ? wanted->model_name : NULL,
        .models_max = config_int(app->config, "MAX_MODELS_PER_USER"),
        .model_bytes_max = config_int(app->config, "MAX_MODEL_BYTES_PER_USER"),
        .open_max = config_int(app->config, "MAX_JOBS_PER_USER"),
        .traceparent = request_traceparent(request)};
    bool is_new;
    TRY(job_create_read(app->store, &job, ret_job, &is_new, err));
    fail_point("job_created", 1);
    if (app->relay != NULL)
        relay_wake(app->relay);
done:
    mem_free(params);
    mem_free(run);
    return rc;
}

enum err job_retry(struct app *app, struct request *request, int64_t job_id,
                   struct job_field_errors *ret_errors, int64_t *ret_job_id, struct error *err)
{
    enum err rc;
    struct job *job = NULL, *made = NULL;
    struct job_request wanted;
    ret_errors->count = 0;
    TRY(job_started_before(app, request, ret_job_id, err));
    if (*ret_job_id != 0)
        return ERR_OK;
    TRY(job_read_brief(app->store, request_identity(request)->user_id, JOB_TRAIN, job_id, &job,
                       err));
    if (!job_status_is_terminal(job->status)) {
        rc =
            FAIL_REASON(err, ERR_CONFLICT, "job_running",
                        "job %lld has not ended: there is nothing to try again", (long long)job_id);
        goto done;
    }
    TRY(job_body_of_job(app, job, NULL, &wanted, ret_errors, err));
    if (ret_errors->count == 0) {
        TRY(job_start(app, request, &wanted, job_id, &made, err));
        *ret_job_id = made->job_id;
    }
done:
    job_free(job);
    job_free(made);
    return rc;
}

enum err job_stop(struct app *app, const struct identity *identity, int64_t job_id,
                  struct error *err)
{
    bool ended;
    return job_cancel(app->store, identity->user_id, JOB_TRAIN, job_id, &ended, err);
}

enum err job_delete(struct app *app, const struct identity *identity, int64_t job_id,
                    struct error *err)
{
    enum err rc;
    struct job *job = NULL;
    struct model_record *model = NULL;
    TRY(job_read_brief(app->store, identity->user_id, JOB_TRAIN, job_id, &job, err));
    rc = model_of_job(app->store, identity->user_id, job_id, &model, err);
    if (rc != ERR_OK && rc != ERR_NOT_FOUND)
        goto done;
    TRY(job_remove(app->store, identity->user_id, JOB_TRAIN, job_id, err));
    if (model != NULL) { /* it answers no more */
        served_changed(app, identity->user_id);
        served_drop(app, model->model_id);
    }
    if (job->model_path != NULL)
        TRY(saved_file_remove(app->config, SAVED_MODEL, job->model_path, err));
    TRY(job_log_remove(config_text(app->config, "MODEL_DIR"), job_id, err));
done:
    mem_free(model);
    job_free(job);
    return rc;
}

enum err job_tell(struct request *request, struct response *response, const struct job *job,
                  bool is_brief, struct error *err)
{
    enum err rc;
    struct json_out out;
    const char *location =
        arena_textf(request_arena(request), err, "/api/v1/jobs/%lld", (long long)job->job_id);
    if (location == NULL)
        return ERR_NOMEM;
    out_begin(&out, OUT_FIRST_BYTES, err);
    if (is_brief)
        job_write_status(&out, job);
    else
        job_write(&out, job, false);
    TRY(response_out(response, 202, &out, err));
    TRY(response_header(response, "Location", location, err));
done:
    return rc;
}

enum err job_answer(struct app *app, struct request *request, struct response *response,
                    int64_t job_id, bool is_brief, struct error *err)
{
    enum err rc;
    struct job *job = NULL;
    TRY(job_read_brief(app->store, request_identity(request)->user_id, JOB_TRAIN, job_id, &job,
                       err));
    TRY(job_tell(request, response, job, is_brief, err));
done:
    job_free(job);
    return rc;
}
