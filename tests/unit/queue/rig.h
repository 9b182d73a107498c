#ifndef TESTS_QUEUE_RIG_H
#define TESTS_QUEUE_RIG_H

/* A queue for each test: a store of its own, and with RabbitMQ a queue of its own and a relay. */
#include "queue/queue.h"
#include "queue/relay.h"
#include "support/rabbit.h"
#include "unit/store/fixture.h"

struct rig {
    struct fixture *fixture; /* first: CASE's setup makes it */
    struct queue_spec spec;
    char name[64];
    struct relay *relay;
    int warnings;
    char warning[600]; /* the last */
};

/* NULL: the built-in queue from now on. */
void rig_use_rabbit(const struct rabbit *rabbit);
bool rig_has_rabbit(void);

int rig_setup(void **state); /* *state is a struct rig */
int rig_teardown(void **state);
#define QUEUE_CASE(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

struct queue_consumer *rig_consumer(struct rig *rig);
struct relay *rig_relay(struct rig *rig); /* another than rig->relay */
int64_t rig_job(struct rig *rig);         /* a job, and the relay is told */
/* Wait and expect a message, or none. */
struct queue_delivery rig_get(struct queue_consumer *consumer);
bool rig_try(struct queue_consumer *consumer, int timeout_ms, struct queue_delivery *ret_delivery);
struct queue_depth rig_depth(struct rig *rig);
/* Until it holds, at most 20 s. */
void rig_await_connected(struct relay *relay, bool is_connected);
void rig_await_published(struct rig *rig, int64_t count);

#endif
