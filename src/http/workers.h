#ifndef HTTP_WORKERS_H
#define HTTP_WORKERS_H

/*
 * Inside of http/: the threads that run handlers, and the queue of requests that wait for one.
 * Connections are served by few threads, which must never wait; a handler may, for a disk or a
 * database, so it runs here.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct workers;

struct workers_spec {
    int32_t threads;   /* at least 1 */
    int32_t running;   /* of them at a time, besides those that wait (base/turn.h); at least 1 */
    int32_t queue_max; /* items that wait for a thread */
    void (*work)(void *item);
};
/* Start threads that call work(item) for each item, in the order put. ERR_INVALID: `spec`;
 * ERR_IO: the system refuses a thread; ERR_NOMEM. */
MUST_CHECK enum err workers_create(const struct workers_spec *spec, struct workers **ret_workers,
                                   struct error *err);

/* False: the queue is full. */
bool workers_put(struct workers *workers, void *item);

/* Finish all that was put, and end the threads. NULL is allowed. */
void workers_free(struct workers *workers);

#endif
