#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "synth_maker.h"

static int entries(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static void assert_same_file(const struct fixture *f, const char *a, const char *b, bool same)
{
    size_t a_size, b_size;
    unsigned char *a_bytes = fixture_read(f, a, &a_size), *b_bytes = fixture_read(f, b, &b_size);
    assert_int_equal(a_size == b_size && memcmp(a_bytes, b_bytes, a_size) == 0, same);
    mem_free(a_bytes);
    mem_free(b_bytes);
}

/* ---- equal sizes and seeds ---- */

static void equal_seeds_give_equal_files_for_any_threads(void **state)
{
    struct synth_spec spec = make_spec(*state, "a", 50000, 900, 1500);
    make(&spec);
    spec.directory = made_directory(*state, "b");
    spec.threads = 7;
    make(&spec);
    assert_same_file(*state, "a/clickstream.pq", "b/clickstream.pq", true);
    assert_same_file(*state, "a/events.pq", "b/events.pq", true);
    spec.seed = 2;
    spec.overwrite = true;
    make(&spec);
    assert_same_file(*state, "a/clickstream.pq", "b/clickstream.pq", false);
}

/* ---- sizes ---- */

static void the_smallest_sizes_work(void **state)
{
    static const struct {
        int64_t rows;
        int32_t users, items;
    } cases[] = {{1, 1, 1},   {2, 1, 1},     {10, 1, 1},    {10, 10, 10},    {10, 3, 7},
                 {10, 1, 10}, {5000, 1, 50}, {5000, 50, 1}, {999, 999, 999}, {70000, 1, 3}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct synth_spec spec =
            make_spec(*state, "small", cases[i].rows, cases[i].users, cases[i].items);
        spec.overwrite = true;
        make(&spec);
        char expected[128];
        snprintf(expected, sizeof(expected), "%lld %d %d 2025-02-23 00:00:00",
                 (long long)cases[i].rows, cases[i].users, cases[i].items);
        assert_text(*state,
                    "SELECT concat_ws(' ', count(*), count(DISTINCT cookie), count(DISTINCT "
                    "node), max(event_date)) FROM read_parquet('$D/small/clickstream.pq')",
                    expected);
    }
}

static void sizes_that_are_left_open_go_with_the_rows(void **state)
{
    struct synth_spec spec = make_spec(*state, "open", 100000, 0, 0);
    const struct synth_result result = make(&spec);
    assert_int_equal(result.users, 3942); /* 134,294 × (100,000 / 68,806,152)^0.54 */
    assert_int_equal(result.items, 5619); /* 408,474 × (100,000 / 68,806,152)^0.656 */
    spec.rows = 10;
    spec.overwrite = true;
    assert_true(make(&spec).users <= 10);
}

static void sizes_out_of_range_are_refused(void **state)
{
    static const struct {
        int64_t rows;
        int32_t users, items, threads;
        const char *part;
    } cases[] = {{-1, 1, 1, 1, "rows must be"},
                 {SYNTH_ROWS_MAX + 1, 1, 1, 1, "rows must be"},
                 {10, 11, 1, 1, "users must be"},
                 {10, -1, 1, 1, "users must be"},
                 {SYNTH_ROWS_MAX, SYNTH_USERS_MAX + 1, 1, 1, "users must be"},
                 {10, 1, 11, 1, "items must be"},
                 {10, 1, -2, 1, "items must be"},
                 {SYNTH_ROWS_MAX, SYNTH_USERS_MAX, SYNTH_ITEMS_MAX + 1, 1, "items must be"},
                 {200000, 1, 1, 1, "give more users"},
                 {10, 1, 1, 0, "threads must be"},
                 {10, 1, 1, 257, "threads must be"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct synth_spec spec =
            make_spec(*state, "bad", cases[i].rows, cases[i].users, cases[i].items);
        spec.threads = cases[i].threads;
        refuse(&spec, NULL, ERR_INVALID, cases[i].part);
    }
    assert_int_equal(entries(((struct fixture *)*state)->path), 0);
}

static void an_unknown_shape_is_refused(void **state)
{
    struct synth_spec spec = make_spec(*state, "bad", 10, 1, 1);
    spec.like = "movielens";
    refuse(&spec, NULL, ERR_INVALID, "no shape 'movielens'");
}

/* ---- files that are there, disks that are full, people who change their minds ---- */

static void files_that_are_there_are_kept_unless_told(void **state)
{
    struct synth_spec spec = make_spec(*state, "made", 100, 10, 10);
    assert_int_equal(mkdir(spec.directory, 0777), 0);
    fixture_text(*state, "made/events.pq", "mine");
    refuse(&spec, NULL, ERR_INVALID, "events.pq is there already");
    assert_int_equal(entries(spec.directory), 1);
    fixture_text(*state, "made/clickstream.pq", "mine too");
    refuse(&spec, NULL, ERR_INVALID, "clickstream.pq is there already");
    size_t size;
    unsigned char *bytes = fixture_read(*state, "made/clickstream.pq", &size);
    assert_int_equal(size, 8);
    assert_memory_equal(bytes, "mine too", 8);
    mem_free(bytes);
    spec.overwrite = true;
    make(&spec);
    assert_int_equal(entries(spec.directory), 2);
    assert_text(*state, "SELECT count(*) FROM read_parquet('$D/made/clickstream.pq')", "100");
}

static void a_quote_in_the_path_is_only_a_quote(void **state)
{
    struct synth_spec spec = make_spec(*state, "it's", 100, 10, 10);
    make(&spec);
    assert_int_equal(entries(spec.directory), 2);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
    const struct synth_spec spec = make_spec(*state, "full", 200000, 2000, 2000);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    refuse(&spec, NULL, ERR_IO, "cannot write");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(entries(((struct fixture *)*state)->path), 0);
}

static void a_directory_that_cannot_be_made_is_named(void **state)
{
    struct synth_spec spec = make_spec(*state, "no/such", 100, 10, 10);
    refuse(&spec, NULL, ERR_NOT_FOUND, "no/such");
    fixture_text(*state, "file", "x");
    spec.directory = made_directory(*state, "file");
    refuse(&spec, NULL, ERR_NOT_FOUND, "is not a directory");
}

static void a_directory_of_others_is_denied(void **state)
{
    struct fixture *f = *state;
    const struct synth_spec spec = make_spec(f, "new", 100, 10, 10);
    const bool root = geteuid() == 0;
    assert_int_equal(chmod(f->path, 0555), 0);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    refuse(&spec, NULL, ERR_DENIED, "cannot make");
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(chmod(f->path, 0755), 0);
}

struct listener {
    int reports;
    double done, total;
    atomic_bool cancel;
    bool stop; /* cancel at the first report */
};

static void listen(void *context, const struct progress_update *update)
{
    struct listener *listener = context;
    assert_int_equal(update->phase, PHASE_SAVE);
    assert_string_equal(update->unit, "rows");
    assert_true(update->done >= listener->done);
    listener->reports++;
    listener->done = update->done;
    listener->total = update->total;
    if (listener->stop)
        atomic_store(&listener->cancel, true);
}

static void progress_runs_to_the_last_row(void **state)
{
    struct listener listener = {.reports = 0};
    const struct progress progress = {listen, &listener, &listener.cancel};
    const struct synth_spec spec = make_spec(*state, "made", 20000, 100, 100);
    struct synth_result result;
    struct error err;
    assert_int_equal(synth_write(&spec, &progress, &result, &err), ERR_OK);
    assert_true(listener.reports >= 2);
    assert_true(listener.done == 20000 && listener.total == 20000);
    assert_true(result.clickstream_bytes > 0 && result.events_bytes > 0);
    struct stat status;
    char path[600];
    snprintf(path, sizeof(path), "%s/clickstream.pq", spec.directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, result.clickstream_bytes);
}

static void a_cancelled_run_leaves_nothing_behind(void **state)
{
    struct listener listener = {.stop = true};
    const struct progress progress = {listen, &listener, &listener.cancel};
    const struct synth_spec spec = make_spec(*state, "made", 200000, 1000, 1000);
    refuse(&spec, &progress, ERR_CANCELLED, "cancelled after");
    assert_int_equal(listener.reports, 1);
    refuse(&spec, &progress, ERR_CANCELLED, "cancelled before the first row");
    assert_int_equal(entries(((struct fixture *)*state)->path), 0);
}

static void every_failing_allocation_is_reported(void **state)
{
    struct synth_spec spec = make_spec(*state, "made", 500, 20, 60);
    enum err rc = ERR_NOMEM;
    for (int64_t n = 1; rc != ERR_OK; n++) {
        struct synth_result result;
        struct error err;
        const int64_t held = mem_held_bytes();
        assert_true(n < 200);
        mem_fail_after(n);
        rc = synth_write(&spec, NULL, &result, &err);
        const bool all_given = mem_fail_count() < n;
        mem_fail_after(0);
        assert_int_equal(rc, all_given ? ERR_OK : ERR_NOMEM);
        assert_int_equal(mem_held_bytes(), held);
    }
    assert_int_equal(entries(spec.directory), 2);
}

int main(void)
{
#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        WITH_DIRECTORY(equal_seeds_give_equal_files_for_any_threads),
        WITH_DIRECTORY(the_smallest_sizes_work),
        WITH_DIRECTORY(sizes_that_are_left_open_go_with_the_rows),
        WITH_DIRECTORY(sizes_out_of_range_are_refused),
        WITH_DIRECTORY(an_unknown_shape_is_refused),
        WITH_DIRECTORY(files_that_are_there_are_kept_unless_told),
        WITH_DIRECTORY(a_quote_in_the_path_is_only_a_quote),
        WITH_DIRECTORY(a_full_disk_leaves_nothing_behind),
        WITH_DIRECTORY(a_directory_that_cannot_be_made_is_named),
        WITH_DIRECTORY(a_directory_of_others_is_denied),
        WITH_DIRECTORY(progress_runs_to_the_last_row),
        WITH_DIRECTORY(a_cancelled_run_leaves_nothing_behind),
        WITH_DIRECTORY(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
