/* The queue that needs nothing else: the outbox of the store. */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "queue/parts.h"
#include "store/changes.h"
#include "store/outbox.h"

/* Without a sign of change the outbox is looked at all the same: holds of the dead run out. */
#define LOOK_SECONDS 1.0
#define RENEW_SECONDS (QUEUE_HOLD_MS / 4000.0)

struct built_in {
    struct queue_consumer consumer;
    int64_t tick;   /* of the store, when it was last looked at */
    double looked;  /* then */
    double renewed; /* when the hold of the message was begun or renewed */
    uint64_t held;  /* outbox_id of the message, 0: none */
};

static struct built_in *of(struct queue_consumer *consumer)
{
    return (struct built_in *)consumer;
}

static void fill(const struct outbox_message *message, struct queue_delivery *ret_delivery)
{
    *ret_delivery = (struct queue_delivery){.job_id = message->job_id,
                                            .tag = (uint64_t)message->outbox_id,
                                            .redelivered = message->tries > 1};
    if (message->traceparent != NULL)
        snprintf(ret_delivery->traceparent, sizeof(ret_delivery->traceparent), "%s",
                 message->traceparent);
}

/* One look; it costs next to nothing where nobody has written since the last. */
static enum err look(struct built_in *queue, struct queue_delivery *ret_delivery, bool *ret_got,
                     struct error *err)
{
    enum err rc;
    int64_t tick = 0;
    struct outbox_list list = {0};
    struct store *store = queue->consumer.spec.store;
    TRY(store_tick(store, &tick, err)); /* before the look: what comes after it changes it again */
    const double now = clock_seconds();
    if (tick == queue->tick && now - queue->looked < LOOK_SECONDS)
        goto done;
    TRY(outbox_take(store, queue->consumer.spec.task, 1, QUEUE_HOLD_MS, &list, err));
    queue->looked = now;
    queue->tick = tick;
    if (list.count == 0)
        goto done;
    fill(list.messages[0], ret_delivery);
    queue->held = ret_delivery->tag;
    queue->renewed = now;
    queue->looked = 0; /* there may be more: the next wait looks at once */
    *ret_got = true;
done:
    outbox_list_release(&list);
    return rc;
}

static enum err built_in_wait(struct queue_consumer *consumer, int timeout_ms,
                              struct queue_delivery *ret_delivery, bool *ret_got, struct error *err)
{
    enum err rc;
    const double until = clock_seconds() + timeout_ms / 1000.0;
    *ret_got = false;
    for (;;) {
        TRY(look(of(consumer), ret_delivery, ret_got, err));
        const double left = until - clock_seconds();
        if (*ret_got || left <= 0)
            break;
        const double pause = left < QUEUE_POLL_MS / 1000.0 ? left : QUEUE_POLL_MS / 1000.0;
        const struct timespec time = {.tv_nsec = (long)(pause * 1e9)};
        if (nanosleep(&time, NULL) != 0 && errno == EINTR)
            break;
    }
done:
    return rc;
}

static enum err built_in_service(struct queue_consumer *consumer, struct error *err)
{
    struct built_in *queue = of(consumer);
    const double now = clock_seconds();
    if (queue->held == 0 || now - queue->renewed < RENEW_SECONDS)
        return ERR_OK;
    queue->renewed = now;
    return outbox_renew(consumer->spec.store, (int64_t)queue->held, QUEUE_HOLD_MS, err);
}

/* An ack that the store does not take is no loss: the message comes again. */
static void built_in_ack(struct queue_consumer *consumer, const struct queue_delivery *delivery)
{
    struct error err;
    struct built_in *queue = of(consumer);
    if (queue->held != delivery->tag || delivery->tag == 0)
        return;
    queue->held = 0;
    if (outbox_confirm(consumer->spec.store, (int64_t)delivery->tag, &err) != ERR_OK)
        queue_warn(&consumer->spec, "the message of job %lld could not be removed: %s",
                   (long long)delivery->job_id, err.message);
}

static void built_in_dead_letter(struct queue_consumer *consumer,
                                 const struct queue_delivery *delivery, const char *why)
{
    struct error err;
    struct built_in *queue = of(consumer);
    if (queue->held != delivery->tag || delivery->tag == 0)
        return;
    queue->held = 0;
    if (outbox_bury(consumer->spec.store, consumer->spec.task, (int64_t)delivery->tag,
                    delivery->job_id, why, &err) != ERR_OK)
        queue_warn(&consumer->spec, "the message of job %lld could not be put aside: %s",
                   (long long)delivery->job_id, err.message);
}

static bool built_in_is_connected(const struct queue_consumer *consumer)
{
    (void)consumer;
    return true;
}

static int64_t built_in_foreign_count(const struct queue_consumer *consumer)
{
    (void)consumer;
    return 0; /* nobody else writes into the outbox */
}

static void built_in_close(struct queue_consumer *consumer)
{
    struct error err;
    struct built_in *queue = of(consumer);
    if (queue->held != 0 &&
        outbox_return(consumer->spec.store, (int64_t)queue->held, &err) != ERR_OK)
        queue_warn(&consumer->spec, "a message could not be given back: %s", err.message);
    mem_free(queue);
}

static const struct consumer_backend built_in_backend = {
    .wait = built_in_wait,
    .service = built_in_service,
    .ack = built_in_ack,
    .dead_letter = built_in_dead_letter,
    .is_connected = built_in_is_connected,
    .foreign_count = built_in_foreign_count,
    .close = built_in_close,
};

enum err built_in_open(const struct queue_spec *spec, struct queue_consumer **ret_consumer,
                       struct error *err)
{
    struct built_in *queue = mem_array(1, sizeof(*queue), err);
    if (queue == NULL)
        return ERR_NOMEM;
    queue->consumer = (struct queue_consumer){&built_in_backend, *spec, -1};
    queue->tick = -1;
    *ret_consumer = &queue->consumer;
    return ERR_OK;
}
