#include "base/parallel.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

struct loop {
    atomic_llong next;
    int64_t count, grain;
    void (*body)(void *context, int64_t begin, int64_t end, int32_t worker);
    void *context;
};

struct worker {
    struct loop *loop;
    int32_t index;
};

static void *work(void *argument)
{
    const struct worker *worker = argument;
    struct loop *loop = worker->loop;
    for (;;) {
        int64_t begin = atomic_fetch_add(&loop->next, loop->grain);
        if (begin >= loop->count)
            return NULL;
        int64_t end = loop->count - begin > loop->grain ? begin + loop->grain : loop->count;
        loop->body(loop->context, begin, end, worker->index);
    }
}

void parallel_for(int32_t threads, int64_t count, int64_t grain,
                  void (*body)(void *context, int64_t begin, int64_t end, int32_t worker),
                  void *context)
{
    assert(threads >= 1 && threads <= PARALLEL_THREADS_MAX && grain >= 1);
    struct loop loop = {.count = count, .grain = grain, .body = body, .context = context};
    struct worker workers[PARALLEL_THREADS_MAX];
    pthread_t ids[PARALLEL_THREADS_MAX];
    bool started[PARALLEL_THREADS_MAX] = {false};

    for (int32_t i = 0; i < threads; i++)
        workers[i] = (struct worker){&loop, i};
    for (int32_t i = 1; i < threads && (int64_t)i * grain < count; i++)
        started[i] = pthread_create(&ids[i], NULL, work, &workers[i]) == 0;
    work(&workers[0]);
    for (int32_t i = 1; i < threads; i++)
        if (started[i])
            pthread_join(ids[i], NULL);
}

int32_t parallel_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n > PARALLEL_THREADS_MAX ? PARALLEL_THREADS_MAX : n;
}
