/* The job as JSON: in the brief's shape and in that of /api/v1. */
#include <string.h>

#include "base/memory.h"
#include "jobs/job.h"
#include "jobs/problem.h"

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_text(text) : json_null();
}

static json_t *time_or_null(int64_t time_ms)
{
    char text[JOB_TIME_SIZE];
    return time_ms != 0 ? json_string(job_time_rfc3339(time_ms, text)) : json_null();
}

static json_t *id_or_null(int64_t id)
{
    return id != 0 ? json_integer(id) : json_null();
}

/* A stored text as the value that it says: ERR_CORRUPT where it says none. */
static enum err set_stored(json_t *object, const char *key, const char *text, struct error *err)
{
    json_error_t where;
    if (text == NULL)
        return json_set(object, key, json_null(), err);
    json_t *value = json_loads(text, JSON_DECODE_ANY, &where);
    if (value == NULL) {
        /* jansson does not always tell bad text from no memory, so see whether there is some. */
        void *probe = mem_array(strlen(text) + 1, 1, err);
        if (probe == NULL)
            return ERR_NOMEM;
        mem_free(probe);
        return FAIL(err, ERR_CORRUPT, "the stored %s is no JSON: %s", key, where.text);
    }
    return json_set(object, key, value, err);
}

static enum err set_error(json_t *object, const struct job *job, struct error *err)
{
    enum err rc;
    if (job->error_code == NULL)
        return json_set(object, "error", json_null(), err);
    json_t *problem = json_object();
    TRY(json_set(problem, "code", json_text(job->error_code), err));
    TRY(json_set(problem, "title", json_string(job_problem_find(job->error_code)->title), err));
    TRY(json_set(problem, "message", text_or_null(job->error_message), err));
    rc = json_set(object, "error", json_incref(problem), err);
done:
    json_decref(problem);
    return rc;
}

/* What both shapes tell of a job on its way. */
static enum err set_course(json_t *object, const struct job *job, struct error *err)
{
    enum err rc;
    TRY(json_set(object, "phase", text_or_null(job->phase), err));
    TRY(json_set(object, "progress", json_number(job->progress), err));
    TRY(json_set(object, "iteration", json_integer(job->iteration), err));
    TRY(json_set(object, "message", text_or_null(job->message), err));
    TRY(json_set(object, "attempt", json_integer(job->attempt), err));
    TRY(json_set(object, "queue_position", id_or_null(job->queue_position), err));
    TRY(json_set(object, "cancel_requested", json_boolean(job->cancel_requested), err));
    TRY(set_error(object, job, err));
done:
    return rc;
}

enum err job_to_status_json(const struct job *job, json_t **ret_json, struct error *err)
{
    enum err rc;
    char text[JOB_TIME_SIZE];
    json_t *object = json_object();
    TRY(json_set(object, "job_id", json_integer(job->job_id), err));
    TRY(json_set(object, "status", json_string(job_status_name(job->status)), err));
    TRY(set_stored(object, "metrics", job->metrics_json, err));
    TRY(json_set(object, "model_path", text_or_null(job->model_path), err));
    TRY(json_set(object, "created_at", json_string(job_time_plain(job->created_ms, text)), err));
    TRY(json_set(object, "updated_at", json_string(job_time_plain(job->updated_ms, text)), err));
    TRY(set_course(object, job, err));
    *ret_json = json_incref(object);
done:
    json_decref(object);
    return rc;
}

enum err job_to_json(const struct job *job, bool whole, json_t **ret_json, struct error *err)
{
    enum err rc;
    char description[JOB_DESCRIPTION_SIZE];
    json_t *object = json_object();
    TRY(json_set(object, "job_id", json_integer(job->job_id), err));
    TRY(json_set(object, "name", text_or_null(job->name), err));
    TRY(json_set(object, "description",
                 json_text(job_describe(job, description, sizeof(description))), err));
    TRY(json_set(object, "model_type", json_text(job->model_type), err));
    TRY(json_set(object, "data_path", json_text(job->data_path), err));
    TRY(set_stored(object, "params", job->params_json, err));
    TRY(set_stored(object, "run", job->run_json, err));
    TRY(json_set(object, "source_id", id_or_null(job->source_id), err));
    TRY(json_set(object, "status", json_string(job_shown_status(job)), err));
    TRY(set_course(object, job, err));
    TRY(json_set(object, "worker", text_or_null(job->owner), err));
    TRY(set_stored(object, "metrics", job->metrics_json, err));
    TRY(json_set(object, "model_path", text_or_null(job->model_path), err));
    if (whole)
        TRY(set_stored(object, "result", job->result_json, err));
    TRY(json_set(object, "created_at", time_or_null(job->created_ms), err));
    TRY(json_set(object, "started_at", time_or_null(job->started_ms), err));
    TRY(json_set(object, "ended_at", time_or_null(job->ended_ms), err));
    TRY(json_set(object, "updated_at", time_or_null(job->updated_ms), err));
    *ret_json = json_incref(object);
done:
    json_decref(object);
    return rc;
}
