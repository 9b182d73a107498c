#ifndef WORKER_CHILD_INSPECT_H
#define WORKER_CHILD_INSPECT_H

/* Inside of a child: the tasks "inspect" and "hits", for files that came from elsewhere. */
#include "base/json.h"

/*
 * Read the model file at CHILD_DATA_FD to its last byte (model_file_open with verify), and tell
 * what it holds: {"model_type", "params" (of the kind), "run", "metrics", "data" (the passport) or
 * null, "funnel" or null, "holdout_sha256" or null, "seed", "version", "users", "items"}.
 * ERR_CORRUPT (model_file_corrupt); errors of model_file_open. The caller owns *ret_result.
 */
MUST_CHECK enum err child_inspect(json_t **ret_result, struct error *err);

/*
 * The same for hits (train/hits.h) at CHILD_DATA_FD: {"k", "users", "users_below",
 * "holdout_sha256", "recall_at_k"}. ERR_CORRUPT (hits_corrupt); ERR_IO; ERR_NOMEM.
 */
MUST_CHECK enum err child_inspect_hits(json_t **ret_result, struct error *err);

#endif
