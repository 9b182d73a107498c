#ifndef EVAL_EVALUATE_H
#define EVAL_EVALUATE_H

/*
 * Exact evaluation over the whole catalogue: for each user of the holdout the k best items, and
 * from the places of the hits the metrics of eval/metrics.h. Nothing is sampled unless asked.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "data/dataset.h"
#include "eval/metrics.h"
#include "model/model.h"

struct eval_spec {
    const struct model *model;
    const struct csr *train;       /* what users have seen */
    const struct holdout *holdout; /* at least one user */
    int32_t k;                     /* at least 1; may exceed the catalogue */
    int32_t threads;
    int32_t users_max; /* evaluate only a fixed sample of at most so many users; 0: all */
    bool prune;        /* see linalg/topk.h; the result is the same */
    const struct progress *progress; /* NULL allowed */
};

struct eval_result {
    double values[METRICS_MAX]; /* by index of the metric table */
    int32_t k, users;
    int32_t *hits; /* [users] hits of each user among its k, holdout order; owned */
    double seconds;
    double scored_share; /* of all user-item scores, how many were computed: below 1 by pruning */
};

/* Errors: ERR_NOMEM, ERR_CANCELLED. Release the result with eval_result_release. */
MUST_CHECK enum err evaluate(const struct eval_spec *spec, struct eval_result *ret_result,
                             struct error *err);
void eval_result_release(struct eval_result *result);

/* An object of all metrics by name: {"recall_at_k": 0.15, …}. NULL: out of memory. */
json_t *eval_metrics_to_json(const struct eval_result *result);

#endif
