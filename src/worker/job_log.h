#ifndef WORKER_JOB_LOG_H
#define WORKER_JOB_LOG_H

/*
 * The log of one job: MODEL_DIR/logs/job_{id}.log, which worker and child add to and the page
 * shows. Lines are `2026-01-02T03:04:05Z level text`; a retry after a worker's death goes on in
 * the same file. It ends at JOB_LOG_MAX bytes, with a line that says so.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

enum { JOB_LOG_MAX = 1 << 20, JOB_LOG_PATH_MAX = 4200 };

/* The path of the file, whether it is there or not. Returns out. */
const char *job_log_path(const char *model_dir, int64_t job_id, char out[JOB_LOG_PATH_MAX]);

struct job_log; /* one thread at a time */

/* Make the directory and the file where they are not there, and add to it. ERR_IO, ERR_DENIED,
 * ERR_NOMEM. */
MUST_CHECK enum err job_log_open(const char *model_dir, int64_t job_id, struct job_log **ret_log,
                                 struct error *err);
void job_log_close(struct job_log *log); /* NULL is allowed */

/* Add a line; one of several lines becomes several. Control characters become blanks. A log that
 * cannot be written must not stop a job: what fails here is dropped. NULL log: nothing. */
void job_log_write(struct job_log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Bytes of a job's log, 0 where there is none. */
int64_t job_log_bytes(const char *model_dir, int64_t job_id);

/* Remove it; none is fine. ERR_IO, ERR_DENIED. */
MUST_CHECK enum err job_log_remove(const char *model_dir, int64_t job_id, struct error *err);

#endif
