#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "support/test.h"

enum { COUNT_MAX = 1000 };

struct record {
    atomic_int visits[COUNT_MAX];
    atomic_int busy[PARALLEL_THREADS_MAX];
    atomic_int faults, calls;
    int64_t grain, count;
    int32_t threads;
    int64_t last_begin; /* only meaningful with one thread */
};

static void visit(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct record *record = context;
    atomic_fetch_add(&record->calls, 1);
    if (worker < 0 || worker >= record->threads || begin < 0 || end > record->count ||
        begin >= end || end - begin > record->grain || begin % record->grain != 0) {
        atomic_fetch_add(&record->faults, 1);
        return;
    }
    if (atomic_fetch_add(&record->busy[worker], 1) != 0)
        atomic_fetch_add(&record->faults, 1); /* two calls share a worker at a time */
    for (int64_t i = begin; i < end; i++)
        atomic_fetch_add(&record->visits[i], 1);
    sched_yield();
    atomic_fetch_sub(&record->busy[worker], 1);
}

static void assert_covered(int32_t threads, int64_t count, int64_t grain)
{
    static struct record record;
    memset(&record, 0, sizeof(record));
    record.threads = threads;
    record.count = count;
    record.grain = grain;
    parallel_for(threads, count, grain, visit, &record);
    assert_int_equal(atomic_load(&record.faults), 0);
    assert_int_equal(atomic_load(&record.calls), (count + grain - 1) / grain);
    for (int64_t i = 0; i < count; i++)
        assert_int_equal(atomic_load(&record.visits[i]), 1);
}

static void every_index_is_visited_exactly_once(void **state)
{
    static const int64_t counts[] = {1, 2, 63, 64, 65, COUNT_MAX};
    static const int64_t grains[] = {1, 7, 64, COUNT_MAX, 2 * COUNT_MAX};
    static const int32_t threads[] = {1, 2, 3, 16};
    (void)state;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
        for (size_t g = 0; g < sizeof(grains) / sizeof(grains[0]); g++)
            for (size_t t = 0; t < sizeof(threads) / sizeof(threads[0]); t++)
                assert_covered(threads[t], counts[c], grains[g]);
}

static void the_greatest_number_of_threads_works(void **state)
{
    (void)state;
    assert_covered(PARALLEL_THREADS_MAX, COUNT_MAX, 1);
}

static void nothing_to_do_calls_nothing(void **state)
{
    (void)state;
    assert_covered(4, 0, 10);
}

static void follow_the_order(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct record *record = context;
    (void)end;
    if (worker != 0 || begin <= record->last_begin)
        atomic_fetch_add(&record->faults, 1);
    record->last_begin = begin;
}

static void one_thread_goes_through_in_order(void **state)
{
    static struct record record = {.last_begin = -1};
    (void)state;
    parallel_for(1, 100, 9, follow_the_order, &record);
    assert_int_equal(atomic_load(&record.faults), 0);
    assert_int_equal(record.last_begin, 99);
}

struct sums {
    double pieces[100];
};

static void add_piece(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct sums *sums = context;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        sums->pieces[begin / 10] += 1.0 / (double)(i + 1);
}

static void sums_by_piece_do_not_depend_on_threads(void **state)
{
    struct sums one = {{0}}, four = {{0}};
    (void)state;
    parallel_for(1, 1000, 10, add_piece, &one);
    parallel_for(4, 1000, 10, add_piece, &four);
    assert_memory_equal(&one, &four, sizeof(one));
}

/* With stacks larger than any address space the system refuses every thread. */
static void refused_threads_leave_the_work_to_the_others(void **state)
{
    pthread_attr_t old, huge;
    (void)state;
    assert_int_equal(pthread_getattr_default_np(&old), 0);
    assert_int_equal(pthread_getattr_default_np(&huge), 0);
    assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 50), 0);
    assert_int_equal(pthread_setattr_default_np(&huge), 0);
    assert_covered(4, COUNT_MAX, 3);
    assert_int_equal(pthread_setattr_default_np(&old), 0);
    pthread_attr_destroy(&old);
    pthread_attr_destroy(&huge);
}

static void processors_are_those_of_the_affinity(void **state)
{
    cpu_set_t all, one;
    (void)state;
    assert_in_range(parallel_processors(), 1, PARALLEL_THREADS_MAX);
    assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
    size_t first = 0;
    while (!CPU_ISSET(first, &all))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    int32_t processors = parallel_processors();
    assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
    assert_int_equal(processors, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_is_visited_exactly_once),
        cmocka_unit_test(the_greatest_number_of_threads_works),
        cmocka_unit_test(nothing_to_do_calls_nothing),
        cmocka_unit_test(one_thread_goes_through_in_order),
        cmocka_unit_test(sums_by_piece_do_not_depend_on_threads),
        cmocka_unit_test(refused_threads_leave_the_work_to_the_others),
        cmocka_unit_test(processors_are_those_of_the_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
