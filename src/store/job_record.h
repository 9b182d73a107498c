#ifndef STORE_JOB_RECORD_H
#define STORE_JOB_RECORD_H

/* Inside of store/ only: rows of {job_columns} as struct job, and what several files do to jobs. */
#include "jobs/job.h"
#include "store/record.h"

/* The columns of {job_columns} alone; and with result and queue position after them. */
extern const struct record_type job_type, job_whole_type;
/* attempt, name, step, value, at_ms as struct job_point. */
extern const struct record_type point_type;

/* Add an event to a job, as the last thing before the commit. `message` NULL: none. */
MUST_CHECK enum err event_add(struct tx *tx, int64_t job_id, const char *kind, const char *message,
                              struct error *err);

/* The status in a cell, for the transition table. ERR_CORRUPT. */
MUST_CHECK enum err status_of(const struct rows *rows, int32_t column, enum job_status *ret_status,
                              struct error *err);

#endif
