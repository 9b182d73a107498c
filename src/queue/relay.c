#include "queue/relay.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fail_point.h"
#include "base/memory.h"
#include "queue/bell.h"
#include "queue/publisher.h"
#include "store/changes.h"
#include "store/outbox.h"

/* The outbox is looked at without a sign of change too, since holds run out; what another process
 * put into it is seen within the shorter time. */
#define LOOK_SECONDS 1.0
#define POLL_SECONDS 0.05

/* How long a message is ours while we send it: longer than any try takes. */
enum { HOLD_MS = 10000, DEPTH_MS = 2000 };

struct relay {
    struct queue_spec spec;
    pthread_t thread;
    int wake;
    pthread_mutex_t lock; /* around what follows */
    bool is_stopping;
    struct queue_depth depth;
};

static bool is_stopping(struct relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    const bool stopping = relay->is_stopping;
    pthread_mutex_unlock(&relay->lock);
    return stopping;
}

static void pause_until_woken(struct relay *relay, int other_fd, double seconds)
{
    bell_wait(relay->wake, other_fd, seconds <= 0 ? 0 : (int)(seconds * 1000) + 1);
    bell_quiet(relay->wake);
}

static void refill(struct relay *relay)
{
    struct error err;
    int64_t count = 0;
    if (outbox_refill(relay->spec.store, relay->spec.task, RELAY_REFILL_MS, &count, &err) != ERR_OK)
        queue_warn(&relay->spec, "the outbox could not be refilled: %s", err.message);
    else if (count > 0)
        queue_warn(&relay->spec, "%lld jobs had no message any more and get new ones",
                   (long long)count);
}

/* ---- built in ---- */

/* The consumers look at the outbox themselves: only what has no message is left to do. */
static void *serve_built_in(void *argument)
{
    struct relay *relay = argument;
    double next = clock_seconds(); /* at the start too: who knows what died before */
    while (!is_stopping(relay)) {
        const double left = next - clock_seconds();
        if (left > 0) {
            pause_until_woken(relay, -1, left);
            continue;
        }
        next = clock_seconds() + RELAY_REFILL_MS / 1000.0;
        refill(relay);
    }
    return NULL;
}

/* ---- RabbitMQ ---- */

/* What the thread alone knows. */
struct sender {
    struct relay *relay;
    struct publisher publisher;
    int64_t tick;  /* of the store, when the outbox was last looked at */
    double looked; /* then */
    int tries;
    double next_try, next_depth, next_refill, warned;
};

static void settle_batch(struct relay *relay, const struct publisher *publisher,
                         const struct outbox_list *list)
{
    enum err rc;
    struct error err;
    int64_t published = 0;
    for (int32_t i = 0; i < list->count; i++) {
        const int64_t outbox_id = list->messages[i]->outbox_id;
        if (publisher->is_confirmed[i])
            rc = outbox_confirm(relay->spec.store, outbox_id, &err);
        else
            rc = outbox_return(relay->spec.store, outbox_id, &err);
        published += publisher->is_confirmed[i];
        if (rc != ERR_OK) /* it is sent once more when the hold is over */
            queue_warn(&relay->spec, "the outbox could not be written: %s", err.message);
    }
    pthread_mutex_lock(&relay->lock);
    relay->depth.published += published;
    relay->depth.returned += list->count - published;
    pthread_mutex_unlock(&relay->lock);
}

/* Send what the outbox holds; nothing where nobody has written since the last look. */
static enum err send_outbox(struct sender *sender, struct error *err)
{
    enum err rc = ERR_OK;
    struct outbox_list list = {0};
    struct error broken;
    struct store *store = sender->relay->spec.store;
    int64_t tick = 0;
    bool is_more = true;
    while (is_more && !sender->publisher.is_blocked && !is_stopping(sender->relay)) {
        TRY(store_tick(store, &tick, &broken));
        if (tick == sender->tick && clock_seconds() - sender->looked < LOOK_SECONDS)
            break;
        TRY(outbox_take(store, sender->relay->spec.task, PUBLISH_BATCH, HOLD_MS, &list, &broken));
        sender->looked = clock_seconds();
        sender->tick = list.count == 0 ? tick : -1;
        is_more = list.count == PUBLISH_BATCH;
        if (list.count == 0)
            break;
        fail_point("outbox_taken", 1);
        const enum err sent = publisher_send(&sender->publisher, &list, err);
        fail_point("published", 1);
        settle_batch(sender->relay, &sender->publisher, &list);
        outbox_list_release(&list);
        fail_point("outbox_settled", 1);
        if (sent != ERR_OK)
            return sent;
        if (sender->publisher.settled > 0 && !sender->publisher.is_confirmed[0] &&
            !sender->publisher.is_blocked)
            return broker_declare(&sender->publisher.broker, err); /* the queue may be gone */
    }
done:
    if (rc != ERR_OK && clock_seconds() - sender->warned > 60) {
        sender->warned = clock_seconds();
        queue_warn(&sender->relay->spec, "the outbox could not be read: %s", broken.message);
    }
    return ERR_OK; /* the store's faults pass by themselves */
}

/* Count the queues; and when ours is empty, give a message to each job that has none. */
static enum err look_at_queues(struct sender *sender, struct error *err)
{
    enum err rc;
    struct relay *relay = sender->relay;
    struct broker *broker = &sender->publisher.broker;
    int64_t messages = 0, consumers = 0, dead = 0, nobody = 0;
    const double now = clock_seconds();
    if (now < sender->next_depth)
        return ERR_OK;
    sender->next_depth = now + DEPTH_MS / 1000.0;
    TRY(broker_count(broker, relay->spec.name, &messages, &consumers, err));
    TRY(broker_count(broker, broker->dead_name, &dead, &nobody, err));
    if (messages == 0 && now >= sender->next_refill) {
        sender->next_refill = now + RELAY_REFILL_MS / 1000.0;
        refill(relay);
    }
    pthread_mutex_lock(&relay->lock);
    relay->depth.messages = messages;
    relay->depth.consumers = consumers;
    relay->depth.dead = dead;
    pthread_mutex_unlock(&relay->lock);
done:
    return rc;
}

static void show_state(struct sender *sender)
{
    struct relay *relay = sender->relay;
    pthread_mutex_lock(&relay->lock);
    relay->depth.is_connected = sender->publisher.is_open;
    relay->depth.is_blocked = sender->publisher.is_blocked;
    pthread_mutex_unlock(&relay->lock);
}

static void connect_sender(struct sender *sender)
{
    struct error err;
    const struct queue_spec *spec = &sender->relay->spec;
    if (publisher_open(&sender->publisher, spec, &err) == ERR_OK) {
        sender->tries = 0;
        sender->tick = -1;
        sender->next_depth = 0;
        queue_warn(spec, "relay connected to RabbitMQ at %s:%d", spec->host, (int)spec->port);
        return;
    }
    if (sender->tries == 0)
        queue_warn(spec, "%s; trying again", err.message);
    sender->next_try = clock_seconds() + broker_pause_seconds(++sender->tries);
}

static void *serve_broker(void *argument)
{
    struct error err;
    struct sender sender = {.relay = argument};
    struct publisher *publisher = &sender.publisher;
    while (!is_stopping(sender.relay)) {
        if (!publisher->is_open) {
            const double left = sender.next_try - clock_seconds();
            if (left > 0) {
                pause_until_woken(sender.relay, -1, left);
                continue;
            }
            connect_sender(&sender);
        } else if (publisher_listen(publisher, &err) != ERR_OK ||
                   send_outbox(&sender, &err) != ERR_OK ||
                   (!publisher->is_blocked && look_at_queues(&sender, &err) != ERR_OK)) {
            queue_warn(&sender.relay->spec, "%s; trying again", err.message);
            publisher_close(publisher);
            sender.next_try = clock_seconds() + broker_pause_seconds(++sender.tries);
        }
        show_state(&sender);
        if (publisher->is_open)
            pause_until_woken(sender.relay, broker_fd(&publisher->broker), POLL_SECONDS);
    }
    publisher_close(publisher);
    return NULL;
}

/* ---- both ---- */

static void relay_free(struct relay *relay)
{
    if (relay->wake >= 0)
        close(relay->wake);
    pthread_mutex_destroy(&relay->lock);
    mem_free(relay);
}

enum err relay_start(const struct queue_spec *spec, struct relay **ret_relay, struct error *err)
{
    enum err rc;
    struct relay *relay = mem_array(1, sizeof(*relay), err);
    if (relay == NULL)
        return ERR_NOMEM;
    relay->spec = *spec;
    relay->depth.is_broker = spec->host != NULL;
    pthread_mutex_init(&relay->lock, NULL);
    rc = bell_open(&relay->wake, err);
    if (rc == ERR_OK)
        rc = thread_start(&relay->thread, spec->host != NULL ? serve_broker : serve_built_in, relay,
                          err);
    if (rc == ERR_OK)
        *ret_relay = relay;
    else
        relay_free(relay);
    return rc;
}

void relay_wake(struct relay *relay)
{
    if (relay->spec.host != NULL) /* the built-in queue looks for itself */
        bell_ring(relay->wake);
}

void relay_stop(struct relay *relay)
{
    if (relay == NULL)
        return;
    pthread_mutex_lock(&relay->lock);
    relay->is_stopping = true;
    pthread_mutex_unlock(&relay->lock);
    bell_ring(relay->wake);
    pthread_join(relay->thread, NULL);
    relay_free(relay);
}

enum err queue_depth(struct relay *relay, struct queue_depth *ret_depth, struct error *err)
{
    struct outbox_depth outbox;
    enum err rc = ERR_OK;
    pthread_mutex_lock(&relay->lock);
    struct queue_depth depth = relay->depth;
    pthread_mutex_unlock(&relay->lock);
    if (relay->spec.host == NULL) {
        TRY(outbox_depth(relay->spec.store, relay->spec.task, &outbox, err));
        depth.is_connected = true;
        depth.messages = outbox.messages;
        depth.dead = outbox.dead;
        depth.consumers = outbox.workers;
    }
    *ret_depth = depth;
done:
    return rc;
}
