/* Files that nobody names: what is told, what is removed, and what is never touched. */
#include "worker/garbage.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/tree.h"
#include "unit/store/fixture.h"

static char models[64];

static void put(const char *name)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", models, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("bytes", file);
    fclose(file);
}

static bool is_there(const char *name)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", models, name);
    return access(path, F_OK) == 0;
}

static void make(const char *name)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", models, name);
    assert_int_equal(mkdir(path, 0777), 0);
}

static int setup(void **state)
{
    snprintf(models, sizeof(models), "/tmp/rectrain_garbage_XXXXXX");
    assert_non_null(mkdtemp(models));
    make("logs");
    return fixture_setup(state);
}

static int teardown(void **state)
{
    assert_int_equal(tree_remove(models), 0);
    return fixture_teardown(state);
}

static const struct garbage_file *find(const struct garbage_list *list, const char *name)
{
    for (int32_t i = 0; i < list->count; i++)
        if (strcmp(list->files[i].name, name) == 0)
            return &list->files[i];
    return NULL;
}

static char *name(char *out, const char *before, int64_t job_id, const char *after)
{
    snprintf(out, 100, "%s%lld%s", before, (long long)job_id, after);
    return out;
}

#define MODEL "als_model_"
#define STAMP "_20260102_030405"

/* A completed job whose model is `path`, of another MODEL_DIR's name. */
static int64_t completed(const struct fixture *f)
{
    struct error err;
    char path[200], file[100];
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    assert_int_equal(fence.job_id, id);
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    json_t *metrics = json_object();
    snprintf(path, sizeof(path), "./elsewhere/%s", name(file, MODEL, id, STAMP ".pkl"));
    const struct job_outcome outcome = {.metrics = metrics,
                                        .result_json = "{}",
                                        .model_path = path,
                                        .model_sha256 = "00",
                                        .model_bytes = 5};
    assert_ok(job_finish(f->store, fence, &outcome, &err));
    json_decref(metrics);
    return id;
}

static void only_what_an_ended_job_of_ours_left_is_removed(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct garbage_list list;
    int64_t removed;
    char kept[100], hits[100], orphan[100], orphan_hits[100], waiting[100], log[100];
    const int64_t done = completed(f), open = add_job(f, f->user_id);
    put(name(kept, MODEL, done, STAMP ".pkl"));
    put(name(hits, MODEL, done, STAMP ".hits.json"));
    put(name(orphan, MODEL, done, STAMP "_2.pkl"));
    put(name(orphan_hits, MODEL, done, STAMP "_2.hits.json"));
    put(name(waiting, MODEL, open, STAMP ".pkl"));
    put(name(log, "logs/job_", done, ".log"));
    static const char *const foreign[] = {
        "als_model_0_20260102_030405.pkl",
        "als_model_987654_20260102_030405.pkl",
        "als_model_1_2026_030405.pkl",
        "als_model_1_20260102_030405.pkl.bak",
        "magic_model_1_20260102_030405.pkl",
        "notes.txt",
        "logs/job_987654.log",
        "als_model_1_20260102_030405_x.pkl",
    };
    enum { FOREIGN = sizeof(foreign) / sizeof(foreign[0]) };
    for (int i = 0; i < FOREIGN; i++)
        put(foreign[i]);

    assert_ok(garbage_find(f->store, models, &list, &err));
    assert_null(find(&list, kept));
    assert_null(find(&list, hits));
    assert_null(find(&list, waiting));
    assert_null(find(&list, log));
    assert_true(find(&list, orphan)->is_ours && find(&list, orphan)->kind == GARBAGE_MODEL);
    assert_true(find(&list, orphan_hits)->is_ours);
    assert_int_equal(find(&list, orphan_hits)->kind, GARBAGE_HITS);
    assert_int_equal(find(&list, orphan)->size_bytes, 5);
    for (int i = 0; i < FOREIGN; i++)
        assert_false(find(&list, foreign[i])->is_ours);
    garbage_list_release(&list);

    assert_ok(garbage_remove(f->store, models, &removed, &err));
    assert_int_equal(removed, 2);
    assert_false(is_there(orphan) || is_there(orphan_hits));
    assert_true(is_there(kept) && is_there(hits) && is_there(waiting) && is_there(log));
    for (int i = 0; i < FOREIGN; i++)
        assert_true(is_there(foreign[i]));
}

static void an_attempts_directory_goes_when_its_claim_is_over(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t removed;
    char old[100], now[100], file[120];
    add_job(f, f->user_id);
    const struct fence first = claim(f);
    assert_ok(job_died(f->store, first, "killed", &err));
    const struct fence second = claim(f);
    snprintf(old, sizeof(old), ".attempt_%lld_%lld", (long long)first.job_id,
             (long long)first.epoch);
    snprintf(now, sizeof(now), ".attempt_%lld_%lld", (long long)second.job_id,
             (long long)second.epoch);
    make(old);
    make(now);
    make(".attempt_987654_1");
    snprintf(file, sizeof(file), "%s/half.pkl", old);
    put(file);
    assert_ok(garbage_remove(f->store, models, &removed, &err));
    assert_int_equal(removed, 1);
    assert_false(is_there(old));
    assert_true(is_there(now) && is_there(".attempt_987654_1"));
    assert_ok(job_fail(f->store, second, "internal", "over", &err));
    assert_ok(garbage_remove(f->store, models, &removed, &err));
    assert_int_equal(removed, 1);
    assert_false(is_there(now));
}

static void what_a_removed_job_left_goes_too(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t removed;
    bool ended;
    char model[100], log[100];
    const int64_t id = add_job(f, f->user_id);
    assert_ok(job_cancel(f->store, f->user_id, JOB_TRAIN, id, &ended, &err));
    assert_ok(job_remove(f->store, f->user_id, JOB_TRAIN, id, &err));
    put(name(model, MODEL, id, STAMP ".pkl"));
    put(name(log, "logs/job_", id, ".log"));
    assert_ok(garbage_remove(f->store, models, &removed, &err));
    assert_int_equal(removed, 2);
    assert_false(is_there(model) || is_there(log));
}

static void a_fresh_temporary_file_is_not_even_told(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct garbage_list list;
    char path[200];
    const struct timespec long_ago[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    put(".rectrain-1.tmp");
    put(".rectrain-2.tmp");
    snprintf(path, sizeof(path), "%s/.rectrain-2.tmp", models);
    assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
    assert_ok(garbage_find(f->store, models, &list, &err));
    assert_null(find(&list, ".rectrain-1.tmp"));
    assert_int_equal(find(&list, ".rectrain-2.tmp")->kind, GARBAGE_TEMPORARY);
    assert_false(find(&list, ".rectrain-2.tmp")->is_ours);
    garbage_list_release(&list);
}

static void a_directory_that_is_not_there_holds_none(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct garbage_list list;
    int64_t removed = 9;
    assert_ok(garbage_find(f->store, "/nowhere/at/all", &list, &err));
    assert_int_equal(list.count, 0);
    assert_ok(garbage_remove(f->store, "/nowhere/at/all", &removed, &err));
    assert_int_equal(removed, 0);
}

#define GARBAGE_CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GARBAGE_CASE(only_what_an_ended_job_of_ours_left_is_removed),
        GARBAGE_CASE(an_attempts_directory_goes_when_its_claim_is_over),
        GARBAGE_CASE(what_a_removed_job_left_goes_too),
        GARBAGE_CASE(a_fresh_temporary_file_is_not_even_told),
        GARBAGE_CASE(a_directory_that_is_not_there_holds_none),
    };
    json_init();
    fixture_use_sqlite();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_finish();
    return failed;
}
