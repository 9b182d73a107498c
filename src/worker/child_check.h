#ifndef WORKER_CHILD_CHECK_H
#define WORKER_CHILD_CHECK_H

/* The task "check" inside the child: the report of worker/check.h, without its warnings, which the
 * child tells as they come. */
#include "base/json.h"
#include "train/run.h"

/*
 * Read and split the data of `run`, and estimate what training on it takes: one short fit over
 * about ESTIMATE_CELLS cells of the matrix is timed and scaled. Errors: dataset_load, ERR_NOMEM.
 */
MUST_CHECK enum err child_check(const struct run_spec *run, const struct progress *progress,
                                json_t **ret_report, struct error *err);

#endif
