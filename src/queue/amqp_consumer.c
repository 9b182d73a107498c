/*
 * A consumer of RabbitMQ. Its thread owns the connection, so that heartbeats go on whatever the
 * caller does, and nothing that the caller calls waits for the network. They share a few words
 * under a lock:
 *
 *   caller → thread   is_wanted, done (an ack or a dead letter), is_stopping; `wake` rings
 *   thread → caller   the message in the slot; the consumer's fd rings
 *
 * At most one message is under way: unread in the slot, or held by the caller. While none is wanted
 * the thread gives up consuming, so that no message lies here while others could have it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "queue/bell.h"
#include "queue/broker.h"

enum { TICK_MS = 500 };

enum done_kind { DONE_NOTHING, DONE_ACK, DONE_DEAD };

struct amqp_consumer {
    struct queue_consumer consumer;
    pthread_t thread;
    int wake;

    pthread_mutex_t lock; /* around what follows */
    bool is_stopping, is_connected, is_wanted;
    bool is_full; /* the slot has a message that the caller has not taken */
    struct queue_delivery slot;
    uint64_t held; /* tag of the message that the caller has, of this connection; 0: none */
    enum done_kind done;
    uint64_t done_tag;
    int64_t done_job;
    char done_reason[STORE_TEXT_MAX];
    uint64_t connection; /* rises with each that was opened */
    int64_t foreign;

    /* The thread's own. */
    struct broker broker;
    bool is_open, is_consuming;
    int tries;
    double next_try;
    char body[MESSAGE_MAX]; /* of the message under way, for the dead letter */
    size_t body_size;
};

static struct amqp_consumer *of(struct queue_consumer *consumer)
{
    return (struct amqp_consumer *)consumer;
}

/* ---- the thread ---- */

/* What is under way on a connection that is gone comes again by itself, to anyone. */
static void disconnect(struct amqp_consumer *queue)
{
    broker_close(&queue->broker);
    queue->is_open = queue->is_consuming = false;
    pthread_mutex_lock(&queue->lock);
    queue->is_connected = queue->is_full = false;
    queue->is_wanted &= queue->held == 0; /* the caller is at work: it will ask again */
    queue->held = 0;
    queue->done = DONE_NOTHING;
    pthread_mutex_unlock(&queue->lock);
    queue->next_try = clock_seconds() + broker_pause_seconds(++queue->tries);
}

static void connect_now(struct amqp_consumer *queue)
{
    struct error err;
    const bool was_away = queue->tries > 0;
    if (broker_open(&queue->broker, &queue->consumer.spec, "consumer", &err) != ERR_OK) {
        if (!was_away) /* once, not with every try */
            queue_warn(&queue->consumer.spec, "%s; trying again", err.message);
        disconnect(queue);
        return;
    }
    queue->is_open = true;
    queue->tries = 0;
    pthread_mutex_lock(&queue->lock);
    queue->connection++;
    queue->is_connected = true;
    pthread_mutex_unlock(&queue->lock);
    queue_warn(&queue->consumer.spec, "consumer connected to RabbitMQ at %s:%d%s",
               queue->consumer.spec.host, (int)queue->consumer.spec.port,
               queue->broker.is_foreign ? "; the queue was declared by others, used as it is" : "");
}

static enum err take_delivery(struct amqp_consumer *queue, const struct broker_event *event,
                              struct error *err)
{
    enum err rc;
    struct error why;
    struct queue_delivery delivery = {.tag = event->tag, .redelivered = event->redelivered};
    if (!queue->is_consuming) /* it crossed our cancel */
        return broker_requeue(&queue->broker, event->tag, err);
    rc = message_parse(event->body, event->body_size, &delivery.job_id, &why);
    if (rc == ERR_NOMEM)
        return broker_requeue(&queue->broker, event->tag, err);
    if (rc != ERR_OK) {
        pthread_mutex_lock(&queue->lock);
        queue->foreign++;
        pthread_mutex_unlock(&queue->lock);
        queue_warn(&queue->consumer.spec, "a message in %s is none of ours and was dropped: %s",
                   queue->consumer.spec.name, why.message);
        return broker_ack(&queue->broker, event->tag, err);
    }
    memcpy(queue->body, event->body, event->body_size);
    queue->body_size = event->body_size;
    memcpy(delivery.traceparent, event->traceparent, sizeof(delivery.traceparent));
    pthread_mutex_lock(&queue->lock);
    delivery.connection = queue->connection;
    queue->slot = delivery;
    queue->is_full = true;
    pthread_mutex_unlock(&queue->lock);
    bell_ring(queue->consumer.fd);
    return ERR_OK;
}

static enum err take_event(struct amqp_consumer *queue, const struct broker_event *event,
                           struct error *err)
{
    if (event->kind == EVENT_DELIVERY)
        return take_delivery(queue, event, err);
    if (event->kind == EVENT_CANCELLED)
        return FAIL_REASON(err, ERR_IO, "broker_lost", "the queue %s was deleted in RabbitMQ",
                           queue->consumer.spec.name);
    return ERR_OK;
}

/* A copy into NAME.dead, and only when it is there for sure the ack. */
static enum err bury(struct amqp_consumer *queue, uint64_t tag, int64_t job_id, const char *why,
                     struct error *err)
{
    enum err rc;
    char id[MESSAGE_ID_SIZE];
    message_id_write(job_id, 0, id);
    const struct broker_message message = {.key = queue->broker.dead_name,
                                           .body = queue->body,
                                           .size = queue->body_size,
                                           .message_id = id,
                                           .reason = why};
    struct broker_event event = {0};
    const double until = clock_seconds() + BROKER_ANSWER_MS / 1000.0;
    TRY(broker_confirm_select(&queue->broker, err));
    TRY(broker_publish(&queue->broker, &message, err));
    while (event.kind != EVENT_CONFIRMED) {
        TRY(broker_next(&queue->broker, TICK_MS, &event, err));
        TRY(take_event(queue, &event, err));
        if (event.kind == EVENT_REFUSED || event.kind == EVENT_RETURNED ||
            clock_seconds() > until) {
            rc = FAIL_REASON(err, ERR_IO, "broker_lost", "RabbitMQ took no dead letter in %s",
                             queue->broker.dead_name);
            goto done;
        }
    }
    rc = broker_ack(&queue->broker, tag, err);
done:
    return rc;
}

/* What the caller said since: the ack that is to be sent, whether a message is wanted. */
static enum err serve_caller(struct amqp_consumer *queue, struct error *err)
{
    enum err rc = ERR_OK;
    pthread_mutex_lock(&queue->lock);
    const enum done_kind done = queue->done;
    const uint64_t tag = queue->done_tag;
    const int64_t job_id = queue->done_job;
    const bool is_wanted = queue->is_wanted || queue->held != 0;
    const bool gives_back = !is_wanted && queue->is_full;
    const uint64_t unread = queue->slot.tag;
    if (gives_back)
        queue->is_full = false;
    pthread_mutex_unlock(&queue->lock);
    if (done == DONE_ACK)
        TRY(broker_ack(&queue->broker, tag, err));
    else if (done == DONE_DEAD)
        TRY(bury(queue, tag, job_id, queue->done_reason, err));
    if (done != DONE_NOTHING) {
        pthread_mutex_lock(&queue->lock);
        queue->done = DONE_NOTHING;
        pthread_mutex_unlock(&queue->lock);
    }
    if (is_wanted && !queue->is_consuming) {
        queue->is_consuming = true; /* before: the first message may come with the answer */
        TRY(broker_consume(&queue->broker, err));
    } else if (!is_wanted && queue->is_consuming) {
        queue->is_consuming = false;
        TRY(broker_cancel(&queue->broker, err));
    }
    if (gives_back)
        TRY(broker_requeue(&queue->broker, unread, err));
done:
    return rc;
}

static enum err serve_broker(struct amqp_consumer *queue, struct error *err)
{
    enum err rc;
    struct broker_event event;
    do {
        TRY(broker_next(&queue->broker, 0, &event, err));
        TRY(take_event(queue, &event, err));
    } while (event.kind != EVENT_NONE);
done:
    return rc;
}

/* True: nothing is left to be done. What the caller said last is still sent, if it can be. */
static bool is_over(struct amqp_consumer *queue, bool *ret_stopping)
{
    pthread_mutex_lock(&queue->lock);
    *ret_stopping = queue->is_stopping;
    const bool is_done = queue->done == DONE_NOTHING || !queue->is_open;
    pthread_mutex_unlock(&queue->lock);
    return *ret_stopping && is_done;
}

static void *serve(void *argument)
{
    struct amqp_consumer *queue = argument;
    struct error err;
    bool is_stopping;
    while (!is_over(queue, &is_stopping)) {
        if (!queue->is_open && clock_seconds() >= queue->next_try)
            connect_now(queue);
        if (queue->is_open &&
            (serve_caller(queue, &err) != ERR_OK || serve_broker(queue, &err) != ERR_OK)) {
            queue_warn(&queue->consumer.spec, "%s; trying again", err.message);
            disconnect(queue);
        }
        bell_wait(queue->wake, queue->is_open ? broker_fd(&queue->broker) : -1,
                  is_stopping ? 0 : TICK_MS);
        bell_quiet(queue->wake);
    }
    broker_close(&queue->broker);
    return NULL;
}

/* ---- the caller ---- */

static bool take_slot(struct amqp_consumer *queue, struct queue_delivery *ret_delivery)
{
    pthread_mutex_lock(&queue->lock);
    const bool is_full = queue->is_full;
    const bool was_wanted = queue->is_wanted;
    if (is_full) {
        *ret_delivery = queue->slot;
        queue->held = queue->slot.tag;
        queue->is_full = false;
    }
    queue->is_wanted = true; /* with the ack the next one may come, until queue_service */
    pthread_mutex_unlock(&queue->lock);
    if (is_full)
        bell_quiet(queue->consumer.fd);
    else if (!was_wanted)
        bell_ring(queue->wake);
    return is_full;
}

static enum err amqp_wait(struct queue_consumer *consumer, int timeout_ms,
                          struct queue_delivery *ret_delivery, bool *ret_got, struct error *err)
{
    (void)err;
    const double until = clock_seconds() + timeout_ms / 1000.0;
    for (;;) {
        *ret_got = take_slot(of(consumer), ret_delivery);
        const double left = until - clock_seconds();
        if (*ret_got || left <= 0)
            return ERR_OK;
        if (!bell_wait(consumer->fd, -1, (int)(left * 1000) + 1))
            return ERR_OK; /* a signal */
        /* It may ring for a message that was lost with its connection. */
        pthread_mutex_lock(&of(consumer)->lock);
        if (!of(consumer)->is_full)
            bell_quiet(consumer->fd);
        pthread_mutex_unlock(&of(consumer)->lock);
    }
}

static enum err amqp_service(struct queue_consumer *consumer, struct error *err)
{
    struct amqp_consumer *queue = of(consumer);
    (void)err;
    pthread_mutex_lock(&queue->lock);
    const bool was_wanted = queue->is_wanted || queue->is_full;
    queue->is_wanted = false;
    pthread_mutex_unlock(&queue->lock);
    if (was_wanted)
        bell_ring(queue->wake);
    return ERR_OK;
}

static void done_with(struct queue_consumer *consumer, const struct queue_delivery *delivery,
                      enum done_kind done, const char *why)
{
    struct amqp_consumer *queue = of(consumer);
    pthread_mutex_lock(&queue->lock);
    if (delivery->connection == queue->connection && queue->held == delivery->tag &&
        queue->held != 0) {
        queue->held = 0;
        queue->done = done;
        queue->done_tag = delivery->tag;
        queue->done_job = delivery->job_id;
        snprintf(queue->done_reason, sizeof(queue->done_reason), "%s", why);
    }
    pthread_mutex_unlock(&queue->lock);
    bell_ring(queue->wake);
}

static void amqp_ack(struct queue_consumer *consumer, const struct queue_delivery *delivery)
{
    done_with(consumer, delivery, DONE_ACK, "");
}

static void amqp_dead_letter(struct queue_consumer *consumer, const struct queue_delivery *delivery,
                             const char *why)
{
    done_with(consumer, delivery, DONE_DEAD, why);
}

static bool amqp_is_connected(const struct queue_consumer *consumer)
{
    struct amqp_consumer *queue = of((struct queue_consumer *)consumer);
    pthread_mutex_lock(&queue->lock);
    const bool is_connected = queue->is_connected;
    pthread_mutex_unlock(&queue->lock);
    return is_connected;
}

static int64_t amqp_foreign_count(const struct queue_consumer *consumer)
{
    struct amqp_consumer *queue = of((struct queue_consumer *)consumer);
    pthread_mutex_lock(&queue->lock);
    const int64_t foreign = queue->foreign;
    pthread_mutex_unlock(&queue->lock);
    return foreign;
}

static void amqp_free(struct amqp_consumer *queue)
{
    if (queue->consumer.fd >= 0)
        close(queue->consumer.fd);
    if (queue->wake >= 0)
        close(queue->wake);
    pthread_mutex_destroy(&queue->lock);
    mem_free(queue);
}

static void amqp_close(struct queue_consumer *consumer)
{
    struct amqp_consumer *queue = of(consumer);
    pthread_mutex_lock(&queue->lock);
    queue->is_stopping = true;
    pthread_mutex_unlock(&queue->lock);
    bell_ring(queue->wake);
    pthread_join(queue->thread, NULL);
    amqp_free(queue);
}

static const struct consumer_backend amqp_backend = {
    .wait = amqp_wait,
    .service = amqp_service,
    .ack = amqp_ack,
    .dead_letter = amqp_dead_letter,
    .is_connected = amqp_is_connected,
    .foreign_count = amqp_foreign_count,
    .close = amqp_close,
};

enum err amqp_open(const struct queue_spec *spec, struct queue_consumer **ret_consumer,
                   struct error *err)
{
    enum err rc;
    struct amqp_consumer *queue;
    TRY_PTR(queue = mem_array(1, sizeof(*queue), err));
    queue->consumer = (struct queue_consumer){&amqp_backend, *spec, -1};
    queue->wake = -1;
    pthread_mutex_init(&queue->lock, NULL);
    TRY(bell_open(&queue->consumer.fd, err));
    TRY(bell_open(&queue->wake, err));
    TRY(thread_start(&queue->thread, serve, queue, err));
    *ret_consumer = &queue->consumer;
    queue = NULL;
done:
    if (queue != NULL)
        amqp_free(queue);
    return rc;
}
