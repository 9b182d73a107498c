#ifndef QUEUE_RELAY_H
#define QUEUE_RELAY_H

/*
 * The relay: a thread of each server that carries the outbox to RabbitMQ. A message is removed from
 * the outbox only when the broker has confirmed it, which means that it is on the broker's disk; so
 * none is lost whatever is killed, and one may arrive twice. A broker that is away or blocks
 * publishers (its memory or disk alarm) is waited for, with a pause of 0.5 to 15 s; meanwhile jobs
 * are accepted as ever.
 *
 * Both backends: a job that has waited RELAY_REFILL_MS without a message, while the queue is empty,
 * gets a new one; a broker that lost its disk costs only that time.
 *
 * The message, persistent, mandatory, on the default exchange with the queue's name as its key:
 *
 *   message_id   "JOB:EPOCH"
 *   headers      traceparent, where the request came with one
 *   body         {"job_id": 17, "model_type": "als", "data_path": "/data",
 *                 "hyperparams": {"iterations": 15, "factors": 80}}      (popular: null)
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "queue/queue.h"

enum { RELAY_CONFIRM_MS = 5000, RELAY_REFILL_MS = 30000 };

struct relay;

/* The spec's texts and store are borrowed until relay_stop. ERR_NOMEM, ERR_IO (no thread). */
MUST_CHECK enum err relay_start(const struct queue_spec *spec, struct relay **ret_relay,
                                struct error *err);
/* Something was put into the outbox: send it now rather than within 50 ms. Any thread. */
void relay_wake(struct relay *relay);
/* Ends the thread within about a second; what was not confirmed stays in the outbox. NULL is
 * allowed. */
void relay_stop(struct relay *relay);

/* For /metrics and the System page; as of at most two seconds ago, without a wait for the broker.
 */
struct queue_depth {
    bool is_broker;              /* RabbitMQ, else built in */
    bool is_connected;           /* built in: always */
    bool is_blocked;             /* the broker takes no messages at present */
    int64_t messages;            /* that wait in the queue; last known where not connected */
    int64_t consumers;           /* built in: workers that were seen within the last 15 s */
    int64_t dead;                /* in NAME.dead */
    int64_t published, returned; /* by this relay: confirmed, and taken back into the outbox */
};
MUST_CHECK enum err queue_depth(struct relay *relay, struct queue_depth *ret_depth,
                                struct error *err);

#endif
