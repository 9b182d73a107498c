/* Each allocation of a whole run fails in turn, from the options to the saved file. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"
#include "unit/train/fixture.h"

/* Every so many allocations one fails: many are alike, and each run has to open the reading engine.
 * With RECTRAIN_TORTURE=all in the environment each one fails. */
#if defined(__has_feature) /* the sanitizers' builds are clang's, and slow */
enum { LOAD_STRIDE = 23, LATER_STRIDE = 11 };
#else
enum { LOAD_STRIDE = 11, LATER_STRIDE = 3 };
#endif

struct counts {
    int64_t load, all;
};

static void note_load(void *context, const struct progress_update *update)
{
    struct counts *counts = context;
    if (update->phase == PHASE_TRAIN && counts->load == 0)
        counts->load = mem_fail_count();
}

static struct counts count_allocations(const struct run_spec *spec)
{
    struct error err;
    struct counts counts = {0};
    json_t *result = NULL;
    const struct progress progress = {.report = note_load, .context = &counts};
    mem_fail_after(INT64_MAX);
    assert_ok(run_train(spec, &progress, &result, &err));
    counts.all = mem_fail_count();
    mem_fail_after(0);
    json_decref(result);
    return counts;
}

/* The n-th allocation and all after it fail: the run says so, gives all back and leaves no file. */
static void fail_at(const struct run_spec *spec, int64_t n, int entries)
{
    struct error err;
    json_t *result = NULL;
    const int64_t held = mem_held_bytes();
    mem_fail_after(n);
    const enum err rc = run_train(spec, NULL, &result, &err);
    mem_fail_after(0);
    if (rc != ERR_NOMEM)
        fail_msg("allocation %lld: %s", (long long)n,
                 rc == ERR_OK ? "the run went well without it" : err.message);
    assert_null(result);
    if (mem_held_bytes() != held)
        fail_msg("allocation %lld: %lld bytes are not given back", (long long)n,
                 (long long)(mem_held_bytes() - held));
    if (fixture_entries(spec->output_directory) != entries)
        fail_msg("allocation %lld: a file is left", (long long)n);
}

/* `phase` tells which of the strides' places are tried, so that two kinds try different ones. */
static void torture(const char *kind, int64_t phase)
{
    const char *wish = getenv("RECTRAIN_TORTURE");
    const bool each = wish != NULL && strcmp(wish, "all") == 0;
    struct fixture fixture;
    const struct clicks few = {.users = 12, .items = 10, .stride = 1, .text_ids = true};
    fixture_create(&fixture);
    fixture_write_clicks(&fixture, &few);
    struct run_spec spec = fixture_spec(&fixture, kind);
    fixture_set(&spec, "threads", "1"); /* so that the order of allocations is always the same */
    if (params_find(spec.params.table, "iterations") != NULL) {
        fixture_set(&spec, "iterations", "2");
        fixture_set(&spec, "eval_every", "2");
    }
    json_decref(fixture_run(&spec)); /* makes the output directory */
    const struct counts counts = count_allocations(&spec);
    const int entries = fixture_entries(spec.output_directory);
    assert_true(counts.load > 0 && counts.load < counts.all);
    for (int64_t n = 1; n <= counts.all; n++)
        if (each || n % (n <= counts.load ? LOAD_STRIDE : LATER_STRIDE) == phase)
            fail_at(&spec, n, entries);
    print_message("%s: %lld allocations, %lld of them in the load\n", kind, (long long)counts.all,
                  (long long)counts.load);
    fixture_remove(&fixture);
}

static void popular_survives_each_failing_allocation(void **state)
{
    (void)state;
    torture("popular", 0);
}

static void als_survives_each_failing_allocation(void **state)
{
    (void)state;
    torture("als", 1);
}

int main(void)
{
    json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(popular_survives_each_failing_allocation),
        cmocka_unit_test(als_survives_each_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
