#include "http/workers.h"

#include <pthread.h>

#include "base/memory.h"

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t some;
    void (*work)(void *item);
    void **queue; /* a ring of queue_max */
    int32_t queue_max, first, count;
    bool is_closing;
    pthread_t *threads;
    int32_t thread_count; /* that were started */
};

static void *run(void *argument)
{
    struct workers *workers = argument;
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        while (workers->count == 0 && !workers->is_closing)
            pthread_cond_wait(&workers->some, &workers->lock);
        if (workers->count == 0)
            break;
        void *item = workers->queue[workers->first];
        workers->first = (workers->first + 1) % workers->queue_max;
        workers->count--;
        pthread_mutex_unlock(&workers->lock);
        workers->work(item);
        pthread_mutex_lock(&workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

enum err workers_create(int32_t threads, int32_t queue_max, void (*work)(void *item),
                        struct workers **ret_workers, struct error *err)
{
    enum err rc = ERR_OK;
    struct workers *workers;
    TRY_PTR(workers = mem_array(1, sizeof(*workers), err));
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->some, NULL);
    workers->work = work;
    workers->queue_max = queue_max;
    TRY_PTR(workers->queue = mem_array((size_t)queue_max, sizeof(void *), err));
    TRY_PTR(workers->threads = mem_array((size_t)threads, sizeof(pthread_t), err));
    for (int32_t i = 0; i < threads; i++) {
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
    const bool fits = workers->count < workers->queue_max;
    if (fits)
        workers->queue[(workers->first + workers->count++) % workers->queue_max] = item;
    pthread_cond_signal(&workers->some);
    pthread_mutex_unlock(&workers->lock);
    return fits;
}

void workers_free(struct workers *workers)
{
    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->is_closing = true;
    pthread_cond_broadcast(&workers->some);
    pthread_mutex_unlock(&workers->lock);
    for (int32_t i = 0; i < workers->thread_count; i++)
        pthread_join(workers->threads[i], NULL);
    pthread_cond_destroy(&workers->some);
    pthread_mutex_destroy(&workers->lock);
    mem_free(workers->threads);
    mem_free(workers->queue);
    mem_free(workers);
}
