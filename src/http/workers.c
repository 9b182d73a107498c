#include "http/workers.h"

#include <pthread.h>

#include "base/memory.h"
#include "base/turn.h"

/* A thread that has nothing to do; on its own stack. */
struct idler {
    pthread_cond_t wake;
    struct idler *next;
    bool is_woken;
};

struct workers {
    pthread_mutex_t lock;
    struct workers_spec spec;
    struct turn_pool turns;
    void **queue; /* a ring of queue_max */
    int32_t first, count;
    int32_t running; /* threads that work and do not wait, or were woken to */
    bool is_closing;
    struct idler *idle; /* who became so last comes first: its memory is still in the caches */
    pthread_t *threads;
    int32_t thread_count; /* that were started */
};

/* Let one more thread run, if there is something to do and a turn for it. With the lock held. */
static void wake_one(struct workers *workers)
{
    struct idler *idler = workers->idle;
    if (idler == NULL || workers->count == 0 || workers->running >= workers->spec.running)
        return;
    workers->idle = idler->next;
    workers->running++;
    idler->is_woken = true;
    pthread_cond_signal(&idler->wake);
}

static void pause_one(void *pool)
{
    struct workers *workers = pool;
    pthread_mutex_lock(&workers->lock);
    workers->running--;
    wake_one(workers);
    pthread_mutex_unlock(&workers->lock);
}

static void resume_one(void *pool)
{
    struct workers *workers = pool;
    pthread_mutex_lock(&workers->lock);
    workers->running++;
    pthread_mutex_unlock(&workers->lock);
}

/* Wait to be woken; then the thread has a turn. With the lock held. */
static void idle(struct workers *workers, struct idler *self)
{
    self->is_woken = false;
    self->next = workers->idle;
    workers->idle = self;
    while (!self->is_woken)
        pthread_cond_wait(&self->wake, &workers->lock);
}

static void *run(void *argument)
{
    struct workers *workers = argument;
    struct idler self = {.wake = PTHREAD_COND_INITIALIZER};
    turn_join(&workers->turns);
    pthread_mutex_lock(&workers->lock);
    workers->running++;
    for (;;) {
        /* Of more threads than there are turns, as after a wait, the surplus goes idle. */
        const bool is_surplus = workers->running > workers->spec.running && !workers->is_closing;
        if (workers->count == 0 && workers->is_closing)
            break;
        if (workers->count == 0 || is_surplus) {
            workers->running--;
            idle(workers, &self);
            continue;
        }
        void *item = workers->queue[workers->first];
        workers->first = (workers->first + 1) % workers->spec.queue_max;
        workers->count--;
        pthread_mutex_unlock(&workers->lock);
        workers->spec.work(item);
        pthread_mutex_lock(&workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
    pthread_cond_destroy(&self.wake);
    return NULL;
}

enum err workers_create(const struct workers_spec *spec, struct workers **ret_workers,
                        struct error *err)
{
    enum err rc = ERR_OK;
    struct workers *workers;
    if (spec->threads < 1 || spec->running < 1 || spec->queue_max < 1)
        return FAIL(err, ERR_INVALID, "a pool without threads, turns or room");
    TRY_PTR(workers = mem_array(1, sizeof(*workers), err));
    pthread_mutex_init(&workers->lock, NULL);
    workers->spec = *spec;
    workers->turns = (struct turn_pool){pause_one, resume_one, workers};
    TRY_PTR(workers->queue = mem_array((size_t)spec->queue_max, sizeof(void *), err));
    TRY_PTR(workers->threads = mem_array((size_t)spec->threads, sizeof(pthread_t), err));
    for (int32_t i = 0; i < spec->threads; i++) {
        if (pthread_create(&workers->threads[i], NULL, run, workers) != 0) {
            rc = FAIL(err, ERR_IO, "the system refuses a thread");
            goto done;
        }
        workers->thread_count++;
    }
    *ret_workers = workers;
    workers = NULL;
done:
    workers_free(workers);
    return rc;
}

bool workers_put(struct workers *workers, void *item)
{
    pthread_mutex_lock(&workers->lock);
    const bool fits = workers->count < workers->spec.queue_max;
    if (fits)
        workers->queue[(workers->first + workers->count++) % workers->spec.queue_max] = item;
    wake_one(workers);
    pthread_mutex_unlock(&workers->lock);
    return fits;
}

void workers_free(struct workers *workers)
{
    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->is_closing = true;
    for (; workers->idle != NULL; workers->idle = workers->idle->next) {
        workers->idle->is_woken = true; /* nobody counts turns any more */
        pthread_cond_signal(&workers->idle->wake);
    }
    pthread_mutex_unlock(&workers->lock);
    for (int32_t i = 0; i < workers->thread_count; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_mutex_destroy(&workers->lock);
    mem_free(workers->threads);
    mem_free(workers->queue);
    mem_free(workers);
}
