#include "queue/relay.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "queue/parts.h"
#include "store/outbox.h"

struct relay {
    struct queue_spec spec;
    pthread_t thread;
    pthread_mutex_t lock; /* around what follows */
    bool is_stopping;
    struct queue_depth depth;
    int wake_fd; /* readable: woken */
};

static void ring(int fd)
{
    const uint64_t one = 1;
    if (write(fd, &one, sizeof(one)) < 0)
        return; /* it is full, so the thread will wake anyway */
}

static bool is_stopping(struct relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    const bool stopping = relay->is_stopping;
    pthread_mutex_unlock(&relay->lock);
    return stopping;
}

/* Until it is woken, or the time is over. */
static void pause_until_woken(struct relay *relay, int timeout_ms)
{
    uint64_t count;
    struct pollfd wake = {.fd = relay->wake_fd, .events = POLLIN};
    if (poll(&wake, 1, timeout_ms) > 0 && read(relay->wake_fd, &count, sizeof(count)) < 0)
        return; /* somebody else's read; there is none */
}

/* The consumers look at the outbox themselves: only what has no message is left to do. */
static void *serve_built_in(void *argument)
{
    struct relay *relay = argument;
    struct error err;
    int64_t count;
    double refilled = clock_seconds();
    while (!is_stopping(relay)) {
        const double left = refilled + RELAY_REFILL_MS / 1000.0 - clock_seconds();
        if (left > 0) {
            pause_until_woken(relay, (int)(left * 1000) + 1);
            continue;
        }
        refilled = clock_seconds();
        if (outbox_refill(relay->spec.store, RELAY_REFILL_MS, &count, &err) != ERR_OK)
            queue_warn(&relay->spec, "the outbox could not be refilled: %s", err.message);
    }
    return NULL;
}

static void relay_free(struct relay *relay)
{
    if (relay->wake_fd >= 0)
        close(relay->wake_fd);
    pthread_mutex_destroy(&relay->lock);
    mem_free(relay);
}

enum err relay_start(const struct queue_spec *spec, struct relay **ret_relay, struct error *err)
{
    enum err rc = ERR_OK;
    struct relay *relay = mem_array(1, sizeof(*relay), err);
    if (relay == NULL)
        return ERR_NOMEM;
    relay->spec = *spec;
    pthread_mutex_init(&relay->lock, NULL);
    relay->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (relay->wake_fd < 0)
        rc = FAIL(err, ERR_IO, "the system refuses a descriptor: %m");
    else if (pthread_create(&relay->thread, NULL, serve_built_in, relay) != 0)
        rc = FAIL(err, ERR_IO, "the system refuses a thread");
    if (rc == ERR_OK)
        *ret_relay = relay;
    else
        relay_free(relay);
    return rc;
}

void relay_wake(struct relay *relay)
{
    if (relay->spec.host != NULL) /* the built-in queue looks for itself */
        ring(relay->wake_fd);
}

void relay_stop(struct relay *relay)
{
    if (relay == NULL)
        return;
    pthread_mutex_lock(&relay->lock);
    relay->is_stopping = true;
    pthread_mutex_unlock(&relay->lock);
    ring(relay->wake_fd);
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
        TRY(outbox_depth(relay->spec.store, &outbox, err));
        depth.is_connected = true;
        depth.messages = outbox.messages;
        depth.dead = outbox.dead;
        depth.consumers = outbox.workers;
    }
    *ret_depth = depth;
done:
    return rc;
}
