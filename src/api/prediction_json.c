#include "api/prediction_json.h"

#include <stdio.h>

#include "api/model_files.h"
#include "base/json.h"
#include "base/memory.h"

static const double PROGRESS_LEAST = 0.12; /* before that it reads the model: nothing is known */

/* A number that is not there below 0. */
static void add_seconds(struct json_out *out, const char *key, double seconds)
{
    json_out_key(out, key);
    if (seconds >= 0)
        json_out_real(out, seconds);
    else
        json_out_null(out);
}

double prediction_eta_seconds(const struct prediction *prediction)
{
    const struct job *job = &prediction->job;
    if (!job_status_is_active(job->status) || job->progress < PROGRESS_LEAST || job->progress > 1)
        return -1;
    const double spent = (double)(job->updated_ms - job->started_ms) / 1000;
    return spent > 0 ? spent * (1 - job->progress) / job->progress : -1;
}

static void add_model(struct json_out *out, const struct prediction *prediction)
{
    char ref[160];
    json_out_key(out, "model");
    if (prediction->model_id == 0) {
        json_out_null(out);
        return;
    }
    snprintf(ref, sizeof(ref), "%.100s:%lld", prediction->model_name,
             (long long)prediction->model_version);
    json_out_open(out, '{');
    json_member_int(out, "model_id", prediction->model_id);
    json_member_text(out, "ref", ref);
    json_member_text(out, "name", prediction->model_name);
    json_member_int(out, "version", prediction->model_version);
    json_member_text(out, "model_type", prediction->model_type);
    json_out_close(out, '}');
}

/* What was asked for: the record's own parameters. */
static void add_wishes(struct json_out *out, const struct job *job)
{
    struct prediction_request *request = mem_array(1, sizeof(*request), out->err);
    if (request == NULL ||
        prediction_request_parse(job->params_json, request, out->err) != ERR_OK) {
        out->rc = request == NULL ? ERR_NOMEM : ERR_CORRUPT;
        mem_free(request);
        return;
    }
    const bool has_path = request->users_path[0] != '\0';
    json_member_text(out, "model_ref", request->model);
    json_member_int(out, "k", param_int(&request->params, "k"));
    json_member_text(out, "users", param_text(&request->params, "users"));
    json_member_text(out, "users_path", has_path ? request->users_path : NULL);
    json_member_text(out, "users_column", param_text(&request->params, "users_column"));
    json_member_text(out, "format", param_text(&request->params, "format"));
    json_member_bool(out, "exclude_seen", prediction_excludes_seen(request));
    mem_free(request);
}

static void add_file(struct json_out *out, const struct prediction *prediction)
{
    json_out_key(out, "file");
    if (prediction->file_path == NULL) {
        json_out_null(out);
        return;
    }
    json_out_open(out, '{');
    json_member_text(out, "file_name", saved_model_name(prediction->file_path));
    json_member_int(out, "size_bytes", prediction->file_bytes);
    json_member_text(out, "sha256", prediction->file_sha256);
    json_member_int(out, "rows", prediction->file_rows);
    json_member_int(out, "users", prediction->file_users);
    json_out_close(out, '}');
}

static void add_course(struct json_out *out, const struct prediction *prediction)
{
    const struct job *job = &prediction->job;
    const double duration = job->started_ms > 0 && job->ended_ms > 0
                                ? (double)(job->ended_ms - job->started_ms) / 1000
                                : -1;
    json_member_text(out, "status", prediction_status_name(prediction));
    json_member_real(out, "progress", job->progress);
    json_member_text(out, "message", job->message);
    job_write_time(out, "created_at", job->created_ms);
    job_write_time(out, "started_at", job->started_ms);
    job_write_time(out, "ended_at", job->ended_ms);
    job_write_time(out, "updated_at", job->updated_ms);
    add_seconds(out, "duration_seconds", duration);
    add_seconds(out, "eta_seconds", prediction_eta_seconds(prediction));
    json_member_nonzero(out, "queue_position", job->queue_position);
    json_member_int(out, "attempt", job->attempt);
    json_member_bool(out, "cancel_requested", job->cancel_requested);
    json_member_text(out, "worker", job->owner);
}

void prediction_write(struct json_out *out, const struct prediction *prediction)
{
    const struct job *job = &prediction->job;
    json_out_open(out, '{');
    json_member_int(out, "prediction_id", job->job_id);
    json_member_text(out, "name", job->name);
    json_member_nonzero(out, "source_id", job->source_id);
    add_model(out, prediction);
    add_wishes(out, job);
    add_course(out, prediction);
    job_write_error(out, job);
    add_file(out, prediction);
    json_out_close(out, '}');
}
