/* What every queue must do alike. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "queue/queue.h"
#include "queue/relay.h"
#include "support/slowness.h"
#include "unit/store/fixture.h"

static struct queue_consumer *open_consumer(const struct fixture *f)
{
    struct error err;
    struct queue_consumer *consumer = NULL;
    const struct queue_spec spec = {.name = QUEUE_TRAINING, .store = f->store};
    assert_ok(queue_consumer_open(&spec, &consumer, &err));
    return consumer;
}

static bool wait_for(struct queue_consumer *consumer, int timeout_ms,
                     struct queue_delivery *ret_delivery)
{
    struct error err;
    bool got = false;
    assert_ok(queue_wait(consumer, timeout_ms, ret_delivery, &got, &err));
    return got;
}

static void a_message_is_delivered_once(void **state)
{
    const struct fixture *f = *state;
    struct queue_delivery delivery;
    struct queue_consumer *consumer = open_consumer(f);
    assert_false(wait_for(consumer, 0, &delivery));
    const int64_t id = add_job(f, f->user_id);
    assert_true(wait_for(consumer, 1000, &delivery));
    assert_int_equal(delivery.job_id, id);
    assert_false(delivery.redelivered);
    assert_string_equal(delivery.traceparent, "");
    assert_int_equal(claim(f).job_id, id);
    queue_ack(consumer, &delivery);
    queue_ack(consumer, &delivery); /* once more: nothing happens */
    assert_false(wait_for(consumer, 100, &delivery));
    queue_consumer_close(consumer);
}

struct waiter {
    const struct fixture *fixture;
    double delivered;
    bool got;
};

static void *wait_in_thread(void *context)
{
    struct waiter *waiter = context;
    struct queue_delivery delivery;
    struct queue_consumer *consumer = open_consumer(waiter->fixture);
    waiter->got = wait_for(consumer, 5000, &delivery);
    waiter->delivered = clock_seconds();
    queue_ack(consumer, &delivery);
    queue_consumer_close(consumer);
    return NULL;
}

static void a_message_wakes_a_consumer_that_waits(void **state)
{
    const struct fixture *f = *state;
    double total = 0;
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        struct waiter waiter = {.fixture = f};
        assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &waiter), 0);
        pause_ms(60 + 3 * i);
        add_job(f, f->user_id);
        const double committed = clock_seconds();
        pthread_join(thread, NULL);
        assert_true(waiter.got);
        total += waiter.delivered - committed;
    }
    assert_true(total / 10 < 0.05 * TEST_SLOWNESS);
}

static void a_message_that_was_not_acked_comes_again(void **state)
{
    const struct fixture *f = *state;
    struct queue_delivery first, second;
    const int64_t id = add_job(f, f->user_id);
    struct queue_consumer *consumer = open_consumer(f);
    struct queue_consumer *other = open_consumer(f);
    assert_true(wait_for(consumer, 1000, &first));
    assert_false(wait_for(other, 100, &second)); /* it is held */
    queue_consumer_close(consumer);
    assert_true(wait_for(other, 2000, &second));
    assert_int_equal(second.job_id, id);
    assert_true(second.redelivered);
    queue_ack(other, &second);
    queue_consumer_close(other);
}

static void a_traceparent_comes_with_the_message(void **state)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const struct fixture *f = *state;
    struct error err;
    struct queue_delivery delivery;
    int64_t id;
    bool is_new;
    struct job_new job = plain_job(f->user_id);
    job.traceparent = trace;
    struct queue_consumer *consumer = open_consumer(f);
    assert_ok(job_create(f->store, &job, &id, &is_new, &err));
    assert_true(wait_for(consumer, 1000, &delivery));
    assert_string_equal(delivery.traceparent, trace);
    queue_consumer_close(consumer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_delivered_once),
        CASE(a_message_wakes_a_consumer_that_waits),
        CASE(a_message_that_was_not_acked_comes_again),
        CASE(a_traceparent_comes_with_the_message),
    };
    json_init();
    fixture_use_sqlite();
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_use_postgres();
    failures += cmocka_run_group_tests(tests, NULL, NULL);
    fixture_finish();
    return failures;
}
