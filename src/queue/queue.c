#include "queue/queue.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "queue/parts.h"

void queue_spec_from_config(const struct config *config, struct store *store, enum job_task task,
                            struct queue_spec *ret_spec)
{
    *ret_spec = (struct queue_spec){.task = task,
                                    .name = task == JOB_PREDICT ? QUEUE_PREDICTION : QUEUE_TRAINING,
                                    .store = store};
    if (!config_has_broker(config))
        return;
    ret_spec->host = config_text(config, "RABBITMQ_HOST");
    ret_spec->port = (int32_t)config_int(config, "RABBITMQ_PORT");
    ret_spec->user = config_text(config, "RABBITMQ_USER");
    ret_spec->password = config_text(config, "RABBITMQ_PASSWORD");
    ret_spec->vhost = config_text(config, "RABBITMQ_VHOST");
    ret_spec->quorum = strcmp(config_text(config, "QUEUE_TYPE"), "quorum") == 0;
}

enum err thread_start(pthread_t *ret_thread, void *(*run)(void *), void *argument,
                      struct error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(ret_thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? ERR_OK : FAIL(err, ERR_IO, "the system refuses a thread");
}

void queue_warn(const struct queue_spec *spec, const char *format, ...)
{
    char message[600];
    va_list args;
    if (spec->warn == NULL)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    spec->warn(spec->context, message);
}

enum err queue_consumer_open(const struct queue_spec *spec, struct queue_consumer **ret_consumer,
                             struct error *err)
{
    return spec->host != NULL ? amqp_open(spec, ret_consumer, err)
                              : built_in_open(spec, ret_consumer, err);
}

int queue_consumer_fd(const struct queue_consumer *consumer)
{
    return consumer->fd;
}

enum err queue_wait(struct queue_consumer *consumer, int timeout_ms,
                    struct queue_delivery *ret_delivery, bool *ret_got, struct error *err)
{
    return consumer->backend->wait(consumer, timeout_ms, ret_delivery, ret_got, err);
}

enum err queue_service(struct queue_consumer *consumer, struct error *err)
{
    return consumer->backend->service(consumer, err);
}

void queue_ack(struct queue_consumer *consumer, const struct queue_delivery *delivery)
{
    consumer->backend->ack(consumer, delivery);
}

void queue_dead_letter(struct queue_consumer *consumer, const struct queue_delivery *delivery,
                       const char *why)
{
    consumer->backend->dead_letter(consumer, delivery, why);
}

bool queue_is_connected(const struct queue_consumer *consumer)
{
    return consumer->backend->is_connected(consumer);
}

int64_t queue_foreign_count(const struct queue_consumer *consumer)
{
    return consumer->backend->foreign_count(consumer);
}

void queue_consumer_close(struct queue_consumer *consumer)
{
    if (consumer != NULL)
        consumer->backend->close(consumer);
}
