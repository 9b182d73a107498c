#ifndef PREDICT_BATCH_USERS_H
#define PREDICT_BATCH_USERS_H

/* Which of a model's users a batch is for, gathered from ids (data/csv_ids.h, data/id_list.h): each
 * once, in the order in which they first came. */
#include "data/csv_ids.h"
#include "data/idmap.h"

struct batch_users {
    const struct idmap *ids; /* of the model's users, borrowed */
    int32_t *users;          /* [count] indexes in ids */
    bool *taken;             /* [ids->count] */
    int32_t count;
    int64_t unknown, repeated; /* ids that the model does not have; that came before */
    char first_unknown[64];    /* cut where it is longer */
};

MUST_CHECK enum err batch_users_init(struct batch_users *list, const struct idmap *ids,
                                     struct error *err);
void batch_users_release(struct batch_users *list); /* may be called on all zero */

/* An id_taker; the context is the list. */
enum err batch_users_take(void *list, struct str id, struct error *err);

/* ERR_DATA (users_unknown): not one of them is among the model's; (users_empty): there was none. */
MUST_CHECK enum err batch_users_check(const struct batch_users *list, struct error *err);

#endif
