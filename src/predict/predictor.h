#ifndef PREDICT_PREDICTOR_H
#define PREDICT_PREDICTOR_H

/*
 * A model ready to answer questions: what users are recommended, which items are alike, and why an
 * item was recommended. What all answers share is made once, when it is first needed.
 *
 * Items and users are indexes of the record's id maps. Threads may ask one predictor at once.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "model/file.h"
#include "model/fold.h"

struct predictor;

/* The record is borrowed for the predictor's life. `threads`: for what is made once. ERR_NOMEM. */
MUST_CHECK enum err predictor_create(const struct model_record *record, int32_t threads,
                                     struct predictor **ret_predictor, struct error *err);
void predictor_free(struct predictor *predictor); /* NULL is allowed */
/*
 * Arrange the items' factors, so that from now on a list costs a small part of what it did: items
 * of small norm are not looked at (linalg/topk.h). Answers stay the same, bit by bit. Others may
 * ask meanwhile. Nothing is done where the kind has no factors, or it was done before. Memory: a
 * copy of the items' factors; predictor_arranged_bytes is how much it is or would be. ERR_NOMEM.
 */
MUST_CHECK enum err predictor_arrange(struct predictor *predictor, struct error *err);
bool predictor_is_arranged(const struct predictor *predictor);
int64_t predictor_arranged_bytes(const struct predictor *predictor);
const struct model_record *predictor_record(const struct predictor *predictor);

struct recommendation {
    int32_t item;
    float score;
};

/* ---- what to recommend ---- */

/* Where a list came from. */
enum basis {
    BASIS_USER,    /* the user as the model was trained on them */
    BASIS_HISTORY, /* the history that came with the question, folded in */
    BASIS_POPULAR, /* nothing was known, or the kind is not personal: the list that everybody gets;
                      the score is the number of train rows */
};
const char *basis_name(enum basis basis); /* "user", "history", "popular" */

struct recommend_query {
    int32_t user;                  /* -1: nobody that the model knows */
    const struct history *history; /* NULL: none. It takes the place of what the model knows of the
                                      user; a kind that cannot fold in answers BASIS_POPULAR */
    int32_t k;                     /* at least 1 */
    bool with_seen;                /* leave in what the user has touched */
    const int32_t *allow;          /* [allow_count] ascending: nothing but these; NULL: all */
    const int32_t *deny;           /* [deny_count] ascending: none of these; NULL: none */
    int32_t allow_count, deny_count;
};

/*
 * The items with the best scores: score falling, then id rising. Fill ret_items[k] and *ret_count,
 * which is below k only when no more are left. ERR_NUMERIC (from a fold-in), ERR_CORRUPT,
 * ERR_NOMEM. Time O(items × factors), memory O(items).
 */
MUST_CHECK enum err predict_recommend(struct predictor *predictor,
                                      const struct recommend_query *query,
                                      struct recommendation *ret_items, int32_t *ret_count,
                                      enum basis *ret_basis, struct error *err);

/* ---- what is alike ---- */

/*
 * The k items whose factors point the same way as those of `item`: the score is their cosine, the
 * item itself is left out, and items without factors are never alike. ERR_INVALID
 * (kind_without_factors): the kind has none. Time O(items × factors).
 */
MUST_CHECK enum err predict_similar(struct predictor *predictor, int32_t item, int32_t k,
                                    struct recommendation *ret_items, int32_t *ret_count,
                                    struct error *err);

/* ---- why ---- */

struct reason {
    int32_t item; /* that the user touched */
    float count;  /* how often */
    double part;  /* what it adds to the score */
};
/* What keeps an item out of the list. */
enum kept_out {
    KEPT_OUT_NOT,     /* nothing: it is in the list */
    KEPT_OUT_SEEN,    /* the user has touched it */
    KEPT_OUT_BELOW,   /* its place is beyond the k-th */
    KEPT_OUT_DENIED,  /* the question denies it */
    KEPT_OUT_ALLOWED, /* it is not among those that the question allows */
};
const char *kept_out_name(enum kept_out kept_out); /* NULL, "seen", "below", "denied", … */

struct explanation {
    enum basis basis;
    double score;     /* the sum of all parts: the score by the exact solution for this history,
                         which the trained factors come near to. Without reasons it is list_score */
    float list_score; /* what the item has, or would have, in the list */
    int32_t rank;     /* its place among all that the list may hold, from 1; 0: it may not */
    float cutoff;     /* list_score of the last of the list */
    enum kept_out kept_out;
    int32_t count; /* reasons: all of the history, the largest part first; none where the basis is
                      BASIS_POPULAR */
    struct reason *reasons;
};

/*
 * Why `item` stands where it does, or does not, in the list that the query asks for. Release
 * *ret_explanation with explanation_release. ERR_NUMERIC, ERR_CORRUPT, ERR_NOMEM. Time that of
 * predict_recommend, twice for a user with a history. Source: Hu, Koren, Volinsky, ICDM 2008,
 * section 5.
 */
MUST_CHECK enum err predict_explain(struct predictor *predictor,
                                    const struct recommend_query *query, int32_t item,
                                    struct explanation *ret_explanation, struct error *err);
void explanation_release(struct explanation *explanation);

#endif
