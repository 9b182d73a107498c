/* Jobs and models as texts for people. */
#include "api/page_texts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "eval/metrics.h"
#include "jobs/problem.h"

const char *page_percent(double share, char *out, size_t out_size)
{
    const double percent = 100 * share;
    if (!isfinite(share))
        snprintf(out, out_size, "%s", "");
    else
        snprintf(out, out_size, fabs(percent) < 9.995 ? "%.2f %%" : "%.1f %%", percent);
    return out;
}

const char *page_time(int64_t time_ms, char *out, size_t out_size)
{
    struct tm utc;
    const time_t seconds = (time_t)(time_ms / 1000);
    if (time_ms == 0 || gmtime_r(&seconds, &utc) == NULL ||
        strftime(out, out_size, "%Y-%m-%d %H:%M UTC", &utc) == 0)
        snprintf(out, out_size, "%s", "");
    return out;
}

static const char *status_text(const struct job *job)
{
    static const char *const words[][2] = {
        {"pending", "Pending"},
        {"loading_data", "Loading data"},
        {"preprocessing", "Preprocessing"},
        {"training", "Training"},
        {"completed", "Completed"},
        {"failed", "Failed"},
        {"cancelled", "Cancelled"},
    };
    const char *status = job_shown_status(job);
    if (job->cancel_requested)
        return "Stopping";
    if (job->status == JOB_TRAINING && job->phase != NULL && strcmp(job->phase, "evaluate") == 0)
        return "Evaluating";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i][0], status) == 0)
            return words[i][1];
    return status;
}

static const char *duration_text(const struct job *job, int64_t now_ms, char *out, size_t out_size)
{
    const int64_t end_ms = job->ended_ms != 0 ? job->ended_ms : now_ms;
    if (job->started_ms == 0)
        snprintf(out, out_size, "%s", "");
    else
        text_seconds((double)(end_ms - job->started_ms) / 1000, out, out_size);
    return out;
}

/* A number of a flat object that the store keeps, without building the object: a page has a hundred
 * of them. NAN: it is not there. */
static double number_of(const char *json, const char *name)
{
    char key[PAGE_TEXT_SIZE], *end;
    snprintf(key, sizeof(key), "\"%s\":", name);
    const char *at = json != NULL ? strstr(json, key) : NULL;
    if (at == NULL)
        return NAN;
    const double value = strtod(at + strlen(key), &end);
    return end != at + strlen(key) ? value : NAN;
}

void page_job_texts(const struct job *job, int64_t now_ms, struct page_job_texts *ret_texts)
{
    struct page_job_texts *texts = ret_texts;
    const char *metrics = job->metrics_json;
    texts->status = status_text(job);
    snprintf(texts->job_id, sizeof(texts->job_id), "%" PRId64, job->job_id);
    snprintf(texts->progress, sizeof(texts->progress), "%d", (int)(100 * job->progress));
    job_describe(job, texts->description, sizeof(texts->description));
    page_percent(number_of(metrics, "recall_at_k"), texts->recall, sizeof(texts->recall));
    page_percent(number_of(metrics, "precision_at_k"), texts->precision, sizeof(texts->precision));
    page_percent(number_of(metrics, "f1_at_k"), texts->f1, sizeof(texts->f1));
    duration_text(job, now_ms, texts->duration, sizeof(texts->duration));
    page_time(job->created_ms, texts->created, sizeof(texts->created));
}

static json_t *text_or_null(const char *text)
{
    return text != NULL ? json_text(text) : json_null();
}

json_t *page_job_fields(const struct job *job, int64_t now_ms)
{
    struct page_job_texts texts;
    const struct job_problem *problem =
        job->error_code != NULL ? job_problem_find(job->error_code) : NULL;
    page_job_texts(job, now_ms, &texts);
    return json_pack(
        "{s:I,s:o,s:o,s:s,s:s,s:b,s:b,s:s,s:o,s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o}", "job_id",
        (json_int_t)job->job_id, "name", text_or_null(job->name), "description",
        json_text(texts.description), "status", job_shown_status(job), "status_text", texts.status,
        "is_running", job_status_is_active(job->status), "is_pending", job->status == JOB_PENDING,
        "progress_percent", texts.progress, "data_path", json_text(job->data_path), "recall",
        texts.recall, "precision", texts.precision, "f1", texts.f1, "duration", texts.duration,
        "created", texts.created, "message", text_or_null(job->message), "error_title",
        job->status == JOB_FAILED ? json_text(problem != NULL ? problem->title : "Failed")
                                  : json_null(),
        "error_message", text_or_null(job->error_message));
}

/* ---- lists of a page ---- */

enum err page_add_members(json_t *list, const json_t *object, struct error *err)
{
    enum err rc = ERR_OK;
    const char *key;
    json_t *value;
    char text[PAGE_TEXT_SIZE];
    json_object_foreach((json_t *)object, key, value)
    {
        if (json_is_integer(value))
            text_grouped(json_integer_value(value), text, sizeof(text));
        else if (json_is_real(value))
            snprintf(text, sizeof(text), "%g", json_real_value(value));
        if (json_is_null(value) || json_is_object(value) || json_is_array(value))
            continue;
        TRY(json_append(list,
                        json_pack("{s:o,s:o}", "name", json_text(key), "value",
                                  json_is_string(value) ? json_incref(value) : json_string(text)),
                        err));
    }
done:
    return rc;
}

enum err page_add_metrics(json_t *context, const char *metrics_json, const char *run_json,
                          struct error *err)
{
    enum err rc = ERR_OK;
    char title[PAGE_TEXT_SIZE], value[PAGE_TEXT_SIZE];
    json_t *list = json_array(), *run = NULL, *metrics = NULL;
    TRY(json_read_stored("run", run_json, &run, err));
    TRY(json_read_stored("metrics", metrics_json, &metrics, err));
    const json_int_t k = json_integer_value(json_object_get(run, "k"));
    for (int32_t i = 0; i < metric_count() && metrics != NULL; i++) {
        const struct metric *metric = metric_at(i);
        const json_t *number = json_object_get(metrics, metric->name);
        if (!json_is_number(number))
            continue;
        const char *at = strstr(metric->title, "%d");
        snprintf(title, sizeof(title), "%.*s", (int)(at != NULL ? at - metric->title : 60),
                 metric->title);
        if (at != NULL)
            snprintf(title + strlen(title), sizeof(title) - strlen(title), "%d%s", (int)k, at + 2);
        TRY(json_append(list,
                        json_pack("{s:s,s:s}", "title", title, "value",
                                  page_percent(json_number_value(number), value, sizeof(value))),
                        err));
    }
    TRY(json_set(context, "metrics", json_incref(list), err));
done:
    json_decref(list);
    json_decref(run);
    json_decref(metrics);
    return rc;
}
