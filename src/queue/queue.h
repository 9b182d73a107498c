#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

/*
 * The queue of jobs, as a worker sees it. A message is a wake-up: "there is something to claim".
 * Which job it is decides the claim (store/work.h), and what is true about a job stands in the
 * store alone; so a message that comes twice, late or not at all does no harm beyond time. Two
 * backends serve, and one contract suite runs against both:
 *
 *   built in   the outbox of the store (store/outbox.h). A message is seen at most
 *              QUEUE_POLL_MS after its commit; one whose consumer died comes again after
 *              QUEUE_HOLD_MS.
 *   RabbitMQ   where spec.host is set: a durable queue of that name, messages persistent, manual
 *              acks, one at a time. A thread of the consumer keeps the connection: heartbeats
 *              never stop while the caller works, and a broker that is away is tried again with a
 *              pause of 0.5 to 15 s, for ever. Its messages come from the relay (queue/relay.h).
 *
 * The life of a worker:
 *
 *   queue_wait → claim → work, with queue_service each second → queue_ack → queue_wait …
 *
 * RabbitMQ ends the channel of a consumer that holds a message for more than 30 minutes (its
 * consumer_timeout), so ack a long job's message early: QUEUE_HELD_MAX_MS after it came. Acks of
 * messages from a connection that is gone are dropped; the message comes again, to anyone, and the
 * claim finds that the job is taken.
 *
 * Threads: a consumer belongs to one thread. Fork: close it in the child by exec only. What is no
 * message of ours (not JSON, without job_id, too long) is acked away, counted, and told to warn().
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "jobs/status.h"
#include "store/store.h"

enum {
    QUEUE_POLL_MS = 20,                 /* built in: between two looks at the store */
    QUEUE_HOLD_MS = 5000,               /* built in: a message is its consumer's for so long */
    QUEUE_HELD_MAX_MS = 25 * 60 * 1000, /* ack by then, whatever the job does */
    QUEUE_NAME_MAX = 200,
    TRACEPARENT_SIZE = 56, /* of W3C's header, with its end */
};
#define QUEUE_TRAINING "training_tasks"
#define QUEUE_PREDICTION "prediction_tasks"

struct queue_spec {
    enum job_task task;  /* of its jobs */
    const char *name;    /* QUEUE_TRAINING, QUEUE_PREDICTION; dead letters go to NAME.dead */
    struct store *store; /* the built-in queue, and what the relay sends from */
    const char *host;    /* of RabbitMQ; NULL: built in */
    int32_t port;
    const char *user, *password, *vhost;
    bool quorum; /* declare quorum queues; a queue that is there keeps its kind */
    /* Told in words, at most once per change of state or foreign message: connected, lost,
     * refused. From any thread. NULL: nobody listens. */
    void (*warn)(void *context, const char *message);
    void *context;
};

/* The queue of a task (JOB_TRAIN, JOB_PREDICT) as RABBITMQ_HOST, … say. Texts are borrowed from
 * config. */
void queue_spec_from_config(const struct config *config, struct store *store, enum job_task task,
                            struct queue_spec *ret_spec);

struct queue_delivery {
    int64_t job_id;
    uint64_t tag, connection;           /* the queue's own: what queue_ack needs */
    bool redelivered;                   /* somebody had it before and did not ack it */
    char traceparent[TRACEPARENT_SIZE]; /* "" where there is none */
};

struct queue_consumer;

/* The spec's texts and store are borrowed until queue_consumer_close. A broker that is away is no
 * failure. ERR_NOMEM; ERR_IO: the system refuses a thread. */
MUST_CHECK enum err queue_consumer_open(const struct queue_spec *spec,
                                        struct queue_consumer **ret_consumer, struct error *err);

/* Readable when queue_wait would return something at once: to poll beside one's own descriptors.
 * -1, for the built-in queue: there is none, call queue_wait with a short timeout. */
int queue_consumer_fd(const struct queue_consumer *consumer);

/*
 * The next message within timeout_ms (0: only look); *ret_got false: none came, or a signal did.
 * The message before must have been acked. Built in: the errors of the store, after which it may
 * be called again; RabbitMQ: never fails.
 */
MUST_CHECK enum err queue_wait(struct queue_consumer *consumer, int timeout_ms,
                               struct queue_delivery *ret_delivery, bool *ret_got,
                               struct error *err);

/* To be called about each second while a message is held or nothing is wanted. Built in: holds the
 * message longer. */
MUST_CHECK enum err queue_service(struct queue_consumer *consumer, struct error *err);

/* The message is done with. One that was acked before, or of an old connection: nothing happens. */
void queue_ack(struct queue_consumer *consumer, const struct queue_delivery *delivery);

/* As queue_ack, and a copy goes to NAME.dead with the reason: for jobs that kill their workers. */
void queue_dead_letter(struct queue_consumer *consumer, const struct queue_delivery *delivery,
                       const char *why);

/* Can messages come now? Built in: always. */
bool queue_is_connected(const struct queue_consumer *consumer);
/* Messages that were none of ours, since the consumer was opened. */
int64_t queue_foreign_count(const struct queue_consumer *consumer);

/* Sends the acks that are still under way (up to 2 s), and leaves. A message that is held goes
 * back. NULL is allowed. */
void queue_consumer_close(struct queue_consumer *consumer);

/* For rectrain doctor, where spec.host is set: connect to RabbitMQ, declare the queue, and count
 * the messages that wait in it and its consumers. ERR_IO (broker_lost, broker_refused), ERR_NOMEM.
 */
MUST_CHECK enum err queue_probe(const struct queue_spec *spec, int64_t *ret_messages,
                                int64_t *ret_consumers, struct error *err);

#endif
