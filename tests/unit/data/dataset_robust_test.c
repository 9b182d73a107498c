/* No memory, a stop in the middle, damaged bytes: a clean failure each time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "fixture.h"

/* Fail each allocation in turn, until the load gets through. */
static void fail_each_allocation(const struct load_spec *spec)
{
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1;; n++) {
        struct error err = {0};
        struct dataset *dataset = NULL;
        assert_true(n < 5000);
        mem_fail_after(n);
        const enum err rc = dataset_load(spec, NULL, &dataset, &err);
        const bool was_reached = mem_fail_count() >= n;
        mem_fail_after(0);
        if (rc == ERR_OK) {
            assert_false(was_reached);
            assert_true(n > 50);
            dataset_free(dataset);
            break;
        }
        assert_int_equal(rc, ERR_NOMEM);
        assert_null(dataset);
        assert_int_equal(mem_held_bytes(), held);
    }
    assert_int_equal(mem_held_bytes(), held);
}

static void every_failing_allocation_is_survived(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    fail_each_allocation(&spec);
}

static void every_failing_allocation_is_survived_with_text(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    spec.threads = 1;
    fixture_small(*state);
    fixture_sql(*state,
                "COPY (SELECT 'u' || cookie AS cookie, node::BIGINT * 1000000000000 AS node, "
                "'e' || \"event\" AS \"event\", event_date::VARCHAR AS event_date FROM "
                "read_parquet('$D/clickstream.pq')) TO '$D/new' (FORMAT parquet); "
                "COPY (FROM read_parquet('$D/new')) TO '$D/clickstream.pq' (FORMAT "
                "parquet); COPY (SELECT * FROM (VALUES ('e10', 1), ('e17', 0)) t(\"event\", "
                "is_contact)) TO '$D/events.pq' (FORMAT parquet)");
    fail_each_allocation(&spec);
}

static void write_long(const struct fixture *f, const char *compression)
{
    char sql[1024];
    snprintf(sql, sizeof(sql),
             "COPY (SELECT (i %% 5000)::BIGINT AS cookie, (hash(i) %% 3000)::UINTEGER AS node, "
             "10::BIGINT AS \"event\", make_timestamp_ns(1735689600000000000 + i * 1000000000) AS "
             "event_date FROM range(400000) t(i)) TO '$D/clickstream.pq' (FORMAT parquet, "
             "COMPRESSION %s, ROW_GROUP_SIZE 20480)",
             compression);
    fixture_events(f);
    fixture_sql(f, sql);
}

struct watcher {
    atomic_bool cancel;
    enum progress_phase until;
    int reports;
};

static void cancel_when_reached(void *context, const struct progress_update *update)
{
    struct watcher *watcher = context;
    watcher->reports++;
    if (update->phase == watcher->until)
        atomic_store(&watcher->cancel, true);
}

static void cancelled_load_stops_soon_and_leaves_nothing(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    const enum progress_phase phases[] = {PHASE_LOAD, PHASE_SPLIT};
    write_long(*state, "zstd");
    for (size_t i = 0; i < 2; i++) {
        struct watcher watcher = {.until = phases[i]};
        const struct progress progress = {
            .report = cancel_when_reached, .context = &watcher, .cancel = &watcher.cancel};
        struct error err = {0};
        struct dataset *dataset = NULL;
        const int64_t held = mem_held_bytes();
        const double begin = clock_seconds();
        assert_int_equal(dataset_load(&spec, &progress, &dataset, &err), ERR_CANCELLED);
        assert_true(clock_seconds() - begin < 30); /* of machines under sanitizers, too */
        assert_true(watcher.reports > 0);
        assert_null(dataset);
        assert_int_equal(mem_held_bytes(), held);
    }
}

static void load_that_is_cancelled_before_it_begins_reads_nothing(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    struct watcher watcher = {.cancel = true};
    const struct progress progress = {.cancel = &watcher.cancel};
    struct error err = {0};
    struct dataset *dataset = NULL;
    fixture_small(*state);
    assert_int_equal(dataset_load(&spec, &progress, &dataset, &err), ERR_CANCELLED);
}

/* Flip bytes at places that a seed chooses: the load may succeed (a value changed) or call the
 * file bad, and nothing else. */
static void damaged_bytes_are_bad_data_and_never_a_crash(void **state)
{
    struct fixture *f = *state;
    struct load_spec spec = fixture_spec(f);
    static const char *const compressions[] = {"uncompressed", "zstd", "snappy"};
    int refused = 0;
    for (size_t c = 0; c < 3; c++) {
        size_t size;
        write_long(f, compressions[c]);
        unsigned char *bytes = fixture_read(f, "clickstream.pq", &size);
        for (uint64_t round = 0; round < 12; round++) {
            struct error err = {0};
            struct dataset *dataset = NULL;
            unsigned char *copy = mem_dup(bytes, size, &err);
            assert_non_null(copy);
            /* Half of the rounds in the footer, where a byte means most. */
            const size_t begin = round % 2 == 0 ? 4 : size - size / 40;
            for (uint64_t i = 0; i < 4; i++)
                copy[begin + random_bits(c, round, i) % (size - 8 - begin)] ^=
                    (unsigned char)(1 + random_bits(c, round, i + 100) % 255);
            fixture_write(f, "clickstream.pq", copy, size);
            mem_free(copy);
            const enum err rc = dataset_load(&spec, NULL, &dataset, &err);
            if (rc != ERR_OK) {
                assert_true(rc == ERR_DATA || rc == ERR_NOMEM);
                assert_null(dataset);
                assert_null(strstr(err.message, "/proc/self"));
                refused++;
            }
            dataset_free(dataset);
        }
        mem_free(bytes);
    }
    assert_true(refused > 0);
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(every_failing_allocation_is_survived),
        WITH_FIXTURE(every_failing_allocation_is_survived_with_text),
        WITH_FIXTURE(cancelled_load_stops_soon_and_leaves_nothing),
        WITH_FIXTURE(load_that_is_cancelled_before_it_begins_reads_nothing),
        WITH_FIXTURE(damaged_bytes_are_bad_data_and_never_a_crash),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
