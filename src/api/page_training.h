#ifndef API_PAGE_TRAINING_H
#define API_PAGE_TRAINING_H

/*
 * The pages that work without scripts: the training page (a form made of the tables, and the newest
 * jobs) and a job's details. With scripts the same address shows the application.
 */
#include "api/app.h"
#include "base/json.h"
#include "http/form.h"
#include "http/request.h"
#include "http/response.h"
#include "jobs/job.h"
#include "jobs/request.h"

struct page_training {
    const struct form *fields;             /* what was typed; NULL: nothing yet */
    const struct job_field_errors *errors; /* what is wrong with it; NULL: nothing */
    const char *problem;                   /* in one line, above the form; NULL: none */
};

/* /training/, status 200: the caller may say another one after. ?started=ID shows that it was. */
MUST_CHECK enum err page_training(struct app *app, struct request *request,
                                  struct response *response, const struct page_training *state,
                                  struct error *err);

/* A job as templates show it: job_id, name, description, status, status_text, is_running,
 * is_pending, progress_percent, data_path, recall, precision, f1, duration, created, message,
 * error_title, error_message. The caller owns it. NULL: no memory. */
json_t *page_job_fields(const struct job *job, int64_t now_ms);

/* A share as people read it: "15.2 %", "0.93 %"; "" where it is no number. */
const char *page_percent(const json_t *value, char *out, size_t out_size);

/* "2026-11-27 03:04 UTC", "" for 0. */
const char *page_time(int64_t time_ms, char *out, size_t out_size);

#endif
