/* The job as JSON: in the brief's shape and in that of /api/v1. */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "jobs/job.h"
#include "jobs/problem.h"

enum {
    TEXT_FIRST_BYTES = 2048,
    TEXT_MAX = 4 * JOB_RESULT_MAX,
    MEMO_SLOTS = 32,
    MEMO_KEY_MAX = 400
};

/* Descriptions that this thread made lately: a list has many jobs with the same few parameters. */
struct memo {
    char type[32], params[MEMO_KEY_MAX];
    char description[JOB_DESCRIPTION_SIZE];
};
static _Thread_local struct memo memos[MEMO_SLOTS];

static const char *describe(const struct job *job, char out[JOB_DESCRIPTION_SIZE])
{
    const size_t len = strlen(job->params_json);
    const struct str params = {job->params_json, len};
    struct memo *memo = &memos[text_hash(params) % MEMO_SLOTS];
    if (len >= MEMO_KEY_MAX || strlen(job->model_type) >= sizeof(memo->type))
        return job_describe(job, out, JOB_DESCRIPTION_SIZE);
    if (strcmp(memo->params, job->params_json) != 0 || strcmp(memo->type, job->model_type) != 0) {
        job_describe(job, memo->description, sizeof(memo->description));
        memo->params[0] = '\0';
        if (strcmp(memo->description, job->model_type) == 0)
            return memo->description; /* also what comes of no memory: not to be kept */
        memcpy(memo->params, job->params_json, len + 1);
        memcpy(memo->type, job->model_type, strlen(job->model_type) + 1);
    }
    return memo->description;
}

void job_write_time(struct json_out *out, const char *key, int64_t time_ms)
{
    char text[JOB_TIME_SIZE];
    json_member_text(out, key, time_ms != 0 ? job_time_rfc3339(time_ms, text) : NULL);
}

void job_write_error(struct json_out *out, const struct job *job)
{
    json_out_key(out, "error");
    if (job->error_code == NULL) {
        json_out_null(out);
        return;
    }
    json_out_open(out, '{');
    json_member_text(out, "code", job->error_code);
    json_member_text(out, "title", job_problem_find(job->error_code)->title);
    json_member_text(out, "message", job->error_message);
    json_out_close(out, '}');
}

/* What both shapes tell of a job on its way. */
static void add_course(struct json_out *out, const struct job *job)
{
    json_member_text(out, "phase", job->phase);
    json_member_real(out, "progress", job->progress);
    json_member_int(out, "iteration", job->iteration);
    json_member_text(out, "message", job->message);
    json_member_int(out, "attempt", job->attempt);
    json_member_nonzero(out, "queue_position", job->queue_position);
    json_member_bool(out, "cancel_requested", job->cancel_requested);
    job_write_error(out, job);
}

void job_write_status(struct json_out *out, const struct job *job)
{
    char text[JOB_TIME_SIZE];
    json_out_open(out, '{');
    json_member_int(out, "job_id", job->job_id);
    json_member_text(out, "status", job_status_name(job->status));
    json_member_raw(out, "metrics", job->metrics_json);
    json_member_text(out, "model_path", job->model_path);
    json_member_text(out, "created_at", job_time_plain(job->created_ms, text));
    json_member_text(out, "updated_at", job_time_plain(job->updated_ms, text));
    add_course(out, job);
    json_out_close(out, '}');
}

void job_write_fields(struct json_out *out, const struct job *job, bool whole)
{
    char description[JOB_DESCRIPTION_SIZE];
    json_member_int(out, "job_id", job->job_id);
    json_member_text(out, "name", job->name);
    json_member_text(out, "description", describe(job, description));
    json_member_text(out, "model_type", job->model_type);
    json_member_text(out, "data_path", job->data_path);
    json_member_raw(out, "params", job->params_json);
    json_member_raw(out, "run", job->run_json);
    json_member_nonzero(out, "source_id", job->source_id);
    json_member_text(out, "model_name", job->model_name);
    json_member_text(out, "status", job_shown_status(job));
    add_course(out, job);
    json_member_text(out, "worker", job->owner);
    json_member_raw(out, "metrics", job->metrics_json);
    json_member_raw(out, "popular_metrics", job->popular_metrics_json);
    json_member_text(out, "model_path", job->model_path);
    if (whole)
        json_member_raw(out, "result", job->result_json);
    job_write_time(out, "created_at", job->created_ms);
    job_write_time(out, "started_at", job->started_ms);
    job_write_time(out, "ended_at", job->ended_ms);
    job_write_time(out, "updated_at", job->updated_ms);
}

void job_write(struct json_out *out, const struct job *job, bool whole)
{
    json_out_open(out, '{');
    job_write_fields(out, job, whole);
    json_out_close(out, '}');
}

/* What was written as a tree. */
static enum err read_back(struct json_out *out, json_t **ret_json, struct error *err)
{
    enum err rc;
    struct strbuf text;
    struct error about;
    if ((rc = json_out_finish(out, &text)) != ERR_OK)
        return rc;
    rc = json_read(text.ptr, text.len, 0, ret_json, &about);
    if (rc != ERR_OK)
        rc = FAIL(err, rc == ERR_NOMEM ? rc : ERR_CORRUPT, "a stored text is no JSON: %.400s",
                  about.message);
    strbuf_release(&text);
    return rc;
}

enum err job_to_status_json(const struct job *job, json_t **ret_json, struct error *err)
{
    struct json_out out;
    json_out_init(&out, TEXT_FIRST_BYTES, TEXT_MAX, err);
    job_write_status(&out, job);
    return read_back(&out, ret_json, err);
}

enum err job_to_json(const struct job *job, bool whole, json_t **ret_json, struct error *err)
{
    struct json_out out;
    json_out_init(&out, TEXT_FIRST_BYTES, TEXT_MAX, err);
    job_write(&out, job, whole);
    return read_back(&out, ret_json, err);
}
