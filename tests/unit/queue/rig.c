#include "unit/queue/rig.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/slowness.h"

enum { PATIENCE_MS = 20000 * TEST_SLOWNESS };

static const struct rabbit *rabbit;
static int queues;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void rig_use_rabbit(const struct rabbit *the_rabbit)
{
    rabbit = the_rabbit;
}

bool rig_has_rabbit(void)
{
    return rabbit != NULL;
}

static void note_warning(void *context, const char *message)
{
    struct rig *rig = context;
    pthread_mutex_lock(&lock);
    rig->warnings++;
    snprintf(rig->warning, sizeof(rig->warning), "%s", message);
    pthread_mutex_unlock(&lock);
}

int rig_setup(void **state)
{
    struct error err;
    void *fixture = NULL;
    struct rig *rig = mem_array(1, sizeof(*rig), &err);
    assert_non_null(rig);
    fixture_setup(&fixture);
    rig->fixture = fixture;
    snprintf(rig->name, sizeof(rig->name), "training_tasks_%d", ++queues);
    rig->spec = (struct queue_spec){.task = JOB_TRAIN,
                                    .name = rig->name,
                                    .store = rig->fixture->store,
                                    .warn = note_warning,
                                    .context = rig};
    if (rabbit != NULL) {
        rig->spec.host = "127.0.0.1";
        rig->spec.port = rabbit->port;
        rig->spec.user = RABBIT_USER;
        rig->spec.password = RABBIT_PASSWORD;
        rig->spec.vhost = "/";
    }
    rig->relay = rig_relay(rig);
    *state = rig;
    return 0;
}

int rig_teardown(void **state)
{
    struct rig *rig = *state;
    void *fixture = rig->fixture;
    relay_stop(rig->relay);
    fixture_teardown(&fixture);
    mem_free(rig);
    return 0;
}

struct queue_consumer *rig_consumer(struct rig *rig)
{
    struct error err;
    struct queue_consumer *consumer = NULL;
    assert_ok(queue_consumer_open(&rig->spec, &consumer, &err));
    return consumer;
}

struct relay *rig_relay(struct rig *rig)
{
    struct error err;
    struct relay *relay = NULL;
    assert_ok(relay_start(&rig->spec, &relay, &err));
    return relay;
}

int64_t rig_job(struct rig *rig)
{
    const int64_t job_id = add_job(rig->fixture, rig->fixture->user_id);
    relay_wake(rig->relay);
    return job_id;
}

bool rig_try(struct queue_consumer *consumer, int timeout_ms, struct queue_delivery *ret_delivery)
{
    struct error err;
    bool got = false;
    assert_ok(queue_wait(consumer, timeout_ms, ret_delivery, &got, &err));
    return got;
}

struct queue_delivery rig_get(struct queue_consumer *consumer)
{
    struct queue_delivery delivery;
    assert_true(rig_try(consumer, PATIENCE_MS, &delivery));
    return delivery;
}

struct queue_depth rig_depth(struct rig *rig)
{
    struct error err;
    struct queue_depth depth;
    assert_ok(queue_depth(rig->relay, &depth, &err));
    return depth;
}

void rig_await_connected(struct relay *relay, bool is_connected)
{
    struct error err;
    struct queue_depth depth;
    for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
        assert_ok(queue_depth(relay, &depth, &err));
        if (depth.is_connected == is_connected)
            return;
        pause_ms(20);
    }
    fail_msg("the relay is %sconnected", is_connected ? "not " : "still ");
}

void rig_await_published(struct rig *rig, int64_t count)
{
    for (int waited = 0; waited < PATIENCE_MS; waited += 20) {
        if (rig_depth(rig).published >= count)
            return;
        pause_ms(20);
    }
    fail_msg("%lld messages were confirmed", (long long)rig_depth(rig).published);
}
