/* Files of an attempt: checked, moved whole, or gone. */
#include "worker/attempt_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"
#include "support/tree.h"

/* echo -n bytes | sha256sum */
#define SUM "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9"
#define MODEL "als_model_3_20260102_030405.pkl"
#define HITS "als_model_3_20260102_030405.hits.json"

static char models[64];
static const struct fence fence = {3, 2};

static void put(const char *name, const char *text)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", models, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static bool is_there(const char *name)
{
    char path[400];
    snprintf(path, sizeof(path), "%s/%s", models, name);
    return access(path, F_OK) == 0;
}

static int setup(void **state)
{
    (void)state;
    struct error err;
    snprintf(models, sizeof(models), "/tmp/rectrain_files_XXXXXX");
    assert_non_null(mkdtemp(models));
    assert_ok(attempt_files_make(models, fence, &err));
    put(".attempt_3_2/" MODEL, "bytes");
    put(".attempt_3_2/" HITS, "{}");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return tree_remove(models);
}

static int tended;
static enum err tend(void *context, struct error *err)
{
    tended++;
    return context != NULL ? FAIL_REASON(err, ERR_CONFLICT, "fenced", "not ours") : ERR_OK;
}

static json_t *result_of(const char *model, const char *hits, const char *sum)
{
    char model_path[600], hits_path[600];
    snprintf(model_path, sizeof(model_path), "%s/.attempt_3_2/%s", models, model);
    snprintf(hits_path, sizeof(hits_path), "%s/.attempt_3_2/%s", models, hits);
    return json_pack("{s:s, s:s, s:s}", "model_path", model_path, "hits_path", hits_path,
                     "model_sha256", sum);
}

static void a_model_is_moved_under_its_name(void **state)
{
    (void)state;
    struct error err;
    struct published published;
    char wanted[200];
    json_t *result = result_of(MODEL, HITS, SUM);
    tended = 0;
    assert_ok(attempt_files_publish(models, fence, result, tend, NULL, &published, &err));
    snprintf(wanted, sizeof(wanted), "%s/" MODEL, models);
    assert_string_equal(published.model_path, wanted);
    assert_string_equal(json_string_value(json_object_get(result, "model_path")), wanted);
    assert_string_equal(published.sha256, SUM);
    assert_int_equal(published.bytes, 5);
    assert_true(tended > 0);
    assert_true(is_there(MODEL) && is_there(HITS));
    attempt_files_remove(models, fence);
    assert_false(is_there(".attempt_3_2"));
    assert_true(is_there(MODEL));
    published_remove(&published);
    assert_false(is_there(MODEL) || is_there(HITS));
    json_decref(result);
}

static void nothing_is_overwritten(void **state)
{
    (void)state;
    struct error err;
    struct published published;
    put(MODEL, "old");
    json_t *result = result_of(MODEL, HITS, SUM);
    assert_ok(attempt_files_publish(models, fence, result, tend, NULL, &published, &err));
    assert_true(is_there("als_model_3_20260102_030405_2.pkl"));
    assert_true(is_there("als_model_3_20260102_030405_2.hits.json"));
    assert_non_null(strstr(published.hits_path, "_2.hits.json"));
    json_decref(result);
}

static void refuses(const char *model, const char *hits, const char *sum)
{
    struct error err;
    struct published published;
    json_t *result = result_of(model, hits, sum);
    assert_error(attempt_files_publish(models, fence, result, tend, NULL, &published, &err),
                 ERR_CORRUPT);
    assert_string_equal(err.reason, "model_mismatch");
    assert_false(is_there(MODEL) || is_there(HITS));
    json_decref(result);
}

static void what_the_child_told_wrongly_is_refused(void **state)
{
    (void)state;
    char link_path[200];
    put("secret.pkl", "bytes");
    snprintf(link_path, sizeof(link_path), "%s/.attempt_3_2/link.pkl", models);
    assert_int_equal(symlink("../secret.pkl", link_path), 0);
    snprintf(link_path, sizeof(link_path), "%s/.attempt_3_2/dir.pkl", models);
    assert_int_equal(mkdir(link_path, 0777), 0);
    refuses(MODEL, HITS, "00");
    refuses("missing.pkl", HITS, SUM);
    refuses("../secret.pk", HITS, SUM);
    refuses("..", HITS, SUM);
    refuses("", HITS, SUM);
    refuses(".hidden.pkl", HITS, SUM);
    refuses("link.pkl", HITS, SUM);
    refuses("dir.pkl", HITS, SUM);
    refuses(MODEL, MODEL, SUM);
    rmdir(link_path);
}

static void hits_that_are_missing_take_the_model_back(void **state)
{
    (void)state;
    struct error err;
    struct published published;
    json_t *result = result_of(MODEL, "als_model_3_20260102_030406.hits.json", SUM);
    assert_error(attempt_files_publish(models, fence, result, tend, NULL, &published, &err),
                 ERR_IO);
    assert_false(is_there(MODEL));
    json_decref(result);
}

static void a_fence_ends_it(void **state)
{
    (void)state;
    struct error err;
    struct published published;
    json_t *result = result_of(MODEL, HITS, SUM);
    assert_error(attempt_files_publish(models, fence, result, tend, models, &published, &err),
                 ERR_CONFLICT);
    assert_false(is_there(MODEL));
    json_decref(result);
}

static void making_it_again_empties_it(void **state)
{
    (void)state;
    struct error err;
    assert_ok(attempt_files_make(models, fence, &err));
    assert_true(is_there(".attempt_3_2"));
    assert_false(is_there(".attempt_3_2/" MODEL));
    assert_error(attempt_files_make("/proc/nowhere", fence, &err), ERR_IO);
}

#define TABLE "predictions_3_20260102_030405.csv"

static enum err publish_table(const char *name, int64_t bytes, struct published *ret_published,
                              struct error *err)
{
    json_t *result = json_pack("{s:s, s:I}", "file_name", name, "bytes", (json_int_t)bytes);
    const enum err rc =
        attempt_files_publish_table(models, fence, result, tend, NULL, ret_published, err);
    json_decref(result);
    return rc;
}

static void the_file_of_a_prediction_moves_to_its_place_and_overwrites_nothing(void **state)
{
    (void)state;
    struct error err;
    struct published published;
    put(".attempt_3_2/" TABLE, "bytes");
    assert_ok(publish_table(TABLE, 5, &published, &err));
    assert_non_null(strstr(published.model_path, "/predictions/" TABLE));
    assert_string_equal(published.sha256, SUM);
    assert_int_equal(published.bytes, 5);
    assert_true(is_there("predictions/" TABLE));
    assert_false(is_there(".attempt_3_2/" TABLE));
    put(".attempt_3_2/" TABLE, "bytes");
    assert_ok(publish_table(TABLE, 5, &published, &err));
    assert_true(is_there("predictions/predictions_3_20260102_030405_2.csv"));
    published_remove(&published);
    assert_false(is_there("predictions/predictions_3_20260102_030405_2.csv"));
}

static void a_file_of_a_prediction_that_is_not_what_was_told_stays_where_it_is(void **state)
{
    (void)state;
    struct error err;
    struct published published;
    put(".attempt_3_2/" TABLE, "bytes");
    put("secret.csv", "bytes");
    static const char *const names[] = {"../secret.csv", "other.csv", "..", ".csv", "p.txt", ""};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_error(publish_table(names[i], 5, &published, &err), ERR_CORRUPT);
        assert_string_equal(err.reason, "model_mismatch");
    }
    assert_error(publish_table(TABLE, 6, &published, &err), ERR_CORRUPT);
    assert_false(is_there("predictions/" TABLE));
    assert_true(is_there("secret.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            the_file_of_a_prediction_moves_to_its_place_and_overwrites_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_file_of_a_prediction_that_is_not_what_was_told_stays_where_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_model_is_moved_under_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_overwritten, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_child_told_wrongly_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(hits_that_are_missing_take_the_model_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fence_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(making_it_again_empties_it, setup, teardown),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
