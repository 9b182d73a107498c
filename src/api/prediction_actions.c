#include "api/prediction_actions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/job_actions.h"
#include "api/job_body.h"
#include "api/model_files.h"
#include "base/fail_point.h"
#include "base/memory.h"
#include "queue/relay.h"
#include "store/registry.h"
#include "worker/data_path.h"
#include "worker/job_log.h"

/* ---- start ---- */

/* The model that was asked for; one that is not there is a wrong field. NULL with a complaint. */
static enum err find_model(struct app *app, int64_t user_id, const char *ref,
                           struct model_record **ret_model, struct job_field_errors *errors,
                           struct error *err)
{
    struct error about;
    *ret_model = NULL;
    const enum err rc = registry_resolve(app->store, user_id, ref, ret_model, &about);
    if (rc == ERR_NOT_FOUND)
        job_field_complain(errors, "model", "unknown", about.message);
    else if (rc != ERR_OK)
        *err = about;
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* A users' file that is not there is a wrong field as any other. */
static enum err check_file(struct app *app, const char *path, struct job_field_errors *errors,
                           struct error *err)
{
    struct error about;
    int fd = -1;
    const char *dot = strrchr(path, '.');
    if (dot == NULL ||
        (strcmp(dot, ".parquet") != 0 && strcmp(dot, ".pq") != 0 && strcmp(dot, ".csv") != 0)) {
        job_field_complain(errors, "users_path", "type",
                           "users_path must end in .parquet, .pq or .csv");
        return ERR_OK;
    }
    const enum err rc = data_file_open(app->config, path, &fd, &about);
    if (rc == ERR_OK)
        close(fd);
    else if (rc == ERR_NOMEM || rc == ERR_IO)
        *err = about;
    else
        job_field_complain(errors, "users_path", about.reason, about.message);
    return rc == ERR_NOMEM || rc == ERR_IO ? rc : ERR_OK;
}

/* Whom the model was judged on stands beside it. */
static void check_evaluation(struct app *app, const struct model_record *model,
                             struct job_field_errors *errors)
{
    if (!saved_hits_are_there(app->config, model->path))
        job_field_complain(
            errors, "users", "unknown",
            "which users this model was judged on is not recorded: choose all users, "
            "or give a list");
}

static enum err look_at(struct app *app, int64_t user_id, const struct prediction_request *wanted,
                        struct model_record **ret_model, struct job_field_errors *errors,
                        struct error *err)
{
    enum err rc;
    TRY(find_model(app, user_id, wanted->model, ret_model, errors, err));
    if (*ret_model != NULL && prediction_users_of(wanted) == PREDICTION_EVALUATION)
        check_evaluation(app, *ret_model, errors);
    if (wanted->users_path[0] != '\0')
        TRY(check_file(app, wanted->users_path, errors, err));
done:
    return rc;
}

static bool is_told(const struct job_field_errors *errors, const char *name)
{
    for (int32_t i = 0; i < errors->count; i++)
        if (strcmp(errors->errors[i].name, name) == 0)
            return true;
    return false;
}

/* The same of a body with wrong fields, as far as it can be told: people want all faults at once.
 */
static enum err look_at_rest(struct app *app, int64_t user_id, const json_t *body,
                             struct job_field_errors *errors, struct error *err)
{
    enum err rc = ERR_OK;
    char number[24];
    struct model_record *model = NULL;
    const json_t *ref = json_object_get(body, "model");
    const char *path = json_string_value(json_object_get(body, "users_path"));
    const char *text = json_string_value(ref);
    if (json_is_integer(ref)) {
        snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(ref));
        text = number;
    }
    if (text != NULL && text[0] != '\0' && !is_told(errors, "model"))
        TRY(find_model(app, user_id, text, &model, errors, err));
    if (path != NULL && path[0] != '\0' && !is_told(errors, "users_path"))
        TRY(check_file(app, path, errors, err));
done:
    mem_free(model);
    return rc;
}

struct start {
    int64_t model_id, source_id;
    const char *model_type, *user_ids;
};

static enum err create(struct app *app, struct request *request,
                       const struct prediction_request *wanted, const struct start *start,
                       struct prediction **ret_prediction, struct error *err)
{
    enum err rc;
    const char *key;
    char hash[JOB_BODY_HASH_SIZE], *params = NULL;
    int64_t id = 0;
    bool is_new;
    const int64_t user_id = request_identity(request)->user_id;
    TRY(job_request_key(request, &key, hash, err));
    TRY(prediction_request_text(wanted, &params, err));
    const struct prediction_new new = {.model_id = start->model_id, .user_ids = start->user_ids};
    const struct job_new job = {.user_id = user_id,
                                .task = JOB_PREDICT,
                                .name = wanted->name[0] != '\0' ? wanted->name : NULL,
                                .model_type = start->model_type,
                                .data_path = wanted->users_path,
                                .params_json = params,
                                .run_json = "{}",
                                .prediction = &new,
                                .source_id = start->source_id,
                                .key = key,
                                .body_hash = key != NULL ? hash : NULL,
                                .open_max = config_int(app->config, "MAX_JOBS_PER_USER"),
                                .traceparent = request_traceparent(request)};
    TRY(job_create(app->store, &job, &id, &is_new, err));
    fail_point("job_created", 1);
    if (app->prediction_relay != NULL)
        relay_wake(app->prediction_relay);
    TRY(prediction_read(app->store, user_id, id, true, ret_prediction, err));
done:
    mem_free(params);
    return rc;
}

/* What the request's key made before, NULL where there is nothing: asked before the body is
 * checked, since its model may be gone meanwhile. */
static enum err started_before(struct app *app, struct request *request,
                               struct prediction **ret_prediction, struct error *err)
{
    enum err rc;
    int64_t known_id = 0;
    *ret_prediction = NULL;
    TRY(job_started_before(app, request, &known_id, err));
    if (known_id != 0)
        rc = prediction_read(app->store, request_identity(request)->user_id, known_id, true,
                             ret_prediction, err);
done:
    return rc;
}

enum err prediction_start(struct app *app, struct request *request,
                          struct prediction **ret_prediction, struct job_field_errors *ret_errors,
                          struct error *err)
{
    enum err rc;
    json_t *body = NULL;
    struct model_record *model = NULL;
    struct prediction_request *wanted = NULL;
    ret_errors->count = 0;
    TRY(started_before(app, request, ret_prediction, err));
    if (*ret_prediction != NULL)
        return ERR_OK;
    TRY(job_body_object(request, &body, err));
    TRY_PTR(wanted = mem_array(1, sizeof(*wanted), err));
    rc = prediction_request_check(body, wanted, ret_errors, err);
    if (rc == ERR_INVALID && ret_errors->count > 0) {
        rc = look_at_rest(app, request_identity(request)->user_id, body, ret_errors, err);
        goto done;
    }
    TRY(rc);
    TRY(look_at(app, request_identity(request)->user_id, wanted, &model, ret_errors, err));
    if (ret_errors->count > 0)
        goto done;
    const struct start start = {
        .model_id = model->model_id, .model_type = model->model_type, .user_ids = wanted->user_ids};
    TRY(create(app, request, wanted, &start, ret_prediction, err));
done:
    if (wanted != NULL)
        prediction_request_release(wanted);
    mem_free(wanted);
    mem_free(model);
    json_decref(body);
    return rc;
}

/* ---- again, stop, remove ---- */

static enum err start_again(struct app *app, struct request *request,
                            const struct prediction *source, struct prediction **ret_prediction,
                            struct error *err)
{
    enum err rc;
    char *user_ids = NULL;
    struct prediction_request *wanted = NULL;
    TRY_PTR(wanted = mem_array(1, sizeof(*wanted), err));
    TRY(prediction_request_parse(source->job.params_json, wanted, err));
    TRY(prediction_user_ids(app->store, source->job.job_id, &user_ids, err));
    if (source->job.name != NULL)
        snprintf(wanted->name, sizeof(wanted->name), "%s", source->job.name);
    const struct start start = {.model_id = source->model_id,
                                .source_id = source->job.job_id,
                                .model_type = source->model_type,
                                .user_ids = user_ids};
    TRY(create(app, request, wanted, &start, ret_prediction, err));
done:
    mem_free(user_ids);
    mem_free(wanted);
    return rc;
}

enum err prediction_retry(struct app *app, struct request *request, int64_t prediction_id,
                          struct prediction **ret_prediction, struct error *err)
{
    enum err rc;
    struct prediction *source = NULL;
    TRY(started_before(app, request, ret_prediction, err));
    if (*ret_prediction != NULL)
        return ERR_OK;
    TRY(prediction_read(app->store, request_identity(request)->user_id, prediction_id, true,
                        &source, err));
    if (!job_status_is_terminal(source->job.status))
        rc = FAIL_REASON(err, ERR_CONFLICT, "job_running",
                         "prediction %lld has not ended: there is nothing to try again",
                         (long long)prediction_id);
    else if (source->model_id == 0)
        rc = FAIL_REASON(err, ERR_CONFLICT, "model_gone",
                         "the model of prediction %lld was removed: start one with another model",
                         (long long)prediction_id);
    else
        rc = start_again(app, request, source, ret_prediction, err);
done:
    prediction_free(source);
    return rc;
}

enum err prediction_stop(struct app *app, const struct identity *identity, int64_t prediction_id,
                         struct error *err)
{
    bool ended;
    return job_cancel(app->store, identity->user_id, JOB_PREDICT, prediction_id, &ended, err);
}

enum err prediction_delete(struct app *app, const struct identity *identity, int64_t prediction_id,
                           struct error *err)
{
    enum err rc;
    struct prediction *prediction = NULL;
    TRY(prediction_read(app->store, identity->user_id, prediction_id, true, &prediction, err));
    TRY(job_remove(app->store, identity->user_id, JOB_PREDICT, prediction_id, err));
    if (prediction->file_path != NULL)
        TRY(saved_file_remove(app->config, SAVED_TABLE, prediction->file_path, err));
    TRY(job_log_remove(config_text(app->config, "MODEL_DIR"), prediction_id, err));
done:
    prediction_free(prediction);
    return rc;
}
