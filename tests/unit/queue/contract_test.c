/* What every queue must do alike: each case runs against the built-in queue over SQLite and over
 * PostgreSQL, and against RabbitMQ. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "store/outbox.h"
#include "support/slowness.h"
#include "unit/queue/rig.h"

static void a_message_is_delivered_once(void **state)
{
    struct rig *rig = *state;
    struct queue_delivery delivery;
    struct queue_consumer *consumer = rig_consumer(rig);
    assert_false(rig_try(consumer, 0, &delivery));
    const int64_t id = rig_job(rig);
    delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, id);
    assert_false(delivery.redelivered);
    assert_string_equal(delivery.traceparent, "");
    assert_int_equal(claim(rig->fixture).job_id, id);
    queue_ack(consumer, &delivery);
    queue_ack(consumer, &delivery); /* once more: nothing happens */
    assert_false(rig_try(consumer, 200, &delivery));
    assert_true(queue_is_connected(consumer));
    assert_int_equal(queue_foreign_count(consumer), 0);
    queue_consumer_close(consumer);
}

struct waiter {
    struct queue_consumer *consumer;
    double delivered;
};

static void *wait_in_thread(void *context)
{
    struct waiter *waiter = context;
    const struct queue_delivery delivery = rig_get(waiter->consumer);
    waiter->delivered = clock_seconds();
    queue_ack(waiter->consumer, &delivery);
    return NULL;
}

static void a_message_wakes_a_consumer_that_waits(void **state)
{
    struct rig *rig = *state;
    struct waiter waiter = {rig_consumer(rig), 0};
    double least = 1000;
    for (int i = 0; i < 10; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, wait_in_thread, &waiter), 0);
        pause_ms(60 + 3 * i);
        rig_job(rig);
        const double committed = clock_seconds();
        pthread_join(thread, NULL);
        const double took = waiter.delivered - committed;
        least = took < least ? took : least;
    }
    assert_true(least < 0.05 * TEST_SLOWNESS); /* the machine may be busy: the best of ten */
    queue_consumer_close(waiter.consumer);
}

static void a_message_that_is_held_is_nobody_elses_and_goes_back_at_the_end(void **state)
{
    struct rig *rig = *state;
    struct queue_delivery delivery;
    const int64_t id = rig_job(rig);
    struct queue_consumer *consumer = rig_consumer(rig);
    struct queue_consumer *other = rig_consumer(rig);
    delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, id);
    assert_false(rig_try(other, 200, &delivery));
    queue_consumer_close(consumer);
    delivery = rig_get(other);
    assert_int_equal(delivery.job_id, id);
    assert_true(delivery.redelivered);
    queue_ack(other, &delivery);
    queue_consumer_close(other);
}

/* The consumer takes the message, says so, and is killed. */
static void take_and_die(const struct queue_spec *spec, const char *url, int out)
{
    struct error err;
    struct queue_spec own = *spec;
    struct queue_consumer *consumer;
    struct queue_delivery delivery;
    bool got = false;
    const struct store_spec store = {.url = url};
    own.warn = NULL;
    if (store_open(&store, &own.store, &err) != ERR_OK ||
        queue_consumer_open(&own, &consumer, &err) != ERR_OK ||
        queue_wait(consumer, 60000, &delivery, &got, &err) != ERR_OK || !got ||
        write(out, "x", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void a_message_whose_consumer_was_killed_comes_again(void **state)
{
    struct rig *rig = *state;
    int pipes[2], status;
    char word;
    assert_int_equal(pipe(pipes), 0);
    relay_stop(rig->relay); /* no thread may hold a lock that the child would wait for */
    const pid_t pid = fork();
    if (pid == 0)
        take_and_die(&rig->spec, rig->fixture->url, pipes[1]);
    close(pipes[1]);
    rig->relay = rig_relay(rig);
    const int64_t id = rig_job(rig);
    assert_int_equal(read(pipes[0], &word, 1), 1);
    close(pipes[0]);
    struct queue_consumer *consumer = rig_consumer(rig);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    const double killed = clock_seconds();
    const struct queue_delivery delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, id);
    assert_true(delivery.redelivered);
    assert_true(clock_seconds() - killed < (rig_has_rabbit() ? 2 : 7) * TEST_SLOWNESS);
    queue_consumer_close(consumer);
}

static void a_held_message_stays_held_while_it_is_served(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct queue_delivery delivery, second;
    rig_job(rig);
    struct queue_consumer *consumer = rig_consumer(rig);
    struct queue_consumer *other = rig_consumer(rig);
    delivery = rig_get(consumer);
    for (int i = 0; i < 14; i++) { /* longer than QUEUE_HOLD_MS */
        assert_ok(queue_service(consumer, &err));
        assert_false(rig_try(other, 500, &second));
    }
    queue_ack(consumer, &delivery);
    assert_false(rig_try(other, 300, &second));
    queue_consumer_close(consumer);
    queue_consumer_close(other);
}

static void messages_go_to_those_who_wait_not_to_those_at_work(void **state)
{
    struct rig *rig = *state;
    struct error err;
    rig_job(rig);
    struct queue_consumer *at_work = rig_consumer(rig);
    struct queue_delivery delivery = rig_get(at_work);
    struct queue_consumer *idle = rig_consumer(rig);
    queue_ack(at_work, &delivery); /* early: its job goes on */
    for (int i = 0; i < 3; i++) {
        const int64_t id = rig_job(rig);
        bool got = false;
        for (int tries = 0; tries < 100 && !got; tries++) {
            assert_ok(queue_service(at_work, &err));
            got = rig_try(idle, 100, &delivery);
        }
        assert_true(got);
        assert_int_equal(delivery.job_id, id);
        queue_ack(idle, &delivery);
    }
    rig_job(rig); /* and when it has time again */
    queue_consumer_close(idle);
    delivery = rig_get(at_work);
    queue_ack(at_work, &delivery);
    queue_consumer_close(at_work);
}

static void each_of_many_messages_goes_to_one_consumer(void **state)
{
    enum { MANY = 60, CONSUMERS = 3 };
    struct rig *rig = *state;
    struct queue_delivery delivery;
    struct queue_consumer *consumers[CONSUMERS];
    int64_t first = 0;
    int seen[MANY] = {0}, total = 0;
    for (int i = 0; i < CONSUMERS; i++)
        consumers[i] = rig_consumer(rig);
    for (int i = 0; i < MANY; i++) {
        const int64_t id = rig_job(rig);
        first = i == 0 ? id : first;
    }
    for (int tries = 0; tries < 2000 && total < MANY; tries++) {
        struct queue_consumer *consumer = consumers[tries % CONSUMERS];
        if (!rig_try(consumer, 20, &delivery))
            continue;
        assert_true(delivery.job_id >= first && delivery.job_id < first + MANY);
        assert_int_equal(seen[delivery.job_id - first]++, 0);
        total++;
        queue_ack(consumer, &delivery);
    }
    assert_int_equal(total, MANY);
    for (int i = 0; i < CONSUMERS; i++) {
        assert_false(rig_try(consumers[i], 50, &delivery));
        queue_consumer_close(consumers[i]);
    }
}

static void a_traceparent_comes_with_the_message(void **state)
{
    static const char trace[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    struct rig *rig = *state;
    struct error err;
    int64_t id;
    bool is_new;
    struct job_new job = plain_job(rig->fixture->user_id);
    job.traceparent = trace;
    struct queue_consumer *consumer = rig_consumer(rig);
    assert_ok(job_create(rig->fixture->store, &job, &id, &is_new, &err));
    const struct queue_delivery delivery = rig_get(consumer);
    assert_string_equal(delivery.traceparent, trace);
    queue_consumer_close(consumer);
}

static void a_dead_letter_is_put_aside_and_counted(void **state)
{
    struct rig *rig = *state;
    struct queue_delivery delivery;
    struct queue_consumer *consumer = rig_consumer(rig);
    rig_job(rig);
    delivery = rig_get(consumer);
    queue_dead_letter(consumer, &delivery, "the worker died 3 times");
    assert_false(rig_try(consumer, 200, &delivery));
    for (int waited = 0; waited < 10000 && rig_depth(rig).dead == 0; waited += 50)
        pause_ms(50);
    assert_int_equal(rig_depth(rig).dead, 1);
    assert_int_equal(rig_depth(rig).messages, 0);
    queue_consumer_close(consumer);
}

static void a_job_without_a_message_gets_a_new_one(void **state)
{
    struct rig *rig = *state;
    struct queue_consumer *consumer = rig_consumer(rig);
    const int64_t id = rig_job(rig);
    struct queue_delivery delivery = rig_get(consumer);
    queue_ack(consumer, &delivery); /* and forgets to claim */
    assert_false(rig_try(consumer, 300, &delivery));
    relay_stop(rig->relay);
    fixture_sql(rig->fixture, "UPDATE jobs SET queued_ms = 1");
    rig->relay = rig_relay(rig);
    delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, id);
    queue_ack(consumer, &delivery);
    queue_consumer_close(consumer);
}

static void the_depth_tells_what_waits(void **state)
{
    struct rig *rig = *state;
    rig_await_connected(rig->relay, true);
    assert_int_equal(rig_depth(rig).is_broker, rig_has_rabbit());
    assert_false(rig_depth(rig).is_blocked);
    for (int i = 0; i < 3; i++)
        rig_job(rig);
    for (int waited = 0; waited < 10000 && rig_depth(rig).messages < 3; waited += 50)
        pause_ms(50);
    assert_int_equal(rig_depth(rig).messages, 3);
    assert_int_equal(rig_depth(rig).dead, 0);
}

static void a_consumer_without_memory_is_not_opened(void **state)
{
    struct rig *rig = *state;
    struct error err;
    struct queue_consumer *consumer = NULL;
    struct relay *relay = NULL;
    mem_fail_after(1);
    assert_error(queue_consumer_open(&rig->spec, &consumer, &err), ERR_NOMEM);
    assert_error(relay_start(&rig->spec, &relay, &err), ERR_NOMEM);
    mem_fail_after(0);
    assert_null(consumer);
    assert_null(relay);
    queue_consumer_close(NULL);
    relay_stop(NULL);
}

static int run_all(const char *queue)
{
    const struct CMUnitTest tests[] = {
        QUEUE_CASE(a_message_is_delivered_once),
        QUEUE_CASE(a_message_wakes_a_consumer_that_waits),
        QUEUE_CASE(a_message_that_is_held_is_nobody_elses_and_goes_back_at_the_end),
        QUEUE_CASE(a_message_whose_consumer_was_killed_comes_again),
        QUEUE_CASE(a_held_message_stays_held_while_it_is_served),
        QUEUE_CASE(messages_go_to_those_who_wait_not_to_those_at_work),
        QUEUE_CASE(each_of_many_messages_goes_to_one_consumer),
        QUEUE_CASE(a_traceparent_comes_with_the_message),
        QUEUE_CASE(a_dead_letter_is_put_aside_and_counted),
        QUEUE_CASE(a_job_without_a_message_gets_a_new_one),
        QUEUE_CASE(the_depth_tells_what_waits),
        QUEUE_CASE(a_consumer_without_memory_is_not_opened),
    };
    print_message("%s\n", queue);
    return cmocka_run_group_tests_name(queue, tests, NULL, NULL);
}

int main(void)
{
    struct rabbit rabbit = {.port = 0};
    json_init();
    rabbit_make(&rabbit); /* it starts meanwhile */
    fixture_use_sqlite();
    int failures = run_all("built in, SQLite");
    fixture_use_postgres();
    failures += run_all("built in, PostgreSQL");
    fixture_use_sqlite();
    rabbit_await(&rabbit);
    rig_use_rabbit(&rabbit);
    failures += run_all("RabbitMQ");
    rabbit_remove(&rabbit);
    fixture_finish();
    return failures;
}
