#ifndef API_PAGE_TEXTS_H
#define API_PAGE_TEXTS_H

/* Jobs and models as pages without scripts write them. Pure; any thread. */
#include "base/json.h"
#include "jobs/job.h"

enum { PAGE_TEXT_SIZE = 64 };

/* A share as people read it: "15.2 %", "0.93 %"; "" where it is not finite. */
const char *page_percent(double share, char *out, size_t out_size);

/* "2026-11-27 03:04 UTC", "" for 0. */
const char *page_time(int64_t time_ms, char *out, size_t out_size);

/* "" where there is nothing to tell. */
struct page_job_texts {
    const char *status; /* "Training" (static) */
    char job_id[24], progress[8], description[JOB_DESCRIPTION_SIZE];
    char recall[PAGE_TEXT_SIZE], precision[PAGE_TEXT_SIZE], f1[PAGE_TEXT_SIZE];
    char duration[PAGE_TEXT_SIZE], created[PAGE_TEXT_SIZE];
};
void page_job_texts(const struct job *job, int64_t now_ms, struct page_job_texts *ret_texts);

/* A job as templates show it: job_id, name, description, status, status_text, is_running,
 * is_pending, progress_percent, data_path, recall, precision, f1, duration, created, message,
 * error_title, error_message. The caller owns it. NULL: no memory. */
json_t *page_job_fields(const struct job *job, int64_t now_ms);

/* Append {"name", "value"} for each member that is a plain value, as text. */
MUST_CHECK enum err page_add_members(json_t *list, const json_t *object, struct error *err);

/* "metrics": a list of {"title", "value"}, of a job's metrics (NULL: none) in lists of its run's k.
 */
MUST_CHECK enum err page_add_metrics(json_t *context, const char *metrics_json,
                                     const char *run_json, struct error *err);

#endif
