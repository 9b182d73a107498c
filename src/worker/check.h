#ifndef WORKER_CHECK_H
#define WORKER_CHECK_H

/*
 * A look at data before a job is started: whether it can be read, how much there is, and what
 * training on it will take. Files are foreign bytes, so this happens in a sandboxed process like a
 * job's (worker/child.h), with limits of its own; the caller only waits.
 */
#include "base/json.h"
#include "config/config.h"
#include "jobs/request.h"

enum { DATA_CHECK_TIMEOUT_MS = 60000, MODEL_CHECK_TIMEOUT_MS = 300000 };

/*
 * Check the data of `request` as a job with these parameters would see it. request->kind NULL:
 * ALS at its defaults is what the estimate is for. *ret_report, which the caller owns:
 *   {"rows", "users", "items", "time": {"min", "max", "threshold", "unit"},
 *    "holdout": {"users", "pairs"}, "funnel": {…}, "data": {passport},
 *    "estimate": {"memory_bytes", "seconds"}, "warnings": ["…"]}
 * A fault of the data or the path is the error itself, with its reason (data/dataset.h,
 * worker/data_path.h). Besides: ERR_IO, reason time_limit (it took longer than timeout_ms) or
 * crashed (the process died: in words); ERR_NOMEM. Blocks; any thread may call it, several at once.
 */
MUST_CHECK enum err data_check(const struct config *config, const struct job_request *request,
                               int timeout_ms, json_t **ret_report, struct error *err);

/*
 * Look at a model file that came from elsewhere, every byte of it, in the same way. `fd` is open
 * for reading, and stays the caller's. *ret_report, the caller's: see worker/child_inspect.h.
 * ERR_CORRUPT (model_file_corrupt): it is no model file, or damaged, in words; the rest as above.
 */
MUST_CHECK enum err model_check(const struct config *config, int fd, int timeout_ms,
                                json_t **ret_report, struct error *err);

/* The same for the hits of a model (train/hits.h). ERR_CORRUPT (hits_corrupt): it is no such file.
 */
MUST_CHECK enum err hits_check(const struct config *config, int fd, int timeout_ms,
                               json_t **ret_report, struct error *err);

#endif
