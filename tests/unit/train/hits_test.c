/* The hits of each user: what the file says, and that it agrees with the metrics. */
#include "train/hits.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/test.h"
#include "unit/train/fixture.h"

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
    int32_t hits[] = {0, 1}, users[] = {0, 3}, items[] = {4, 2, 3};
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
    json_t *want =
        json_pack("{s:s, s:i, s:s, s:[i, i], s:[i, i], s:[i, i]}", "format", "rectrain-hits/1", "k",
                  3, "holdout_sha256", "f00d", "hits", 0, 1, "targets", 1, 2, "users", 0, 3);
    assert_true(json_equal(have, want));
    json_decref(have);
    json_decref(want);
    mem_free(path);
}

static int file_of(const struct fixture *fixture, const char *text)
{
    char path[160];
    fixture_write(fixture, "model.hits.json", text);
    snprintf(path, sizeof(path), "%s/model.hits.json", fixture->data);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void it_tells_whom_the_model_was_judged_on(void **state)
{
    const struct fixture *fixture = *state;
    struct error err;
    char model[160], *path = NULL;
    int32_t *users = NULL, count = 0;
    snprintf(model, sizeof(model), "%s/als_model_0_20250101_000000.pkl", fixture->data);
    assert_ok(write_two(model, &path, &err));
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_ok(hits_read_users(fd, 4, &users, &count, &err));
    assert_int_equal(count, 2);
    assert_int_equal(users[0], 0);
    assert_int_equal(users[1], 3);
    mem_free(users);
    users = NULL;
    /* A model with fewer users is another one. */
    assert_error(hits_read_users(fd, 3, &users, &count, &err), ERR_DATA);
    assert_string_equal(err.reason, "evaluation_users_unknown");
    assert_null(users);
    close(fd);
    mem_free(path);
}

static void a_file_that_does_not_tell_them_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[1]",
        "{\"hits\": [1], \"targets\": [1]}",
        "{\"users\": []}",
        "{\"users\": [2, 1]}",
        "{\"users\": [1, 1]}",
        "{\"users\": [-1]}",
        "{\"users\": [9]}",
        "{\"users\": [\"1\"]}",
        "{\"users\": [1], \"users\": [2]}",
        "{\"users\": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}",
    };
    struct error err;
    int32_t *users = NULL, count = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const int fd = file_of(*state, texts[i]);
        assert_error(hits_read_users(fd, 9, &users, &count, &err), ERR_DATA);
        assert_string_equal(err.reason, "evaluation_users_unknown");
        assert_null(users);
        close(fd);
    }
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

static void assert_corrupt(const char *text, const char *part)
{
    struct error err;
    struct hits hits = {0};
    assert_error(hits_parse(text, strlen(text), &hits, &err), ERR_CORRUPT);
    if (strstr(err.message, part) == NULL)
        fail_msg("%s does not say %s", err.message, part);
    assert_null(hits.hits);
}

static void what_was_written_is_read_back(void **state)
{
    const struct fixture *fixture = *state;
    struct error err;
    struct hits hits = {0};
    char model[160], beside[160], *path = NULL;
    snprintf(model, sizeof(model), "%s/als_model_0_20250102_000000.pkl", fixture->data);
    assert_ok(write_two(model, &path, &err));
    assert_true(hits_path_of(model, beside, sizeof(beside)));
    assert_string_equal(path, beside);
    json_t *json = json_load_file(path, 0, NULL);
    char *text = json_dumps(json, JSON_COMPACT);
    assert_ok(hits_parse(text, strlen(text), &hits, &err));
    assert_int_equal(hits.k, 3);
    assert_int_equal(hits.users, 2);
    assert_string_equal(hits.holdout_sha256, "f00d");
    assert_memory_equal(hits.hits, ((int32_t[]){0, 1}), 2 * sizeof(int32_t));
    assert_memory_equal(hits.targets, ((int32_t[]){1, 2}), 2 * sizeof(int32_t));
    hits_release(&hits);
    mem_free(text);
    json_decref(json);
    mem_free(path);
}

static void a_file_that_is_none_is_refused_in_words(void **state)
{
    (void)state;
#define HEAD "{\"format\":\"rectrain-hits/1\",\"k\":3,\"holdout_sha256\":\"f\","
    assert_corrupt("", "no JSON");
    assert_corrupt("[]", "no file of hits");
    assert_corrupt("{\"format\":\"rectrain-hits/2\"}", "no file of hits");
    assert_corrupt(HEAD "\"hits\":[],\"targets\":[]}", "out of range");
    assert_corrupt(HEAD "\"hits\":[1],\"targets\":[1,2]}", "targets are not as many");
    assert_corrupt(HEAD "\"hits\":[0],\"targets\":[0]}", "targets of user 0");
    assert_corrupt(HEAD "\"hits\":[-1],\"targets\":[1]}", "hits of user 0");
    assert_corrupt(HEAD "\"hits\":[1.5],\"targets\":[2]}", "hits of user 0");
    assert_corrupt(HEAD "\"hits\":[2],\"targets\":[1]}", "more hits");
}

static int open_text(const struct fixture *fixture, const char *text)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/some.hits.json", fixture->data);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    return fd;
}

static void refuses_foreign(const struct fixture *fixture, const char *text)
{
    struct error err;
    struct hits_facts facts = {.k = -1};
    const int fd = open_text(fixture, text);
    assert_error(hits_inspect(fd, &facts, &err), ERR_CORRUPT);
    assert_int_equal(facts.k, -1);
    close(fd);
}

static void a_file_from_elsewhere_tells_whose_hits_they_are(void **state)
{
    const struct fixture *fixture = *state;
    struct error err;
    struct hits_facts facts;
    int fd = open_text(fixture, HEAD "\"hits\":[1,2],\"targets\":[4,2],\"users\":[3,8]}");
    assert_ok(hits_inspect(fd, &facts, &err));
    close(fd);
    assert_int_equal(facts.k, 3);
    assert_int_equal(facts.users, 2);
    assert_int_equal(facts.users_below, 9);
    assert_string_equal(facts.holdout_sha256, "f");
    assert_float_equal(facts.recall, (0.25 + 1) / 2, 1e-15);
    refuses_foreign(fixture, "{");
    refuses_foreign(fixture, HEAD "\"hits\":[1],\"targets\":[1]}");
    refuses_foreign(fixture, HEAD "\"hits\":[1],\"targets\":[1],\"users\":[1,2]}");
    refuses_foreign(fixture, HEAD "\"hits\":[1,1],\"targets\":[1,1],\"users\":[2,1]}");
    char *bloated = mem_array(10000, 1, &err);
    assert_non_null(bloated);
    snprintf(bloated, 10000, HEAD "\"hits\":[1],\"targets\":[1],\"users\":[1],\"more\":\"%0*d\"}",
             9000, 0);
    refuses_foreign(fixture, bloated);
    mem_free(bloated);
}

static void runs_are_paired_only_by_the_same_question(void **state)
{
    struct error err;
    enum hits_match match;
    struct paired_interval interval;
    int32_t found[] = {1, 1, 0, 2}, less[] = {0, 1, 0, 1}, wanted[] = {1, 2, 1, 2};
    int32_t others[] = {1, 2, 2, 2};
    struct hits one = {.k = 3, .users = 4, .hits = found, .targets = wanted};
    struct hits other = {.k = 3, .users = 4, .hits = less, .targets = wanted};
    (void)state;
    assert_ok(hits_compare(&one, &other, 1, &match, &interval, &err));
    assert_int_equal(match, HITS_PAIRED);
    assert_true(interval.difference == (1 + 0 + 0 + 0.5) / 4);
    assert_true(interval.low >= 0 && interval.low <= interval.difference);
    assert_true(interval.high >= interval.difference && interval.high <= 1);
    other.k = 4;
    assert_ok(hits_compare(&one, &other, 1, &match, &interval, &err));
    assert_int_equal(match, HITS_OTHER_K);
    other = (struct hits){.k = 3, .users = 4, .hits = less, .targets = others};
    assert_ok(hits_compare(&one, &other, 1, &match, &interval, &err));
    assert_int_equal(match, HITS_OTHER_HOLDOUT);
    other = (struct hits){.k = 3, .users = 3, .hits = less, .targets = wanted};
    assert_ok(hits_compare(&one, &other, 1, &match, &interval, &err));
    assert_int_equal(match, HITS_OTHER_HOLDOUT);
    other = (struct hits){.k = 3, .users = 4, .hits = less, .targets = wanted};
    snprintf(other.holdout_sha256, sizeof(other.holdout_sha256), "f00d");
    assert_ok(hits_compare(&one, &other, 1, &match, &interval, &err));
    assert_int_equal(match, HITS_OTHER_HOLDOUT);
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_clicks, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(hits_over_targets_are_the_recall),
        TEST(the_fingerprint_is_that_of_the_question_alone),
        TEST(it_lies_beside_the_model_and_takes_its_name),
        TEST(what_was_written_is_read_back),
        TEST(a_file_that_is_none_is_refused_in_words),
        TEST(a_file_from_elsewhere_tells_whose_hits_they_are),
        TEST(runs_are_paired_only_by_the_same_question),
        TEST(it_tells_whom_the_model_was_judged_on),
        TEST(a_file_that_does_not_tell_them_is_refused),
        TEST(a_directory_that_is_a_file_is_named_in_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
