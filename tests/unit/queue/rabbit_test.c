/* What is RabbitMQ's own: messages of others, queues of others, and a broker that is killed, away,
 * or takes nothing. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "support/slowness.h"
#include "unit/queue/rig.h"

static struct rabbit rabbit;

static void messages_of_others_are_dropped_and_counted(void **state)
{
    static const char *const bodies[] = {"",        "hello",       "\xFF\xFF\xFF",
                                         "[1,2,3]", "{\"id\": 1}", "{\"job_id\": \"x\"}"};
    static const char ours[] = "{\"job_id\": 4711, \"any\": \"thing\"}";
    enum { BODIES = sizeof(bodies) / sizeof(bodies[0]), HUGE_SIZE = 3 << 20 };
    struct rig *rig = *state;
    struct error err;
    char *huge = mem_array(HUGE_SIZE, 1, &err);
    memset(huge, '{', HUGE_SIZE);
    rig_await_connected(rig->relay, true);
    for (int i = 0; i < BODIES; i++)
        rabbit_publish(&rabbit, rig->name, bodies[i], strlen(bodies[i]));
    rabbit_publish(&rabbit, rig->name, huge, HUGE_SIZE);
    rabbit_publish(&rabbit, rig->name, ours, strlen(ours));
    struct queue_consumer *consumer = rig_consumer(rig);
    struct queue_delivery delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, 4711);
    assert_int_equal(queue_foreign_count(consumer), BODIES + 1);
    queue_ack(consumer, &delivery);
    assert_false(rig_try(consumer, 200, &delivery));
    queue_consumer_close(consumer);
    mem_free(huge);
}

static void the_message_is_as_documented(void **state)
{
    struct rig *rig = *state;
    struct rabbit_message message;
    char body[256], id[32];
    const int64_t job_id = rig_job(rig);
    rig_await_published(rig, 1);
    assert_true(rabbit_get(&rabbit, rig->name, &message));
    snprintf(body, sizeof(body),
             "{\"job_id\":%lld,\"model_type\":\"als\",\"data_path\":\"/data\","
             "\"hyperparams\":{\"iterations\":10,\"factors\":60}}",
             (long long)job_id);
    snprintf(id, sizeof(id), "%lld:0", (long long)job_id);
    assert_string_equal(message.body, body);
    assert_string_equal(message.message_id, id);
    assert_true(message.is_persistent);
}

static void a_dead_letter_lies_in_its_queue_with_the_reason(void **state)
{
    struct rig *rig = *state;
    struct rabbit_message message;
    char dead[80], body[64];
    struct queue_consumer *consumer = rig_consumer(rig);
    const int64_t job_id = rig_job(rig);
    const struct queue_delivery delivery = rig_get(consumer);
    queue_dead_letter(consumer, &delivery, "the worker died 3 times");
    queue_consumer_close(consumer); /* sends it before it leaves */
    snprintf(dead, sizeof(dead), "%s.dead", rig->name);
    assert_true(rabbit_get(&rabbit, dead, &message));
    snprintf(body, sizeof(body), "{\"job_id\":%lld,", (long long)job_id);
    assert_memory_equal(message.body, body, strlen(body));
    assert_string_equal(message.reason, "the worker died 3 times");
    assert_false(rabbit_get(&rabbit, rig->name, &message));
}

static void a_queue_of_others_is_used_as_it_is(void **state)
{
    struct rig *rig = *state;
    struct queue_delivery delivery;
    char other[80];
    snprintf(other, sizeof(other), "%s_other", rig->name);
    rabbit_declare(&rabbit, other, 1000);
    relay_stop(rig->relay);
    rig->spec.name = other;
    rig->relay = rig_relay(rig);
    struct queue_consumer *consumer = rig_consumer(rig);
    const int64_t job_id = rig_job(rig);
    delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, job_id);
    queue_dead_letter(consumer, &delivery, "poison"); /* works without the queue's help */
    for (int waited = 0; waited < 10000 && rig_depth(rig).dead == 0; waited += 50)
        pause_ms(50);
    assert_int_equal(rig_depth(rig).dead, 1);
    queue_consumer_close(consumer);
}

static void quorum_queues_serve_too(void **state)
{
    struct rig *rig = *state;
    char name[80];
    snprintf(name, sizeof(name), "%s_quorum", rig->name);
    relay_stop(rig->relay);
    rig->spec.name = name;
    rig->spec.quorum = true;
    rig->relay = rig_relay(rig);
    struct queue_consumer *consumer = rig_consumer(rig);
    const int64_t job_id = rig_job(rig);
    const struct queue_delivery delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, job_id);
    queue_ack(consumer, &delivery);
    queue_consumer_close(consumer);
    rabbit_delete(&rabbit, name);
}

static void a_wrong_password_is_said_and_tried_again(void **state)
{
    struct rig *rig = *state;
    struct queue_delivery delivery;
    relay_stop(rig->relay);
    rig->relay = NULL;
    rig->warnings = 0;
    rig->spec.password = "s3cret";
    struct queue_consumer *consumer = rig_consumer(rig);
    assert_false(rig_try(consumer, 3000, &delivery));
    assert_false(queue_is_connected(consumer));
    queue_consumer_close(consumer);
    assert_int_equal(rig->warnings, 1); /* not with every try */
    assert_non_null(strstr(rig->warning, "127.0.0.1"));
    assert_null(strstr(rig->warning, "s3cret"));
}

static void a_queue_that_is_deleted_is_made_again(void **state)
{
    struct rig *rig = *state;
    struct queue_delivery delivery;
    struct queue_consumer *consumer = rig_consumer(rig);
    rig_await_connected(rig->relay, true);
    assert_false(rig_try(consumer, 200, &delivery));
    rabbit_delete(&rabbit, rig->name);
    const int64_t job_id = rig_job(rig);
    delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, job_id);
    queue_ack(consumer, &delivery);
    queue_consumer_close(consumer);
}

static void the_descriptor_tells_of_a_message(void **state)
{
    struct rig *rig = *state;
    struct queue_delivery delivery;
    struct queue_consumer *consumer = rig_consumer(rig);
    struct pollfd ready = {.fd = queue_consumer_fd(consumer), .events = POLLIN};
    assert_true(ready.fd >= 0);
    assert_false(rig_try(consumer, 0, &delivery)); /* now it is wanted */
    assert_int_equal(poll(&ready, 1, 100), 0);
    rig_job(rig);
    assert_int_equal(poll(&ready, 1, 20000), 1);
    assert_true(rig_try(consumer, 0, &delivery));
    assert_int_equal(poll(&ready, 1, 0), 0);
    queue_ack(consumer, &delivery);
    queue_consumer_close(consumer);
}

static void a_broker_that_blocks_is_waited_for(void **state)
{
    static const char *const block[] = {"set_vm_memory_high_watermark", "absolute", "1", NULL};
    static const char *const unblock[] = {"set_vm_memory_high_watermark", "0.4", NULL};
    struct rig *rig = *state;
    struct queue_delivery delivery;
    struct store_counts counts;
    struct error err;
    rig_await_connected(rig->relay, true);
    rabbit_ctl(&rabbit, block);
    const int64_t job_id = rig_job(rig);
    for (int waited = 0; waited < 20000 && !rig_depth(rig).is_blocked; waited += 50)
        pause_ms(50);
    assert_true(rig_depth(rig).is_blocked);
    assert_true(rig_depth(rig).is_connected);
    assert_int_equal(rig_depth(rig).published, 0);
    assert_ok(store_counts(rig->fixture->store, &counts, &err));
    assert_int_equal(counts.outbox, 1); /* it is kept */
    rabbit_ctl(&rabbit, unblock);
    struct queue_consumer *consumer = rig_consumer(rig);
    delivery = rig_get(consumer);
    assert_int_equal(delivery.job_id, job_id);
    queue_ack(consumer, &delivery);
    rig_await_published(rig, 1);
    queue_consumer_close(consumer);
}

/* Every job that was accepted is delivered, whatever the broker does meanwhile; and it may be away
 * when we start. */
static void nothing_is_lost_when_the_broker_is_killed(void **state)
{
    enum { JOBS = 300 };
    struct rig *rig = *state;
    struct error err;
    int seen[JOBS] = {0}, total = 0;
    int64_t first = 0;
    bool killed_again = false;
    struct queue_consumer *consumer = rig_consumer(rig);
    struct queue_delivery delivery;
    rig_await_connected(rig->relay, true);
    for (int i = 0; i < JOBS; i++) {
        if (i == JOBS / 3)
            rabbit_kill(&rabbit);
        if (i == 2 * JOBS / 3) {
            rabbit_start(&rabbit);
            pause_ms(1000);
        }
        const int64_t id = rig_job(rig);
        first = i == 0 ? id : first;
        pause_ms(2);
    }
    const double from = clock_seconds();
    while (total < JOBS && clock_seconds() - from < 120.0 * TEST_SLOWNESS) {
        if (!rig_try(consumer, 200, &delivery))
            continue;
        /* Some come twice: a broker that is killed forgets acks, and confirmations under way. */
        total += seen[delivery.job_id - first]++ == 0;
        if (total == JOBS / 2 && !killed_again) { /* once more, with a message in our hands */
            killed_again = true;
            rabbit_kill(&rabbit);
            rabbit_start(&rabbit);
        }
        queue_ack(consumer, &delivery);
    }
    assert_int_equal(total, JOBS);
    struct store_counts counts;
    rig_await_connected(rig->relay, true);
    for (int waited = 0; waited < 40000; waited += 100) {
        assert_ok(store_counts(rig->fixture->store, &counts, &err));
        if (counts.outbox == 0)
            break;
        pause_ms(100);
    }
    assert_int_equal(counts.outbox, 0);
    queue_consumer_close(consumer);
}

static void an_ack_of_an_old_connection_is_dropped(void **state)
{
    struct rig *rig = *state;
    struct queue_consumer *consumer = rig_consumer(rig);
    struct error err;
    const int64_t job_id = rig_job(rig);
    struct queue_delivery first = rig_get(consumer), second;
    rabbit_kill(&rabbit);
    for (int waited = 0; waited < 20000 && queue_is_connected(consumer); waited += 20)
        pause_ms(20);
    assert_false(queue_is_connected(consumer));
    assert_ok(queue_service(consumer, &err));        /* at work meanwhile */
    struct queue_consumer *late = rig_consumer(rig); /* the broker is away when it starts */
    assert_false(rig_try(late, 200, &second));
    rabbit_start(&rabbit);
    rabbit_await(&rabbit);
    second = rig_get(late);
    assert_int_equal(second.job_id, job_id); /* whether it was delivered before, a kill forgets */
    queue_ack(consumer, &first);             /* changes nothing for the other */
    queue_consumer_close(late);              /* which gives it back */
    second = rig_get(consumer);
    assert_int_equal(second.job_id, job_id);
    assert_int_not_equal(second.connection, first.connection);
    queue_ack(consumer, &second);
    queue_consumer_close(consumer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_CASE(messages_of_others_are_dropped_and_counted),
        QUEUE_CASE(the_message_is_as_documented),
        QUEUE_CASE(a_dead_letter_lies_in_its_queue_with_the_reason),
        QUEUE_CASE(a_queue_of_others_is_used_as_it_is),
        QUEUE_CASE(quorum_queues_serve_too),
        QUEUE_CASE(a_wrong_password_is_said_and_tried_again),
        QUEUE_CASE(a_queue_that_is_deleted_is_made_again),
        QUEUE_CASE(the_descriptor_tells_of_a_message),
        QUEUE_CASE(a_broker_that_blocks_is_waited_for),
        QUEUE_CASE(nothing_is_lost_when_the_broker_is_killed),
        QUEUE_CASE(an_ack_of_an_old_connection_is_dropped),
    };
    json_init();
    fixture_use_sqlite();
    rabbit_make(&rabbit);
    rabbit_await(&rabbit);
    rig_use_rabbit(&rabbit);
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    rabbit_remove(&rabbit);
    fixture_finish();
    return failures;
}
