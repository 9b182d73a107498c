#include "queue/publisher.h"

#include <string.h>

#include "base/clock.h"
#include "queue/relay.h"

enum { LISTEN_MS = 50 };

enum err publisher_open(struct publisher *publisher, const struct queue_spec *spec,
                        struct error *err)
{
    enum err rc;
    memset(publisher, 0, sizeof(*publisher));
    TRY(broker_open(&publisher->broker, spec, "relay", err));
    publisher->is_open = true;
    publisher->next_tag = 1;
    TRY(broker_confirm_select(&publisher->broker, err));
done:
    if (rc != ERR_OK)
        publisher_close(publisher);
    return rc;
}

void publisher_close(struct publisher *publisher)
{
    broker_close(&publisher->broker);
    publisher->is_open = publisher->is_blocked = false;
}

/* ---- the broker's word ---- */

static void settle(struct publisher *publisher, int32_t i, bool is_confirmed)
{
    if (i < 0 || i >= publisher->sent || publisher->is_settled[i])
        return; /* of a batch before, or said already */
    publisher->is_settled[i] = true;
    publisher->is_confirmed[i] = is_confirmed;
    publisher->settled++;
}

static void settle_tags(struct publisher *publisher, const struct broker_event *event)
{
    const bool is_confirmed = event->kind == EVENT_CONFIRMED;
    if (event->tag < publisher->first_tag)
        return;
    const uint64_t last = event->tag - publisher->first_tag;
    if (last >= PUBLISH_BATCH)
        return;
    for (int32_t i = event->is_multiple ? 0 : (int32_t)last; i <= (int32_t)last; i++)
        settle(publisher, i, is_confirmed);
}

/* No queue took it, though its confirmation follows: the queue was deleted. */
static void settle_returned(struct publisher *publisher, const struct broker_event *event)
{
    int64_t job_id, epoch;
    if (publisher->batch == NULL || !message_id_parse(event->message_id, &job_id, &epoch))
        return;
    for (int32_t i = 0; i < publisher->sent; i++)
        if (publisher->batch->messages[i]->job_id == job_id)
            settle(publisher, i, false);
}

static enum err hear(struct publisher *publisher, int timeout_ms, bool *ret_heard,
                     struct error *err)
{
    enum err rc;
    struct broker_event event;
    TRY(broker_next(&publisher->broker, timeout_ms, &event, err));
    *ret_heard = event.kind != EVENT_NONE;
    if (event.kind == EVENT_CONFIRMED || event.kind == EVENT_REFUSED)
        settle_tags(publisher, &event);
    else if (event.kind == EVENT_RETURNED)
        settle_returned(publisher, &event);
    else if (event.kind == EVENT_BLOCKED || event.kind == EVENT_UNBLOCKED) {
        publisher->is_blocked = event.kind == EVENT_BLOCKED;
        queue_warn(publisher->broker.spec, "RabbitMQ at %s:%d %s%s", publisher->broker.spec->host,
                   (int)publisher->broker.spec->port,
                   publisher->is_blocked ? "takes no messages at present: "
                                         : "takes messages again",
                   event.text);
    }
done:
    return rc;
}

enum err publisher_listen(struct publisher *publisher, struct error *err)
{
    enum err rc;
    bool heard;
    do
        TRY(hear(publisher, 0, &heard, err));
    while (heard);
done:
    return rc;
}

/* ---- send ---- */

static enum err send_one(struct publisher *publisher, const struct outbox_message *from,
                         struct error *err)
{
    enum err rc;
    struct strbuf body;
    char id[MESSAGE_ID_SIZE];
    strbuf_init(&body, MESSAGE_MAX);
    message_id_write(from->job_id, from->epoch, id);
    TRY(message_write(from, &body, err));
    const struct broker_message message = {.key = publisher->broker.spec->name,
                                           .body = body.ptr,
                                           .size = body.len,
                                           .message_id = id,
                                           .traceparent = from->traceparent};
    rc = broker_publish(&publisher->broker, &message, err);
    if (rc == ERR_OK)
        publisher->next_tag++;
done:
    strbuf_release(&body);
    return rc;
}

enum err publisher_send(struct publisher *publisher, const struct outbox_list *batch,
                        struct error *err)
{
    enum err rc = ERR_OK;
    bool heard;
    const double until = clock_seconds() + RELAY_CONFIRM_MS / 1000.0;
    publisher->batch = batch;
    publisher->first_tag = publisher->next_tag;
    publisher->sent = publisher->settled = 0;
    memset(publisher->is_settled, 0, sizeof(publisher->is_settled));
    memset(publisher->is_confirmed, 0, sizeof(publisher->is_confirmed));
    for (int32_t i = 0; i < batch->count && i < PUBLISH_BATCH && !publisher->is_blocked; i++) {
        TRY(send_one(publisher, batch->messages[i], err));
        publisher->sent++;
        TRY(hear(publisher, 0, &heard, err)); /* so that neither side's buffers fill up */
    }
    while (publisher->settled < publisher->sent && clock_seconds() < until &&
           !publisher->is_blocked)
        TRY(hear(publisher, LISTEN_MS, &heard, err));
    if (publisher->settled < publisher->sent && !publisher->is_blocked)
        rc = FAIL_REASON(err, ERR_IO, "broker_lost", "RabbitMQ at %s:%d confirmed nothing in %d ms",
                         publisher->broker.spec->host, (int)publisher->broker.spec->port,
                         RELAY_CONFIRM_MS);
done:
    publisher->batch = NULL;
    return rc;
}
