#ifndef MODEL_FOLD_H
#define MODEL_FOLD_H

/*
 * Fold-in: what a model says to somebody who was not trained on, from what they did, with all that
 * it learned of the items left as it is. A kind that can do it names a `struct fold_kind`
 * (model/model.h); predict/predictor.h is how others ask.
 */
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

struct model;

/* What somebody did: items ascending, each once, with the number of interactions, above 0. All is
 * borrowed. */
struct history {
    const int32_t *items; /* [count] */
    const float *counts;  /* [count] */
    int32_t count;        /* at least 1 */
};

struct fold_kind {
    /* What all fold-ins of a model share; `params` are those of its run. The model is borrowed for
     * the state's life. ERR_CORRUPT: the parameters are missing or out of range; ERR_NOMEM. */
    enum err (*open)(const struct model *model, const json_t *params, int32_t threads,
                     void **ret_state, struct error *err);
    void (*close)(void *state); /* NULL is allowed */

    /* Write the score of every item to scores[items]. ERR_NUMERIC: there is no finite one;
     * ERR_NOMEM. Threads may call all at once. */
    enum err (*score)(const void *state, const struct history *history, float *scores,
                      struct error *err);
    /* NULL, or for a kind with factors: write the person's own to x[factors], whose products with
     * the items' are what score() writes. */
    enum err (*vector)(const void *state, const struct history *history, float *x,
                       struct error *err);
    /* How much each of the history's items adds to the score of `item`: parts[count], whose sum is
     * that score. */
    enum err (*explain)(const void *state, const struct history *history, int32_t item,
                        double *parts, struct error *err);
};

#endif
