/* An attempt once its child is gone: what becomes of the job, and how that is written. */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fail_point.h"
#include "base/memory.h"
#include "jobs/problem.h"
#include "model/kinds.h"
#include "store/jobs.h"
#include "worker/attempt_parts.h"
#include "worker/attempt_predict.h"

enum { FILES_TOLD_MAX = 100 }; /* of the data, in a result that would be too long */

static const char *const end_names[] = {
    [ATTEMPT_COMPLETED] = "completed", [ATTEMPT_FAILED] = "failed", [ATTEMPT_RELEASED] = "released",
    [ATTEMPT_DIED] = "died",           [ATTEMPT_POISON] = "poison", [ATTEMPT_FENCED] = "fenced",
};

const char *attempt_end_name(enum attempt_end end)
{
    return end_names[end];
}

void attempt_verdict(struct attempt *attempt, enum verdict verdict, const char *code,
                     const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(attempt->words, sizeof(attempt->words), format, args);
    va_end(args);
    attempt->verdict = verdict;
    attempt->code = code;
    attempt->state = ATTEMPT_SETTLING;
}

/* ---- the verdict ---- */

/* While a large model is summed up, the lease is kept. */
static enum err tend_meanwhile(void *context, struct error *err)
{
    enum err rc = ERR_OK;
    bool cancel = false;
    struct attempt *attempt = context;
    const double now = clock_seconds();
    if (attempt->spec.meanwhile != NULL)
        attempt->spec.meanwhile(attempt->spec.context);
    if (now < attempt->next_renewal)
        return ERR_OK;
    rc = job_renew(attempt->spec.store, attempt->fence, attempt->spec.lease_ms, &cancel, err);
    attempt->next_renewal = now + (double)attempt->spec.lease_ms / 3000;
    return rc == ERR_CONFLICT ? rc : ERR_OK;
}

static void judge_result(struct attempt *attempt)
{
    struct error err;
    enum err rc = ERR_OK;
    fail_point("result", attempt->job->attempt);
    if (attempt->job->task == JOB_PREDICT)
        rc = attempt_predict_publish(attempt, tend_meanwhile, &err);
    else if (!json_is_null(json_object_get(attempt->result, "model_path")))
        rc = attempt_files_publish(attempt->model_dir, attempt->fence, attempt->result,
                                   tend_meanwhile, attempt, &attempt->published, &err);
    if (rc == ERR_CONFLICT)
        attempt->fenced = true;
    else if (rc == ERR_CORRUPT)
        attempt_verdict(attempt, VERDICT_DIED, NULL, "%s", err.message);
    else if (rc != ERR_OK)
        attempt_verdict(attempt, VERDICT_FAIL, job_problem_code(&err), "%s", err.message);
    else
        attempt_verdict(attempt, VERDICT_FINISH, NULL, "completed");
    if (rc == ERR_OK)
        fail_point("renamed", attempt->job->attempt);
}

void attempt_judge(struct attempt *attempt, int status)
{
    char words[256];
    const bool is_at_limit = WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU;
    const bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (attempt->fenced)
        return;
    if (attempt->given_back)
        attempt_verdict(attempt, VERDICT_RELEASE, NULL, "the worker stops");
    else if (attempt->asked_to_stop)
        attempt_verdict(attempt, VERDICT_FAIL, JOB_CANCELLED, "cancelled");
    else if (attempt->timed_out || is_at_limit)
        attempt_verdict(attempt, VERDICT_FAIL, JOB_TIME_LIMIT,
                        "stopped after %" PRId64 " h, which is all that a job may take "
                        "(JOB_HOURS)",
                        config_int(attempt->spec.config, "JOB_HOURS"));
    else if (attempt->is_broken)
        attempt_verdict(attempt, VERDICT_DIED, NULL,
                        "the job's process told what is no line of ours, and was ended");
    else if (attempt->result != NULL && ended_well)
        judge_result(attempt);
    else if (attempt->failure.code != NULL && WIFEXITED(status))
        attempt_verdict(attempt, VERDICT_FAIL, attempt->failure.code, "%s",
                        attempt->failure.message);
    else
        attempt_verdict(attempt, VERDICT_DIED, NULL, "the job's process: %s",
                        child_end_words(status, words, sizeof(words)));
}

/* ---- writing it ---- */

/* What the store keeps of a result: all of it, but of very many files only the first. */
static enum err result_text(json_t *result, struct strbuf *out, struct error *err)
{
    enum err rc;
    json_t *files = json_object_get(json_object_get(result, "data"), "files");
    TRY(json_write(result, 0, out, err));
    if (out->len <= JOB_RESULT_MAX)
        goto done;
    out->len = 0;
    while (json_array_size(files) > FILES_TOLD_MAX)
        json_array_remove(files, json_array_size(files) - 1);
    TRY(json_set(json_object_get(result, "data"), "files_are_cut", json_true(), err));
    TRY(json_write(result, 0, out, err));
done:
    return rc;
}

static enum err finish(struct attempt *attempt, struct error *err)
{
    enum err rc;
    struct strbuf text;
    const bool predicts = attempt->job->task == JOB_PREDICT;
    const bool has_model = !predicts && attempt->published.model_path[0] != '\0';
    strbuf_init(&text, 8 << 20);
    TRY(recorder_flush(&attempt->recorder, true, err));
    TRY(result_text(attempt->result, &text, err));
    const bool is_floor = strcmp(attempt->job->model_type, popular_kind.name) == 0;
    const struct job_outcome outcome = {
        .metrics = json_object_get(attempt->result, "metrics"),
        .popular_metrics =
            is_floor || predicts ? NULL : json_object_get(attempt->result, "popular_metrics"),
        .result_json = text.ptr,
        .model_path = has_model ? attempt->published.model_path : NULL,
        .model_sha256 = attempt->published.sha256,
        .model_bytes = attempt->published.bytes,
        .program_version = json_string_value(json_object_get(attempt->result, "version")),
        .file = predicts ? &attempt->table : NULL,
    };
    TRY(job_finish(attempt->spec.store, attempt->fence, &outcome, err));
done:
    strbuf_release(&text);
    return rc;
}

/* Whether the job is completed with our very model: then the commit went through, and only its
 * answer was lost. */
static enum err is_predicted_by_us(struct attempt *attempt, bool *ret_is, struct error *err)
{
    struct prediction *now = NULL;
    const enum err rc =
        prediction_read(attempt->spec.store, 0, attempt->job->job_id, true, &now, err);
    *ret_is = rc == ERR_OK && now->job.status == JOB_COMPLETED &&
              now->job.epoch == attempt->fence.epoch && now->file_path != NULL &&
              strcmp(now->file_path, attempt->published.model_path) == 0;
    prediction_free(now);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err is_completed_by_us(struct attempt *attempt, bool *ret_is, struct error *err)
{
    if (attempt->job->task == JOB_PREDICT)
        return is_predicted_by_us(attempt, ret_is, err);
    struct job *job = NULL;
    const char *ours = attempt->published.model_path;
    const enum err rc =
        job_read(attempt->spec.store, 0, JOB_ANY_TASK, attempt->job->job_id, &job, err);
    if (rc == ERR_OK)
        *ret_is = job->status == JOB_COMPLETED && job->epoch == attempt->fence.epoch &&
                  strcmp(job->model_path != NULL ? job->model_path : "", ours) == 0;
    job_free(job);
    if (rc == ERR_NOT_FOUND) { /* removed meanwhile */
        *ret_is = false;
        return ERR_OK;
    }
    return rc;
}

static enum err settle_finish(struct attempt *attempt, struct error *err)
{
    bool is_ours = false;
    struct error first;
    const enum err rc = finish(attempt, &first);
    if (rc == ERR_OK) {
        attempt->end = ATTEMPT_COMPLETED;
        return rc;
    }
    if (rc == ERR_CONFLICT) {
        const enum err read = is_completed_by_us(attempt, &is_ours, err);
        if (read != ERR_OK)
            return read;
        if (is_ours) {
            attempt->end = ATTEMPT_COMPLETED;
            return ERR_OK;
        }
        published_remove(&attempt->published);
    }
    if (rc == ERR_INVALID || rc == ERR_CORRUPT) { /* it would be refused again */
        published_remove(&attempt->published);
        attempt_verdict(attempt, VERDICT_FAIL, job_problem_code(&first), "%s", first.message);
    }
    *err = first;
    return rc;
}

/* Whether the death that was just written was one too many. */
static enum err died_too_often(struct attempt *attempt, bool *ret_did, struct error *err)
{
    struct job *job = NULL;
    const enum err rc =
        job_read(attempt->spec.store, 0, JOB_ANY_TASK, attempt->job->job_id, &job, err);
    *ret_did = rc == ERR_OK && job->status == JOB_FAILED;
    job_free(job);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err settle_death(struct attempt *attempt, const char *words, struct error *err)
{
    bool poison = false;
    const enum err rc = job_died(attempt->spec.store, attempt->fence, words, err);
    if (rc != ERR_OK)
        return rc;
    if (died_too_often(attempt, &poison, err) != ERR_OK)
        poison = false; /* only a letter less among the dead ones */
    attempt->end = poison ? ATTEMPT_POISON : ATTEMPT_DIED;
    return ERR_OK;
}

/* The store takes UTF-8 alone; a path in a message may be anything, or cut in a character. */
static void clean(const char *text, char out[STORE_TEXT_MAX + 1])
{
    size_t used = 0;
    while (*text != '\0') {
        const size_t length = text_utf8_length(text), step = length > 0 ? length : 1;
        if (used + step > STORE_TEXT_MAX)
            break;
        if (length > 0)
            memcpy(out + used, text, length);
        else
            out[used] = '?';
        used += step;
        text += step;
    }
    out[used] = '\0';
}

static enum err write_verdict(struct attempt *attempt, struct error *err)
{
    char words[STORE_TEXT_MAX + 1];
    clean(attempt->words, words);
    if (attempt->verdict == VERDICT_FINISH)
        return settle_finish(attempt, err);
    if (attempt->verdict == VERDICT_DIED)
        return settle_death(attempt, words, err);
    if (attempt->verdict == VERDICT_RELEASE) {
        attempt->end = ATTEMPT_RELEASED;
        return job_release(attempt->spec.store, attempt->fence, err);
    }
    attempt->end = ATTEMPT_FAILED;
    return job_fail(attempt->spec.store, attempt->fence, attempt->code, words, err);
}

static void tell(const struct attempt *attempt)
{
    char words[LOG_VALUE_MAX], path[LOG_VALUE_MAX];
    const bool went_well = attempt->end == ATTEMPT_COMPLETED || attempt->end == ATTEMPT_RELEASED;
    const double seconds = clock_seconds() - attempt->started;
    const enum log_level level = went_well ? LOG_INFO : LOG_WARNING;
    if (attempt->end == ATTEMPT_COMPLETED) {
        const json_t *metrics = json_object_get(attempt->result, "metrics");
        if (attempt->job->task == JOB_PREDICT)
            log_info("prediction_completed",
                     "job_id=%" PRId64 " seconds=%.3f users=%" PRId64 " rows=%" PRId64
                     " file_path=%s",
                     attempt->job->job_id, seconds, attempt->table.users, attempt->table.rows,
                     log_value(attempt->published.model_path, path, sizeof(path)));
        else
            log_info("job_completed",
                     "job_id=%" PRId64 " seconds=%.3f recall_at_k=%.6f model_path=%s",
                     attempt->job->job_id, seconds,
                     json_number_value(json_object_get(metrics, "recall_at_k")),
                     log_value(attempt->published.model_path, path, sizeof(path)));
        job_log_write(attempt->log, LOG_INFO, "completed in %.2f s: %s", seconds,
                      attempt->published.model_path);
        return;
    }
    log_write(level, "job_ended", "job_id=%" PRId64 " end=%s code=%s seconds=%.3f message=%s",
              attempt->job->job_id, end_names[attempt->end],
              attempt->code != NULL ? attempt->code : "-", seconds,
              log_value(attempt->words, words, sizeof(words)));
    job_log_write(attempt->log, attempt->end == ATTEMPT_RELEASED ? LOG_INFO : LOG_ERROR, "%s: %s",
                  end_names[attempt->end], attempt->words);
}

enum err attempt_settle(struct attempt *attempt, struct error *err)
{
    /* Before it shows that the job has ended: a model is in its place by now, the rest is over. */
    attempt_files_remove(attempt->model_dir, attempt->fence);
    const enum err rc = write_verdict(attempt, err);
    if (rc == ERR_OK) {
        fail_point("committed", attempt->job->attempt);
        tell(attempt);
    }
    return rc;
}
