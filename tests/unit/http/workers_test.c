/* The threads that run handlers: how many at once, and what happens when they wait. */
#include "http/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/turn.h"
#include "support/test.h"

enum { THREADS = 8, RUNNING = 2, QUEUE = 64 };

static atomic_int inside, most, done;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void sleep_ms(int ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

static void enter(void)
{
    const int now = atomic_fetch_add(&inside, 1) + 1;
    int before = atomic_load(&most);
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        ;
}

static void compute(void *item)
{
    (void)item;
    enter();
    sleep_ms(2);
    atomic_fetch_sub(&inside, 1);
    atomic_fetch_add(&done, 1);
}

/* Waits for the gate, and says so. */
static void wait_at_gate(void *item)
{
    (void)item;
    turn_pause();
    turn_pause(); /* pairs may nest */
    enter();
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    atomic_fetch_sub(&inside, 1);
    turn_resume();
    turn_resume();
    atomic_fetch_add(&done, 1);
}

static struct workers *start(void (*work)(void *item))
{
    struct error err;
    struct workers *workers;
    const struct workers_spec spec = {
        .threads = THREADS, .running = RUNNING, .queue_max = QUEUE, .work = work};
    atomic_store(&inside, 0);
    atomic_store(&most, 0);
    atomic_store(&done, 0);
    assert_ok(workers_create(&spec, &workers, &err));
    return workers;
}

static void put(struct workers *workers, int count)
{
    for (int i = 0; i < count; i++)
        assert_true(workers_put(workers, &inside));
}

static void wait_until(const atomic_int *number, int value)
{
    for (int ms = 0; atomic_load(number) < value && ms < 20000; ms++)
        sleep_ms(1);
    assert_int_equal(atomic_load(number), value);
}

static void no_more_run_than_there_are_turns(void **state)
{
    (void)state;
    struct workers *workers = start(compute);
    put(workers, 40);
    wait_until(&done, 40);
    workers_free(workers);
    assert_int_equal(atomic_load(&most), RUNNING);
}

static void those_that_wait_let_others_run(void **state)
{
    (void)state;
    struct workers *workers = start(wait_at_gate);
    pthread_mutex_lock(&gate);
    put(workers, 20);
    wait_until(&inside, THREADS);
    assert_int_equal(atomic_load(&done), 0);
    pthread_mutex_unlock(&gate);
    wait_until(&done, 20);
    workers_free(workers);
}

static void what_was_put_is_done_before_the_end(void **state)
{
    (void)state;
    struct workers *workers = start(compute);
    put(workers, 30);
    workers_free(workers);
    assert_int_equal(atomic_load(&done), 30);
    workers = start(compute);
    workers_free(workers);
    assert_int_equal(atomic_load(&done), 0);
}

static void a_full_queue_says_so(void **state)
{
    (void)state;
    struct workers *workers = start(wait_at_gate);
    pthread_mutex_lock(&gate);
    put(workers, THREADS);
    wait_until(&inside, THREADS);
    put(workers, QUEUE);
    assert_false(workers_put(workers, &inside));
    pthread_mutex_unlock(&gate);
    workers_free(workers);
    assert_int_equal(atomic_load(&done), THREADS + QUEUE);
}

static void a_pool_needs_threads_turns_and_room(void **state)
{
    (void)state;
    struct error err;
    struct workers *workers;
    const struct workers_spec specs[] = {
        {0, 1, 1, compute}, {1, 0, 1, compute}, {1, 1, 0, compute}};
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
        assert_error(workers_create(&specs[i], &workers, &err), ERR_INVALID);
}

static void without_a_pool_turns_are_nothing(void **state)
{
    (void)state;
    turn_pause();
    turn_resume();
    turn_resume();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_run_than_there_are_turns),
        cmocka_unit_test(those_that_wait_let_others_run),
        cmocka_unit_test(what_was_put_is_done_before_the_end),
        cmocka_unit_test(a_full_queue_says_so),
        cmocka_unit_test(a_pool_needs_threads_turns_and_room),
        cmocka_unit_test(without_a_pool_turns_are_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
