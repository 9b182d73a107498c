/* The hits of each user: what the file says, and that it agrees with the metrics. */
#include "train/hits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"
#include "unit/train/fixture.h"

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture_create(&fixture);
    fixture_write_clicks(&fixture, &usual_clicks);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    fixture_remove(*state);
    return 0;
}

static json_t *read_hits(const json_t *result)
{
    json_error_t at;
    json_t *hits = json_load_file(result_text(result, "hits_path"), 0, &at);
    if (hits == NULL)
        fail_msg("%s: %s", result_text(result, "hits_path"), at.text);
    return hits;
}

static void hits_over_targets_are_the_recall(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    json_t *result = fixture_run(&spec), *file = read_hits(result);
    const json_t *hits = result_at(file, "hits"), *targets = result_at(file, "targets");
    const size_t users = json_array_size(hits);
    double recall = 0, precision = 0;
    assert_int_equal(users, 40);
    assert_int_equal(json_array_size(targets), users);
    for (size_t i = 0; i < users; i++) {
        const double found = json_number_value(json_array_get(hits, i));
        recall += found / json_number_value(json_array_get(targets, i));
        precision += found / result_number(file, "k");
    }
    assert_true(fabs(recall / (double)users - result_number(result, "metrics.recall_at_k")) <
                1e-12);
    assert_true(fabs(precision / (double)users - result_number(result, "metrics.precision_at_k")) <
                1e-12);
    assert_true(recall > 0);
    assert_string_equal(result_text(file, "format"), "rectrain-hits/1");
    assert_string_equal(result_text(file, "holdout_sha256"), result_text(result, "holdout_sha256"));
    json_decref(file);
    json_decref(result);
}

static void the_fingerprint_is_that_of_the_question_alone(void **state)
{
    struct run_spec popular = fixture_spec(*state, "popular"), als = fixture_spec(*state, "als");
    fixture_write(*state, "events.csv", "event,is_contact\n10,1\n11,1\n");
    json_t *first = fixture_run(&popular), *other_kind = fixture_run(&als);
    /* The 6th of January is the last day in train but for 19.5 days: then it is held out too. */
    fixture_set(&popular, "eval_days", "19.5");
    json_t *longer = fixture_run(&popular);
    const char *fingerprint = result_text(first, "holdout_sha256");
    assert_int_equal(strlen(fingerprint), 64);
    assert_string_equal(fingerprint, result_text(other_kind, "holdout_sha256"));
    assert_string_not_equal(fingerprint, result_text(longer, "holdout_sha256"));
    json_decref(first);
    json_decref(other_kind);
    json_decref(longer);
}

/* Two users with one and two things to find, of which the second user got one. */
static enum err write_two(const char *model_path, char **ret_path, struct error *err)
{
    int32_t hits[] = {0, 1}, users[] = {0, 1}, items[] = {4, 2, 3};
    int64_t indptr[] = {0, 1, 3};
    const struct eval_result judged = {.k = 3, .users = 2, .hits = hits};
    const struct holdout holdout = {.count = 2, .users = users, .indptr = indptr, .items = items};
    return hits_write(model_path, "f00d", &judged, &holdout, ret_path, err);
}

static void it_lies_beside_the_model_and_takes_its_name(void **state)
{
    const struct fixture *fixture = *state;
    struct error err;
    char model[160], wanted[160], *path = NULL;
    json_error_t at;
    snprintf(model, sizeof(model), "%s/als_model_0_20250101_000000.v2.pkl", fixture->data);
    snprintf(wanted, sizeof(wanted), "%s/als_model_0_20250101_000000.v2.hits.json", fixture->data);
    assert_ok(write_two(model, &path, &err));
    assert_string_equal(path, wanted);
    json_t *have = json_load_file(path, 0, &at);
    json_t *want = json_pack("{s:s, s:i, s:s, s:[i, i], s:[i, i]}", "format", "rectrain-hits/1",
                             "k", 3, "holdout_sha256", "f00d", "hits", 0, 1, "targets", 1, 2);
    assert_true(json_equal(have, want));
    json_decref(have);
    json_decref(want);
    mem_free(path);
}

static void a_directory_that_is_a_file_is_named_in_the_error(void **state)
{
    const struct fixture *fixture = *state;
    struct error err;
    char model[160], *path = NULL;
    snprintf(model, sizeof(model), "%s/events.csv/als_model_0_20250101_000000.pkl", fixture->data);
    assert_error(write_two(model, &path, &err), ERR_IO);
    assert_non_null(strstr(err.message, "events.csv"));
    assert_null(path);
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(hits_over_targets_are_the_recall),
        TEST(the_fingerprint_is_that_of_the_question_alone),
        TEST(it_lies_beside_the_model_and_takes_its_name),
        TEST(a_directory_that_is_a_file_is_named_in_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
