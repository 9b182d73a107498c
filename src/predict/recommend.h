#ifndef PREDICT_RECOMMEND_H
#define PREDICT_RECOMMEND_H

/*
 * What to show a user: the k items with the best scores that the user has not touched in the train
 * data, whatever the kind of the model. Order: score falling, then id rising.
 */
#include "base/error.h"
#include "model/file.h"

struct recommendation {
    int32_t item; /* index in the record's items */
    float score;
};

/*
 * Fill ret_items[k] and *ret_count, which is below k only when fewer unseen items are left. `user`
 * is an index of record->users. ERR_NOMEM. Time O(items × factors), memory O(items).
 */
MUST_CHECK enum err recommend_user(const struct model_record *record, int32_t user, int32_t k,
                                   struct recommendation *ret_items, int32_t *ret_count,
                                   struct error *err);

#endif
