#ifndef QUEUE_PARTS_H
#define QUEUE_PARTS_H

/* Inside of queue/ only: what a backend's consumer is. */
#include <pthread.h>

#include "queue/queue.h"

struct consumer_backend {
    enum err (*wait)(struct queue_consumer *consumer, int timeout_ms,
                     struct queue_delivery *ret_delivery, bool *ret_got, struct error *err);
    enum err (*service)(struct queue_consumer *consumer, struct error *err);
    void (*ack)(struct queue_consumer *consumer, const struct queue_delivery *delivery);
    void (*dead_letter)(struct queue_consumer *consumer, const struct queue_delivery *delivery,
                        const char *why);
    bool (*is_connected)(const struct queue_consumer *consumer);
    int64_t (*foreign_count)(const struct queue_consumer *consumer);
    void (*close)(struct queue_consumer *consumer);
};

/* The first member of each backend's own struct. */
struct queue_consumer {
    const struct consumer_backend *backend;
    struct queue_spec spec;
    int fd; /* -1: none */
};

MUST_CHECK enum err built_in_open(const struct queue_spec *spec,
                                  struct queue_consumer **ret_consumer, struct error *err);
MUST_CHECK enum err amqp_open(const struct queue_spec *spec, struct queue_consumer **ret_consumer,
                              struct error *err);

/* A thread that no signal is delivered to: those are the caller's. ERR_IO. */
MUST_CHECK enum err thread_start(pthread_t *ret_thread, void *(*run)(void *), void *argument,
                                 struct error *err);

/* Tell spec->warn, where somebody listens. */
void queue_warn(const struct queue_spec *spec, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
