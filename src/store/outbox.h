#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

/*
 * Messages that are still to be sent: each says that a job waits. They are written in the same
 * transaction as the job's becoming pending, and removed once the queue has confirmed them, so that
 * none is lost whatever dies in between; one may be sent twice. The built-in queue takes them from
 * here; with a broker the relay of a server does. Each task has its own.
 */
#include <stdint.h>

#include "jobs/status.h"
#include "store/store.h"

struct outbox_message {
    int64_t outbox_id, job_id;
    int64_t epoch; /* of the job when it was taken: with job_id the message's id */
    int64_t tries; /* how often it was taken: 1 the first time */
    const char *model_type, *data_path, *params_json;
    const char *traceparent; /* of the request that made the job, or NULL */
};
struct outbox_list {
    struct outbox_message **messages;
    int32_t count;
};

/* Take up to `limit` messages of the task, the oldest first: for hold_ms nobody else gets them.
 * What is not confirmed by then is taken again. Where there are none it is a look without a lock.
 */
MUST_CHECK enum err outbox_take(struct store *store, enum job_task task, int32_t limit,
                                int64_t hold_ms, struct outbox_list *ret_list, struct error *err);
void outbox_list_release(struct outbox_list *list);

/* Hold a message that was taken for longer: hold_ms from now. */
MUST_CHECK enum err outbox_renew(struct store *store, int64_t outbox_id, int64_t hold_ms,
                                 struct error *err);

/* The queue has it: remove it. Once more does no harm. */
MUST_CHECK enum err outbox_confirm(struct store *store, int64_t outbox_id, struct error *err);

/* The queue did not take it: anyone may take it again at once. */
MUST_CHECK enum err outbox_return(struct store *store, int64_t outbox_id, struct error *err);

/* A new message for each job of the task that has been pending for `older_ms` without one (a broker
 * that lost its disk); how many is *ret_count. Call it every older_ms. */
MUST_CHECK enum err outbox_refill(struct store *store, enum job_task task, int64_t older_ms,
                                  int64_t *ret_count, struct error *err);

/* Give a message up: it is removed, and what it was about is kept with the reason. */
MUST_CHECK enum err outbox_bury(struct store *store, enum job_task task, int64_t outbox_id,
                                int64_t job_id, const char *why, struct error *err);

struct outbox_depth {
    int64_t messages; /* taken ones among them */
    int64_t dead;     /* that were given up */
    int64_t workers;  /* that were seen within the last 15 s */
};
MUST_CHECK enum err outbox_depth(struct store *store, enum job_task task,
                                 struct outbox_depth *ret_depth, struct error *err);

#endif
