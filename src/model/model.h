#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

/*
 * The table of model kinds. A kind is one file that fills a `struct model_kind` and one line in
 * model/kinds.h: its parameters, how it is fitted and how it scores. A trained model is data: a
 * few named arrays, which the model file stores as they are, so a new kind needs nothing there.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/params.h"
#include "base/progress.h"
#include "linalg/csr.h"
#include "model/fold.h"

enum { MODEL_ARRAYS_MAX = 6, MODEL_ARRAY_NAME_MAX = 32 };

enum dtype { DTYPE_F32, DTYPE_I32, DTYPE_I64 };

struct model_array {
    char name[MODEL_ARRAY_NAME_MAX];
    enum dtype dtype;
    int32_t ndim;     /* 1 or 2 */
    int64_t shape[2]; /* [rows] or [rows × columns] */
    int64_t stride;   /* elements from one row to the next: shape[1] where rows are packed */
    void *data;       /* row-major */
};

struct model {
    const struct model_kind *kind;
    int32_t users, items;
    int32_t array_count;
    struct model_array arrays[MODEL_ARRAYS_MAX];
    const struct csr *train; /* users × items, borrowed: what users did, for a kind whose score()
                                looks it up. Set by the fit() of such a kind, and in every model
                                that comes from a file */
    bool borrowed;           /* the arrays lie in a mapped file, not on the heap */
};

/* The factors of a model whose score is a product x_u . y_i; rows `stride` floats apart. */
struct factors_view {
    const float *users, *items;
    int64_t user_stride, item_stride;
    int32_t factors;
};

struct fit_input {
    const struct csr *train;        /* users × items, borrowed */
    const int64_t *popularity;      /* [items] train rows */
    const struct param_set *params; /* of the kind's table */
    uint64_t seed;
    int32_t threads; /* does not change the result */
    const struct progress *progress;
    /* Called after each iteration from the fitting thread, with the model as it is then (borrowed
     * for the call). NULL: nobody asks. An error ends the fit. */
    enum err (*on_iteration)(void *context, int32_t iteration, double loss, double seconds,
                             const struct model *current, struct error *err);
    void *context;
};

struct model_kind {
    const char *name;    /* "als": in file names, on the command line */
    const char *title;   /* "ALS": on the page */
    const char *summary; /* one sentence for the person who chooses */
    struct param_table params;
    bool personal; /* lists differ by user: seen items are left out of them. Otherwise one list
                      for everybody, seen items and all */
    /*
     * Train. On success the caller owns *ret_model (model_free); on failure it is untouched:
     * ERR_INVALID, ERR_NUMERIC, ERR_CANCELLED (polled so that a stop takes at most 2 s), ERR_NOMEM.
     */
    enum err (*fit)(const struct fit_input *input, struct model **ret_model, struct error *err);
    /* ERR_CORRUPT unless the arrays are all there, with the shapes that score() relies on. */
    enum err (*check)(const struct model *model, struct error *err);
    /* Write the score of every item for a user to scores[items]; higher is better. Threads may
     * call it at once. */
    void (*score)(const struct model *model, int32_t user, float *scores);
    /* NULL, or the factors for the fast way to the top (linalg/topk.h): must agree with score(). */
    void (*factors)(const struct model *model, struct factors_view *ret_view);
    /* NULL, or how to serve users that were not trained on. */
    const struct fold_kind *fold;
};

/* The table. model_kind_find: NULL when there is no such kind. */
int32_t model_kind_count(void);
const struct model_kind *model_kind_at(int32_t index);
const struct model_kind *model_kind_find(const char *name);

/* A model without arrays, and one array of it: zeroed, owned by the model. */
MUST_CHECK enum err model_create(const struct model_kind *kind, int32_t users, int32_t items,
                                 struct model **ret_model, struct error *err);
MUST_CHECK enum err model_add_array(struct model *model, const char *name, enum dtype dtype,
                                    int32_t ndim, int64_t rows, int64_t columns, int64_t stride,
                                    void **ret_data, struct error *err);
void model_free(struct model *model); /* NULL is allowed */

/* NULL when the model has none of that name. */
const struct model_array *model_find_array(const struct model *model, const char *name);
size_t dtype_size(enum dtype dtype);

#endif
