#include "worker/reaper.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/fail_point.h"
#include "base/log.h"
#include "base/memory.h"
#include "store/work.h"
#include "worker/garbage.h"
#include "worker/owner.h"

static const double BURY_SECONDS = 1, REAP_SECONDS = 3, TIDY_SECONDS = 300, GARBAGE_SECONDS = 3600;
static const double SOON_SECONDS = 30; /* after a worker died: what it left is garbage by then */

struct reaper {
    struct store *store;
    const struct config *config;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stop, was_away;
    bool some_died; /* since the garbage was last cleared */
};

static const char *model_dir(const struct reaper *reaper)
{
    return config_text(reaper->config, "MODEL_DIR");
}

static enum err reap(struct reaper *reaper, struct error *err)
{
    struct reaped reaped = {0};
    const enum err rc = jobs_reap(reaper->store, &reaped, err);
    if (rc == ERR_OK && reaped.returned > 0)
        fail_point("leases_reaped", 1);
    reaper->some_died |= rc == ERR_OK && reaped.returned + reaped.failed + reaped.cancelled > 0;
    if (rc == ERR_OK && reaped.returned + reaped.failed + reaped.cancelled > 0)
        log_warning("leases_over", "returned=%" PRId64 " failed=%" PRId64 " cancelled=%" PRId64,
                    reaped.returned, reaped.failed, reaped.cancelled);
    return rc;
}

static enum err bury(struct reaper *reaper, struct error *err)
{
    int64_t count = 0;
    const enum err rc = owner_bury_dead(reaper->store, model_dir(reaper), &count, err);
    reaper->some_died |= count > 0;
    return rc;
}

static enum err tidy(struct reaper *reaper, struct error *err)
{
    return store_tidy(reaper->store, err);
}

static enum err clear_garbage(struct reaper *reaper, struct error *err)
{
    int64_t removed = 0;
    const enum err rc = garbage_remove(reaper->store, model_dir(reaper), &removed, err);
    if (rc == ERR_OK && removed > 0)
        log_info("garbage_removed", "files=%" PRId64, removed);
    return rc;
}

struct chore {
    enum err (*run)(struct reaper *reaper, struct error *err);
    double every, next;
};

/* An error is told once, until all goes well again. */
static void run_due(struct reaper *reaper, struct chore *chores, int count)
{
    struct error err;
    for (int i = 0; i < count; i++) {
        const double now = clock_seconds();
        if (now < chores[i].next)
            continue;
        const enum err rc = chores[i].run(reaper, &err);
        chores[i].next = now + (rc == ERR_OK ? chores[i].every : REAP_SECONDS);
        if (rc != ERR_OK && !reaper->was_away)
            log_failure(LOG_WARNING, "reaper_failed", &err, "chore=%d", i);
        reaper->was_away = rc != ERR_OK;
        if (rc != ERR_OK)
            return;
    }
}

static void *work(void *context)
{
    struct reaper *reaper = context;
    struct chore chores[] = {{bury, BURY_SECONDS, 0},
                             {reap, REAP_SECONDS, 0},
                             {tidy, TIDY_SECONDS, 0},
                             {clear_garbage, GARBAGE_SECONDS, 0}};
    enum { CHORES = sizeof(chores) / sizeof(chores[0]) };
    pthread_mutex_lock(&reaper->lock);
    while (!reaper->stop) {
        struct timespec until;
        pthread_mutex_unlock(&reaper->lock);
        run_due(reaper, chores, CHORES);
        const double soon = clock_seconds() + SOON_SECONDS;
        if (reaper->some_died && chores[CHORES - 1].next > soon)
            chores[CHORES - 1].next = soon;
        reaper->some_died = false;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 1;
        pthread_mutex_lock(&reaper->lock);
        if (!reaper->stop)
            pthread_cond_timedwait(&reaper->changed, &reaper->lock, &until);
    }
    pthread_mutex_unlock(&reaper->lock);
    return NULL;
}

enum err reaper_start(struct store *store, const struct config *config, struct reaper **ret_reaper,
                      struct error *err)
{
    pthread_condattr_t attributes;
    struct reaper *reaper = mem_array(1, sizeof(*reaper), err);
    if (reaper == NULL)
        return ERR_NOMEM;
    reaper->store = store;
    reaper->config = config;
    pthread_mutex_init(&reaper->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&reaper->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&reaper->thread, NULL, work, reaper) != 0) {
        pthread_cond_destroy(&reaper->changed);
        pthread_mutex_destroy(&reaper->lock);
        mem_free(reaper);
        return FAIL(err, ERR_IO, "the system refuses a thread for the reaper");
    }
    *ret_reaper = reaper;
    return ERR_OK;
}

void reaper_stop(struct reaper *reaper)
{
    if (reaper == NULL)
        return;
    pthread_mutex_lock(&reaper->lock);
    reaper->stop = true;
    pthread_cond_signal(&reaper->changed);
    pthread_mutex_unlock(&reaper->lock);
    pthread_join(reaper->thread, NULL);
    pthread_cond_destroy(&reaper->changed);
    pthread_mutex_destroy(&reaper->lock);
    mem_free(reaper);
}
