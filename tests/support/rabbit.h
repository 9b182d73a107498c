#ifndef TESTS_SUPPORT_RABBIT_H
#define TESTS_SUPPORT_RABBIT_H

/*
 * A RabbitMQ of a test's own: real, on ports of 127.0.0.1 that nobody else has, with its own node
 * name, epmd and directory; run by the user rabbitmq where the test is root. It may be killed and
 * started again on the same data. That it cannot be started is a failure, not a reason to skip.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rabbit {
    char directory[64];
    int port, dist_port, epmd_port;
    pid_t server, epmd;
};
#define RABBIT_USER "rmuser"
#define RABBIT_PASSWORD "rmpassword"

void rabbit_make(struct rabbit *rabbit);        /* and start; takes some seconds: rabbit_await */
void rabbit_await(const struct rabbit *rabbit); /* until it takes logins */
void rabbit_kill(struct rabbit *rabbit);        /* -9 */
void rabbit_start(struct rabbit *rabbit);       /* again */
void rabbit_remove(struct rabbit *rabbit);      /* all zero is allowed */
/* rabbitmqctl with these arguments, NULL at the end; takes some seconds. */
void rabbit_ctl(const struct rabbit *rabbit, const char *const *arguments);

/* What other programs do to a queue. */
struct rabbit_message {
    char body[1024];
    size_t size;
    char message_id[64], traceparent[64], reason[64];
    bool is_persistent;
};
void rabbit_declare(const struct rabbit *rabbit, const char *queue, int64_t max_length);
void rabbit_delete(const struct rabbit *rabbit, const char *queue);
void rabbit_publish(const struct rabbit *rabbit, const char *queue, const void *body, size_t size);
bool rabbit_get(const struct rabbit *rabbit, const char *queue, struct rabbit_message *ret_message);

#endif
