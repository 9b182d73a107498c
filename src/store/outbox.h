#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

/*
 * Messages that are still to be sent: each says that a job waits. They are written in the same
 * transaction as the job's becoming pending, and removed once the queue has confirmed them, so that
 * none is lost whatever dies in between; one may be sent twice. The built-in queue takes them from
 * here; with a broker the relay of a server does.
 */
#include <stdint.h>

#include "store/store.h"

struct outbox_message {
    int64_t outbox_id, job_id;
    int64_t epoch; /* of the job when it was taken: with job_id the message's id */
    const char *model_type, *data_path, *params_json;
};
struct outbox_list {
    struct outbox_message **messages;
    int32_t count;
};

/* Take up to `limit` messages, the oldest first: for hold_ms nobody else gets them. What is not
 * confirmed by then is taken again. */
MUST_CHECK enum err outbox_take(struct store *store, int32_t limit, int64_t hold_ms,
                                struct outbox_list *ret_list, struct error *err);
void outbox_list_release(struct outbox_list *list);

/* The queue has it: remove it. Once more does no harm. */
MUST_CHECK enum err outbox_confirm(struct store *store, int64_t outbox_id, struct error *err);

/* The queue did not take it: anyone may take it again at once. */
MUST_CHECK enum err outbox_return(struct store *store, int64_t outbox_id, struct error *err);

/* A new message for each job that has been pending for `older_ms` without one (a broker that lost
 * its disk); how many is *ret_count. Call it every older_ms. */
MUST_CHECK enum err outbox_refill(struct store *store, int64_t older_ms, int64_t *ret_count,
                                  struct error *err);

#endif
