#ifndef PREDICT_COMPARE_H
#define PREDICT_COMPARE_H

/* Two models' lists for the same person side by side: where each item stands in both. Items are the
 * same where their ids are; their indexes differ from model to model. */
#include "predict/predictor.h"

struct compared_list {
    const struct model_record *record;
    const struct recommendation *list; /* [count] */
    int32_t count;
    int32_t *places; /* [count] of the same id in the other list, from 1; 0: it is not there */
};

/* Fill both lists' `places`, and tell how many items both have. ERR_NOMEM. Time O(count²): lists
 * are short. */
MUST_CHECK enum err lists_compare(const struct compared_list *left,
                                  const struct compared_list *right, int32_t *ret_common,
                                  struct error *err);

#endif
