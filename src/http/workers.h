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

/* Start `threads` threads that call work(item) for each item, in the order put. */
MUST_CHECK enum err workers_create(int32_t threads, int32_t queue_max, void (*work)(void *item),
                                   struct workers **ret_workers, struct error *err);

/* False: the queue is full. */
bool workers_put(struct workers *workers, void *item);

/* Finish all that was put, and end the threads. NULL is allowed. */
void workers_free(struct workers *workers);

#endif
