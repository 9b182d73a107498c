/* An attempt while its child runs. */
#include "worker/attempt.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail_point.h"
#include "base/memory.h"
#include "jobs/problem.h"
#include "worker/attempt_parts.h"
#include "worker/attempt_predict.h"

enum {
    LOOK_MS = 150,  /* between two looks for a request to stop */
    STOP_MS = 1000, /* that a child has to stop by itself */
    TICK_MS = 100,  /* the longest between two calls of attempt_tend */
    READ_BYTES = 64 << 10,
    COMPLAINT_MAX = 4096, /* bytes of a line on stderr */
};
static const double PAUSE_FIRST = 0.5, PAUSE_MAX = 3;

int64_t attempt_job_id(const struct attempt *attempt)
{
    return attempt->job->job_id;
}

bool attempt_is_first(const struct attempt *attempt)
{
    return attempt->fence.epoch == 1;
}

bool attempt_heed(struct attempt *attempt, enum err rc, const struct error *err)
{
    const int64_t id = attempt->job->job_id;
    if (rc == ERR_OK) {
        if (attempt->store_is_away)
            log_info("store_is_back", "job_id=%" PRId64, id);
        attempt->store_is_away = false;
        attempt->pause = 0;
        return true;
    }
    if (rc == ERR_CONFLICT) {
        attempt->fenced = true;
        return false;
    }
    if (!attempt->store_is_away)
        log_failure(LOG_WARNING, "store_is_away", err, "job_id=%" PRId64, id);
    attempt->store_is_away = true;
    attempt->pause = attempt->pause > 0 ? fmin(attempt->pause * 2, PAUSE_MAX) : PAUSE_FIRST;
    attempt->next_try = clock_seconds() + attempt->pause;
    return false;
}

/* ---- start ---- */

/* The job's request from what the store kept of it. */
static enum err make_request(const struct job *job, struct job_request *ret_request,
                             struct error *err)
{
    enum err rc = ERR_OK;
    struct job_field_errors *wrong = NULL;
    json_t *json = json_object();
    if (json == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a job");
    TRY_PTR(wrong = mem_array(1, sizeof(*wrong), err));
    TRY(json_set(json, "model_type", json_text(job->model_type), err));
    TRY(json_set(json, "data_path", json_text(job->data_path), err));
    const char *const names[] = {"params", "run"}, *const texts[] = {job->params_json,
                                                                     job->run_json};
    for (int i = 0; i < 2; i++) {
        json_t *part = NULL;
        rc = json_read(texts[i], strlen(texts[i]), JSON_REJECT_DUPLICATES, &part, err);
        if (rc == ERR_INVALID)
            rc = FAIL(err, ERR_CORRUPT, "the job's %s are no JSON", names[i]);
        TRY(rc);
        TRY(json_set(json, names[i], part, err));
    }
    TRY(job_request_check_json(json, ret_request, wrong, err));
done:
    mem_free(wrong);
    json_decref(json);
    return rc;
}

static enum err launch_training(struct attempt *attempt, struct child_spec *spec, struct error *err)
{
    enum err rc;
    const struct data_place *place = &attempt->path.place;
    TRY(make_request(attempt->job, &spec->request, err));
    if (params_find(&spec->request.kind->params, "iterations") != NULL)
        attempt->recorder.course = COURSE_ITERATIONS;
    TRY(data_path_open(attempt->spec.config, attempt->job->data_path, &attempt->path, err));
    TRY(attempt_files_make(attempt->model_dir, attempt->fence, err));
    const int handed[2] = {place->directory, place->above};
    spec->pattern = place->pattern;
    TRY(child_start(spec, handed, &attempt->child, err));
done:
    return rc;
}

static enum err launch(struct attempt *attempt, struct error *err)
{
    enum err rc;
    char directory[ATTEMPT_PATH_MAX];
    const struct config *config = attempt->spec.config;
    struct child_spec spec = {
        .task = CHILD_TRAIN,
        .job_id = attempt->job->job_id,
        .attempt = attempt->job->attempt,
        .memory_bytes = config_int(config, "JOB_MEMORY"),
        .output_directory = attempt_files_path(attempt->model_dir, attempt->fence, directory),
    };
    if (attempt->job->task == JOB_PREDICT)
        TRY(attempt_predict_launch(attempt, &spec, err));
    else
        TRY(launch_training(attempt, &spec, err));
    fail_point("spawned", attempt->job->attempt);
    const int64_t hours = config_int(config, "JOB_HOURS");
    if (hours > 0)
        attempt->ends_at = attempt->started + (double)hours * 3600;
done:
    return rc;
}

static enum err make(const struct attempt_spec *spec, struct job *job, struct attempt **ret_attempt,
                     struct error *err)
{
    enum err rc;
    struct attempt *attempt = mem_array(1, sizeof(*attempt), err);
    if (attempt == NULL)
        return ERR_NOMEM;
    *attempt = (struct attempt){
        .spec = *spec,
        .model_dir = config_text(spec->config, "MODEL_DIR"),
        .fence = {job->job_id, job->epoch},
        .child = {.out = -1, .err = -1},
        .started = clock_seconds(),
    };
    line_reader_init(&attempt->lines, CHILD_LINE_MAX);
    line_reader_init(&attempt->complaints, COMPLAINT_MAX);
    attempt->next_renewal = attempt->started + (double)spec->lease_ms / 3000;
    TRY(recorder_init(&attempt->recorder, spec->store, attempt->fence, COURSE_PLAIN, err));
    attempt->job = job; /* from here on ours */
    *ret_attempt = attempt;
    attempt = NULL;
done:
    attempt_free(attempt);
    return rc;
}

enum err attempt_start(const struct attempt_spec *spec, struct job *job,
                       struct attempt **ret_attempt, struct error *err)
{
    enum err rc;
    struct attempt *attempt;
    char text[JOB_DESCRIPTION_SIZE], path[LOG_VALUE_MAX], description[LOG_VALUE_MAX];
    struct error ignored;
    TRY(make(spec, job, &attempt, err));
    if (job_log_open(attempt->model_dir, job->job_id, &attempt->log, &ignored) != ERR_OK)
        log_failure(LOG_WARNING, "job_log_failed", &ignored, "job_id=%" PRId64, job->job_id);
    if (job->task == JOB_PREDICT)
        attempt_predict_words(job, text, sizeof(text));
    else
        job_describe(job, text, sizeof(text));
    log_info("job_claimed",
             "job_id=%" PRId64 " task=%s attempt=%" PRId64 " epoch=%" PRId64 " user_id=%" PRId64
             " model=%s data_path=%s",
             job->job_id, job_task_name(job->task), job->attempt, job->epoch, job->user_id,
             log_value(text, description, sizeof(description)),
             log_value(job->data_path, path, sizeof(path)));
    job_log_write(attempt->log, LOG_INFO, "attempt %" PRId64 ": %s%s%s", job->attempt, text,
                  job->task == JOB_PREDICT ? "" : " on ",
                  job->task == JOB_PREDICT ? "" : job->data_path);
    fail_point("claimed", job->attempt);
    if (launch(attempt, err) != ERR_OK) {
        if (strcmp(err->reason, "spawn_failed") == 0 || err->code == ERR_NOMEM)
            attempt_verdict(attempt, VERDICT_DIED, NULL, "%s", err->message);
        else if (strncmp(err->reason, "store_", 6) == 0) /* it is away: nobody's fault */
            attempt_verdict(attempt, VERDICT_RELEASE, NULL, "%s", err->message);
        else
            attempt_verdict(attempt, VERDICT_FAIL, job_problem_code(err), "%s", err->message);
    }
    *ret_attempt = attempt;
done:
    return rc;
}

/* ---- what the child tells ---- */

static void take_line(struct attempt *attempt, const struct child_line *line)
{
    const int64_t id = attempt->job->job_id;
    switch (line->event) {
    case CHILD_NOTE:
        job_log_write(attempt->log, line->level, "%s", line->message);
        break;
    case CHILD_PHASE:
        log_info("job_phase", "job_id=%" PRId64 " phase=%s seconds=%.3f", id,
                 job_phase_name(line->phase), clock_seconds() - attempt->started);
        job_log_write(attempt->log, LOG_INFO, "phase %s", job_phase_name(line->phase));
        break;
    case CHILD_ITERATION:
        job_log_write(attempt->log, LOG_INFO,
                      "iteration %d of %.0f: loss %.6g, %.3f s, recall %.6g", line->iteration,
                      line->total, line->loss, line->seconds, line->recall);
        break;
    case CHILD_WARNING:
        job_log_write(attempt->log, LOG_WARNING, "%s", line->message);
        break;
    case CHILD_RESULT:
        json_decref(attempt->result);
        attempt->result = json_incref(line->result);
        break;
    case CHILD_ERROR:
        attempt->failure.code = line->code;
        snprintf(attempt->failure.message, sizeof(attempt->failure.message), "%s", line->message);
        break;
    case CHILD_PROGRESS:
        break;
    }
    recorder_take(&attempt->recorder, line);
}

/* The child said what it never should: it is no longer itself. */
static void distrust(struct attempt *attempt, const struct error *err)
{
    log_failure(LOG_ERROR, "child_line_refused", err, "job_id=%" PRId64, attempt->job->job_id);
    attempt->is_broken = true;
    child_signal(&attempt->child, SIGKILL);
}

static void take_output(struct attempt *attempt, const char *bytes, size_t size)
{
    struct error err;
    struct str text;
    struct child_line line;
    if (attempt->is_broken)
        return;
    if (line_reader_add(&attempt->lines, bytes, size, &err) != ERR_OK) {
        distrust(attempt, &err);
        return;
    }
    while (line_reader_next(&attempt->lines, &text)) {
        if (child_line_parse(text.ptr, text.len, &line, &err) != ERR_OK) {
            distrust(attempt, &err);
            return;
        }
        take_line(attempt, &line);
        child_line_release(&line);
    }
}

/* What comes on stderr is for the log: the last words of a library, or of a sanitizer. */
static void take_complaint(struct attempt *attempt, const char *bytes, size_t size)
{
    struct error err;
    struct str text;
    if (line_reader_add(&attempt->complaints, bytes, size, &err) != ERR_OK) {
        line_reader_release(&attempt->complaints);
        return;
    }
    while (line_reader_next(&attempt->complaints, &text))
        job_log_write(attempt->log, LOG_WARNING, "%.*s", (int)text.len, text.ptr);
}

static void drain(struct attempt *attempt, int *fd,
                  void (*take)(struct attempt *attempt, const char *bytes, size_t size))
{
    char bytes[READ_BYTES];
    while (*fd >= 0) {
        const ssize_t got = read(*fd, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            close(*fd);
            *fd = -1;
            return;
        }
        take(attempt, bytes, (size_t)got);
    }
}

void attempt_poll_fds(const struct attempt *attempt, struct pollfd out[2])
{
    out[0] = (struct pollfd){.fd = attempt->child.out, .events = POLLIN};
    out[1] = (struct pollfd){.fd = attempt->child.err, .events = POLLIN};
}

int attempt_timeout_ms(const struct attempt *attempt)
{
    const double due = recorder_due_in(&attempt->recorder);
    if (attempt->store_is_away || due < 0 || due > TICK_MS / 1000.0)
        return TICK_MS;
    return (int)(due * 1000) + 1;
}

/* ---- while it runs ---- */

static void ask_child_to_stop(struct attempt *attempt)
{
    if (attempt->asked_to_stop)
        return;
    attempt->asked_to_stop = true;
    attempt->kill_at = clock_seconds() + STOP_MS / 1000.0;
    log_info("job_asked_to_stop", "job_id=%" PRId64, attempt->job->job_id);
    child_signal(&attempt->child, SIGTERM);
}

void attempt_give_back(struct attempt *attempt)
{
    attempt->given_back = true;
    child_signal(&attempt->child, SIGKILL);
}

/* Lease, request to stop, and what the child told. */
static void talk_to_store(struct attempt *attempt, double now)
{
    struct error err = {0};
    enum err rc = ERR_OK;
    bool cancel = false;
    struct store *store = attempt->spec.store;
    if (attempt->fenced || (attempt->store_is_away && now < attempt->next_try))
        return;
    if (now >= attempt->next_renewal) {
        rc = job_renew(store, attempt->fence, attempt->spec.lease_ms, &cancel, &err);
        if (rc == ERR_OK)
            attempt->next_renewal = now + (double)attempt->spec.lease_ms / 3000;
    } else if (now >= attempt->next_look) {
        rc = job_asked_to_stop(store, attempt->fence, &cancel, &err);
        attempt->next_look = now + LOOK_MS / 1000.0;
    }
    if (attempt_heed(attempt, rc, &err) && cancel)
        ask_child_to_stop(attempt);
    if (rc == ERR_OK && !attempt->asked_to_stop) {
        rc = recorder_flush(&attempt->recorder, false, &err);
        if (rc == ERR_INVALID) /* a status that goes back: no run of ours does that */
            distrust(attempt, &err);
        else
            (void)attempt_heed(attempt, rc, &err);
    }
    if (attempt->fenced)
        child_signal(&attempt->child, SIGKILL);
}

static void tend_running(struct attempt *attempt)
{
    int status;
    drain(attempt, &attempt->child.out, take_output);
    drain(attempt, &attempt->child.err, take_complaint);
    const double now = clock_seconds();
    if (attempt->kill_at > 0 && now >= attempt->kill_at)
        child_signal(&attempt->child, SIGKILL);
    if (attempt->ends_at > 0 && now >= attempt->ends_at) {
        attempt->timed_out = true;
        child_signal(&attempt->child, SIGKILL);
    }
    if (child_reap(&attempt->child, &status)) {
        drain(attempt, &attempt->child.out, take_output); /* what it wrote last */
        drain(attempt, &attempt->child.err, take_complaint);
        attempt_judge(attempt, status);
        return;
    }
    talk_to_store(attempt, now);
}

static void tend_settling(struct attempt *attempt)
{
    struct error err = {0};
    enum err rc = ERR_OK;
    bool cancel;
    const double now = clock_seconds();
    if (attempt->fenced || (attempt->store_is_away && now < attempt->next_try))
        return;
    if (now >= attempt->next_renewal) { /* it may have been away for long */
        rc = job_renew(attempt->spec.store, attempt->fence, attempt->spec.lease_ms, &cancel, &err);
        if (rc == ERR_OK)
            attempt->next_renewal = now + (double)attempt->spec.lease_ms / 3000;
    }
    if (rc == ERR_OK || rc == ERR_CONFLICT) /* the end may have been written, and its answer lost */
        rc = attempt_settle(attempt, &err);
    if (attempt_heed(attempt, rc, &err))
        attempt->state = ATTEMPT_OVER;
}

bool attempt_tend(struct attempt *attempt, enum attempt_end *ret_end)
{
    if (attempt->state == ATTEMPT_RUNNING)
        tend_running(attempt);
    if (attempt->state == ATTEMPT_SETTLING)
        tend_settling(attempt);
    if (attempt->fenced && attempt->child.pid == 0 && attempt->state != ATTEMPT_OVER) {
        log_warning("fenced", "job_id=%" PRId64 " epoch=%" PRId64, attempt->fence.job_id,
                    attempt->fence.epoch);
        job_log_write(attempt->log, LOG_WARNING,
                      "attempt %" PRId64 " is over: the job is no longer this worker's",
                      attempt->job->attempt);
        attempt->end = ATTEMPT_FENCED;
        attempt->state = ATTEMPT_OVER;
    }
    if (attempt->state != ATTEMPT_OVER)
        return false;
    *ret_end = attempt->end;
    return true;
}

void attempt_free(struct attempt *attempt)
{
    if (attempt == NULL)
        return;
    child_release(&attempt->child);
    if (attempt->job != NULL)
        attempt_files_remove(attempt->model_dir, attempt->fence);
    data_path_close(&attempt->path);
    recorder_release(&attempt->recorder);
    line_reader_release(&attempt->lines);
    line_reader_release(&attempt->complaints);
    job_log_close(attempt->log);
    json_decref(attempt->result);
    job_free(attempt->job);
    mem_free(attempt);
}
