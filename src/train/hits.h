#ifndef TRAIN_HITS_H
#define TRAIN_HITS_H

/*
 * The hits of each user, in a JSON file beside the model ("….pkl" → "….hits.json"): with the
 * fingerprint of the holdout in it, a later paired test of two runs can tell whether they were
 * judged on the same users and items, and pair them by place.
 *
 *   {"format": "rectrain-hits/1", "k": 40, "holdout_sha256": "…",
 *    "hits": [per user, in the order of the holdout], "targets": [items to find, per user]}
 */
#include "base/error.h"
#include "data/dataset.h"
#include "eval/evaluate.h"

/* Write it by way of a temporary file, fsync and rename. ret_path is the caller's (mem_free).
 * ERR_IO names the file and the system's reason; ERR_NOMEM. */
MUST_CHECK enum err hits_write(const char *model_path, const char *holdout_sha256,
                               const struct eval_result *judged, const struct holdout *holdout,
                               char **ret_path, struct error *err);

#endif
