#ifndef QUEUE_BROKER_H
#define QUEUE_BROKER_H

/*
 * Inside of queue/ only: one connection to RabbitMQ with one channel, and what comes in by it, one
 * event after the other. Whatever goes wrong on a connection ends it: the error is ERR_IO, and the
 * caller closes it and opens another after a pause. A broker belongs to one thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include <amqp.h>

#include "queue/message.h"
#include "queue/parts.h"

enum {
    BROKER_CONNECT_MS = 3000,
    BROKER_ANSWER_MS = 5000, /* to a request */
    BROKER_HEARTBEAT_SECONDS = 20,
    BROKER_FRAME_MAX = 131072,
    BROKER_TEXT = 160,
};

struct broker {
    amqp_connection_state_t state; /* NULL: closed */
    const struct queue_spec *spec; /* borrowed */
    char dead_name[QUEUE_NAME_MAX + 8];
    int refused;     /* the code of the channel's last refusal: 404, 406, … */
    bool is_foreign; /* the queue was there already with other arguments */
    char *body;      /* [MESSAGE_MAX] of the event's message */
};

/* Connect, log in, open the channel, declare the queue and NAME.dead. `role` names the connection
 * in RabbitMQ's own pages. The connection is closed again where it fails. */
MUST_CHECK enum err broker_open(struct broker *broker, const struct queue_spec *spec,
                                const char *role, struct error *err);
void broker_close(struct broker *broker); /* all zero is allowed, and left */
/* The descriptor to poll; call broker_next each second in any case, for the heartbeats. */
int broker_fd(const struct broker *broker);

enum broker_event_kind {
    EVENT_NONE, /* nothing came in time */
    EVENT_DELIVERY,
    EVENT_CONFIRMED, /* tag, and with is_multiple all before it */
    EVENT_REFUSED,   /* likewise */
    EVENT_RETURNED,  /* message_id: no queue took it */
    EVENT_BLOCKED,
    EVENT_UNBLOCKED,
    EVENT_CANCELLED, /* the broker ended the consumer: the queue was deleted */
};
struct broker_event {
    enum broker_event_kind kind;
    uint64_t tag;
    bool is_multiple, redelivered;
    char message_id[MESSAGE_ID_SIZE];
    char traceparent[TRACEPARENT_SIZE];
    char text[BROKER_TEXT]; /* why */
    const char *body; /* the broker's, until the next event; at most MESSAGE_MAX bytes of it */
    size_t body_size; /* of all of it, which may be more */
};
/* The next event within timeout_ms (0: what is there). ERR_IO: the connection is gone. */
MUST_CHECK enum err broker_next(struct broker *broker, int timeout_ms,
                                struct broker_event *ret_event, struct error *err);

/* Requests, each answered by the broker. */
MUST_CHECK enum err broker_confirm_select(struct broker *broker, struct error *err);
MUST_CHECK enum err broker_consume(struct broker *broker, struct error *err); /* one at a time */
MUST_CHECK enum err broker_cancel(struct broker *broker, struct error *err);
/* Messages that wait in queue `name`, and its consumers; both 0 where there is no such queue. */
MUST_CHECK enum err broker_count(struct broker *broker, const char *name, int64_t *ret_messages,
                                 int64_t *ret_consumers, struct error *err);
MUST_CHECK enum err broker_declare(struct broker *broker, struct error *err);

/* Without an answer. */
MUST_CHECK enum err broker_ack(struct broker *broker, uint64_t tag, struct error *err);
MUST_CHECK enum err broker_requeue(struct broker *broker, uint64_t tag, struct error *err);

struct broker_message {
    const char *key; /* the queue's name */
    const char *body;
    size_t size;
    const char *message_id;
    const char *traceparent, *reason; /* headers, NULL or "": none */
};
MUST_CHECK enum err broker_publish(struct broker *broker, const struct broker_message *message,
                                   struct error *err);

/* Seconds to wait before the n-th try in a row (1: the first after a fault): rising from 0.5 to 4,
 * after some minutes to 15; by chance, so that many do not come at once. */
double broker_pause_seconds(int tries);

#endif
