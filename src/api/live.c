#include "api/live.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/live_watch.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/changes.h"

struct live {
    struct live_spec spec;
    struct change_feed *feed;
    struct watches watches;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_stopping, is_woken, has_thread;
    bool has_failed; /* told once, until it goes well again */
};

void live_topic(int64_t user_id, char *out)
{
    snprintf(out, HUB_TOPIC_MAX + 1, "user:%" PRId64, user_id);
}

/* Sleep for a while, or until somebody wakes the pump. False: it is to stop. */
static bool wait_a_while(struct live *live, int32_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&live->lock);
    while (!live->is_stopping && !live->is_woken)
        if (pthread_cond_timedwait(&live->changed, &live->lock, &until) != 0)
            break;
    live->is_woken = false;
    const bool goes_on = !live->is_stopping;
    pthread_mutex_unlock(&live->lock);
    return goes_on;
}

/* One look. *ret_is_more: there is more to be had at once. */
static enum err look(struct live *live, bool *ret_is_more, struct error *err)
{
    enum err rc;
    struct changes changes = {0};
    TRY(change_feed_poll(live->feed, &changes, err));
    TRY(watches_take(&live->watches, &changes, clock_seconds(), err));
    *ret_is_more = changes.is_more;
done:
    changes_release(&changes);
    return rc;
}

static void *run(void *context)
{
    struct live *live = context;
    struct error err;
    int32_t pause_ms = 0;
    while (wait_a_while(live, pause_ms)) {
        bool is_more = false;
        enum err rc = look(live, &is_more, &err);
        if (rc == ERR_OK)
            rc = watches_tell(&live->watches, clock_seconds(), &err);
        if (rc != ERR_OK && !live->has_failed)
            log_failure(LOG_WARNING, "live_failed", &err, "retry_ms=%d", LIVE_RETRY_MS);
        live->has_failed = rc != ERR_OK;
        const bool has_listeners = hub_counts(live->spec.hub).streams > 0;
        pause_ms = rc != ERR_OK    ? LIVE_RETRY_MS
                   : is_more       ? 0
                   : has_listeners ? LIVE_POLL_MS
                                   : LIVE_IDLE_MS;
    }
    return NULL;
}

enum err live_start(const struct live_spec *spec, struct live **ret_live, struct error *err)
{
    enum err rc = ERR_OK;
    struct live *live;
    pthread_condattr_t monotonic;
    TRY_PTR(live = mem_array(1, sizeof(*live), err));
    live->spec = *spec;
    pthread_mutex_init(&live->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&live->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    watches_init(&live->watches, spec->hub, spec->store, spec->model_dir);
    rc = change_feed_open(spec->store, &live->feed, err);
    if (rc == ERR_OK && pthread_create(&live->thread, NULL, run, live) != 0)
        rc = FAIL(err, ERR_IO, "the system refuses a thread");
    live->has_thread = rc == ERR_OK;
    if (rc == ERR_OK)
        *ret_live = live;
    else
        live_stop(live);
done:
    return rc;
}

void live_wake(struct live *live)
{
    if (live == NULL)
        return;
    pthread_mutex_lock(&live->lock);
    live->is_woken = true;
    pthread_cond_signal(&live->changed);
    pthread_mutex_unlock(&live->lock);
}

void live_stop(struct live *live)
{
    if (live == NULL)
        return;
    pthread_mutex_lock(&live->lock);
    live->is_stopping = true;
    pthread_cond_signal(&live->changed);
    pthread_mutex_unlock(&live->lock);
    if (live->has_thread)
        pthread_join(live->thread, NULL);
    change_feed_close(live->feed);
    watches_release(&live->watches);
    pthread_cond_destroy(&live->changed);
    pthread_mutex_destroy(&live->lock);
    mem_free(live);
}
