#ifndef STORE_JOB_RECORD_H
#define STORE_JOB_RECORD_H

/* Inside of store/ only: rows of {job_columns} as struct job, and what several files do to jobs. */
#include "jobs/job.h"
#include "store/predictions.h"
#include "store/record.h"

/* Where the columns of {job_columns}, the result and the queue position go, in a struct that has a
 * struct job at offset `at`. */
#define JOB_WHOLE_FIELDS(at)                                                                       \
    {FIELD_INT, (at) + offsetof(struct job, job_id)},                                              \
        {FIELD_INT, (at) + offsetof(struct job, user_id)},                                         \
        {FIELD_TASK, (at) + offsetof(struct job, task)},                                           \
        {FIELD_TEXT, (at) + offsetof(struct job, name)},                                           \
        {FIELD_TEXT, (at) + offsetof(struct job, model_type)},                                     \
        {FIELD_TEXT, (at) + offsetof(struct job, data_path)},                                      \
        {FIELD_TEXT, (at) + offsetof(struct job, params_json)},                                    \
        {FIELD_TEXT, (at) + offsetof(struct job, run_json)},                                       \
        {FIELD_INT, (at) + offsetof(struct job, source_id)},                                       \
        {FIELD_TEXT, (at) + offsetof(struct job, model_name)},                                     \
        {FIELD_STATUS, (at) + offsetof(struct job, status)},                                       \
        {FIELD_TEXT, (at) + offsetof(struct job, phase)},                                          \
        {FIELD_REAL, (at) + offsetof(struct job, progress)},                                       \
        {FIELD_INT, (at) + offsetof(struct job, iteration)},                                       \
        {FIELD_TEXT, (at) + offsetof(struct job, message)},                                        \
        {FIELD_BOOL, (at) + offsetof(struct job, cancel_requested)},                               \
        {FIELD_INT, (at) + offsetof(struct job, epoch)},                                           \
        {FIELD_INT, (at) + offsetof(struct job, attempt)},                                         \
        {FIELD_INT, (at) + offsetof(struct job, deaths)},                                          \
        {FIELD_TEXT, (at) + offsetof(struct job, owner)},                                          \
        {FIELD_INT, (at) + offsetof(struct job, lease_until_ms)},                                  \
        {FIELD_TEXT, (at) + offsetof(struct job, error_code)},                                     \
        {FIELD_TEXT, (at) + offsetof(struct job, error_message)},                                  \
        {FIELD_TEXT, (at) + offsetof(struct job, metrics_json)},                                   \
        {FIELD_TEXT, (at) + offsetof(struct job, popular_metrics_json)},                           \
        {FIELD_TEXT, (at) + offsetof(struct job, model_path)},                                     \
        {FIELD_INT, (at) + offsetof(struct job, created_ms)},                                      \
        {FIELD_INT, (at) + offsetof(struct job, started_ms)},                                      \
        {FIELD_INT, (at) + offsetof(struct job, ended_ms)},                                        \
        {FIELD_INT, (at) + offsetof(struct job, updated_ms)},                                      \
        {FIELD_TEXT, (at) + offsetof(struct job, result_json)},                                    \
    {                                                                                              \
        FIELD_INT, (at) + offsetof(struct job, queue_position)                                     \
    }

/* The columns of {job_columns} alone; and with result and queue position after them. */
extern const struct record_type job_type, job_whole_type;
/* attempt, name, step, value, at_ms as struct job_point. */
extern const struct record_type point_type;

/* Add an event to a job, as the last thing before the commit. `message` NULL: none. */
MUST_CHECK enum err event_add(struct tx *tx, int64_t job_id, const char *kind, const char *message,
                              struct error *err);

/* In the transactions of job_create and job_finish: what a prediction has beside its job. */
MUST_CHECK enum err prediction_add(struct tx *tx, int64_t job_id, const struct job_new *job,
                                   struct error *err);
MUST_CHECK enum err prediction_finish(struct tx *tx, int64_t job_id,
                                      const struct prediction_file *file, struct error *err);

/* The event that a job is removed, before its row is. */
MUST_CHECK enum err event_removed(struct tx *tx, int64_t job_id, struct error *err);

/* The status in a cell, for the transition table. ERR_CORRUPT. */
MUST_CHECK enum err status_of(const struct rows *rows, int32_t column, enum job_status *ret_status,
                              struct error *err);

#endif
