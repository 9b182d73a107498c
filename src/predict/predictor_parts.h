#ifndef PREDICT_PREDICTOR_PARTS_H
#define PREDICT_PREDICTOR_PARTS_H

/* Inside of predict/ only. */
#include <pthread.h>
#include <stdatomic.h>

#include "linalg/topk.h"
#include "predict/predictor.h"

struct predictor {
    const struct model_record *record;
    int32_t threads;
    pthread_mutex_t lock; /* guards the making of what follows */
    void *fold;           /* of the kind; NULL until it is needed */
    float *norms;         /* [items] lengths of the items' factors; NULL until needed */
    _Atomic(struct topk_items *) arranged; /* NULL until predictor_arrange */
};

/* The kind's state for fold-ins; the kind must have one. */
MUST_CHECK enum err predictor_fold(struct predictor *predictor, const void **ret_fold,
                                   struct error *err);
/* Lengths of the items' factors; the kind must have factors. */
MUST_CHECK enum err predictor_norms(struct predictor *predictor, const float **ret_norms,
                                    struct error *err);

/* What the user has touched, as a history of borrowed arrays; false where that is nothing. */
bool predictor_history(const struct predictor *predictor, int32_t user,
                       struct history *ret_history);

/* What orders all items for a query, and where that came from. */
MUST_CHECK enum err predictor_score(struct predictor *predictor,
                                    const struct recommend_query *query, float *scores,
                                    enum basis *ret_basis, struct error *err);

/* The factors of the query's person. *ret_x is borrowed, from the model or from *ret_folded, which
 * the caller owns; NULL where there are none: the kind has no factors, or nothing is known of the
 * person. */
MUST_CHECK enum err predictor_factors(struct predictor *predictor,
                                      const struct recommend_query *query, float **ret_folded,
                                      const float **ret_x, struct error *err);
/* x . y of every item's y, by all threads where the catalogue is large. */
void predictor_products(const struct predictor *predictor, const float *x, float *scores);

/* What no list of the query may hold becomes NAN, which topk_of_scores leaves out. */
void predictor_strike(const struct predictor *predictor, const struct recommend_query *query,
                      float *scores);

/* The score that is told of an item: what ordered it, or of a popular list the train rows. */
static inline float predictor_told(const struct predictor *predictor, enum basis basis,
                                   const float *scores, int32_t item)
{
    return basis == BASIS_POPULAR ? (float)predictor->record->popularity[item] : scores[item];
}

/* What the query's person has touched: ascending items. */
void predictor_seen(const struct predictor *predictor, const struct recommend_query *query,
                    const int32_t **ret_items, int32_t *ret_count);

#endif
