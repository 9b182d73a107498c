#ifndef QUEUE_PUBLISHER_H
#define QUEUE_PUBLISHER_H

/* Inside of queue/ only: sends messages to RabbitMQ and hears which of them it has on disk. */
#include "queue/broker.h"
#include "store/outbox.h"

enum { PUBLISH_BATCH = 100 };

struct publisher {
    struct broker broker;
    bool is_open;
    bool is_blocked; /* the broker takes nothing at present: only publisher_listen is allowed */
    uint64_t next_tag;
    /* Of the batch under way: */
    const struct outbox_list *batch;
    uint64_t first_tag;
    int32_t sent, settled;
    bool is_settled[PUBLISH_BATCH], is_confirmed[PUBLISH_BATCH];
};

MUST_CHECK enum err publisher_open(struct publisher *publisher, const struct queue_spec *spec,
                                   struct error *err);
void publisher_close(struct publisher *publisher);

/*
 * Send the messages, at most PUBLISH_BATCH, and wait up to RELAY_CONFIRM_MS for the broker's word:
 * publisher->is_confirmed[i] tells of each, whatever is returned. ERR_IO: the connection is gone.
 * ERR_OK with some unconfirmed: refused, returned, or the broker blocks.
 */
MUST_CHECK enum err publisher_send(struct publisher *publisher, const struct outbox_list *batch,
                                   struct error *err);

/* Heartbeats, and word of being blocked or not. */
MUST_CHECK enum err publisher_listen(struct publisher *publisher, struct error *err);

#endif
