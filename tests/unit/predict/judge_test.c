/* A saved model judged anew: on its own data, on other data, and on data that it knows nothing of.
 */
#include "predict/judge.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"
#include "unit/train/fixture.h"

static struct model_file *open_model(const json_t *result)
{
    struct error err;
    struct model_file *file = NULL;
    assert_ok(model_file_open(result_text(result, "model_path"), true, &file, &err));
    return file;
}

static struct dataset *load(const struct run_spec *spec)
{
    struct error err;
    struct load_spec how;
    struct dataset *dataset = NULL;
    assert_ok(run_load_spec(spec, &how, &err));
    assert_ok(dataset_load(&how, NULL, &dataset, &err));
    return dataset;
}

static void the_same_data_gives_the_metrics_of_the_run(void **state)
{
    for (int text = 0; text < 2; text++) {
        struct clicks clicks = usual_clicks;
        clicks.text_ids = text == 1;
        fixture_write_clicks(*state, &clicks);
        for (int32_t i = 0; i < model_kind_count(); i++) {
            const struct run_spec spec = fixture_spec(*state, model_kind_at(i)->name);
            struct error err;
            struct judgement judgement;
            json_t *result = fixture_run(&spec);
            struct model_file *file = open_model(result);
            struct dataset *dataset = load(&spec);
            assert_ok(judge_record(model_file_record(file), dataset, 5, 2, NULL, &judgement, &err));
            json_t *metrics = eval_metrics_to_json(&judgement.result);
            assert_true(json_equal(metrics, result_at(result, "metrics")));
            assert_int_equal(judgement.unknown_users, 0);
            assert_int_equal(judgement.unknown_pairs, 0);
            assert_int_equal(judgement.result.users, 40);
            json_decref(metrics);
            judgement_release(&judgement);
            dataset_free(dataset);
            model_file_close(file);
            json_decref(result);
        }
    }
}

/* Train of the model: users 1 to 3; items 10 to 13, of which 10 is the most popular, then 11. */
static const char first_days[] = "cookie,node,event,event_date\n"
                                 "1,10,11,2025-01-01 00:00:00\n"
                                 "1,11,11,2025-01-02 00:00:00\n"
                                 "2,10,11,2025-01-01 00:00:00\n"
                                 "2,12,11,2025-01-01 00:00:00\n"
                                 "3,10,11,2025-01-01 00:00:00\n"
                                 "3,11,11,2025-01-01 00:00:00\n"
                                 "3,13,11,2025-01-01 00:00:00\n"
                                 "1,12,10,2025-01-20 00:00:00\n";
/* Judged on: users 0, 2 and 3, of whom the model does not know 0; items 9 and 10 to 13, of which it
 * does not know 9. Holdout: user 0: 11 (unknown user); user 2: 9 (unknown pair) and 11; user 3: 9
 * (unknown pair) alone. */
static const char later_days[] = "cookie,node,event,event_date\n"
                                 "0,9,11,2025-02-01 00:00:00\n"
                                 "0,10,11,2025-02-01 00:00:00\n"
                                 "2,10,11,2025-02-01 00:00:00\n"
                                 "2,12,11,2025-02-01 00:00:00\n"
                                 "3,11,11,2025-02-01 00:00:00\n"
                                 "3,13,11,2025-02-01 00:00:00\n"
                                 "0,11,10,2025-02-20 00:00:00\n"
                                 "2,9,10,2025-02-20 00:00:00\n"
                                 "2,11,10,2025-02-20 00:00:00\n"
                                 "3,9,10,2025-02-20 00:00:00\n";
static const char events[] = "event,is_contact\n10,1\n11,0\n";

static struct model_file *train_on_first_days(const struct fixture *fixture, struct run_spec *spec)
{
    fixture_write(fixture, "clickstream.csv", first_days);
    fixture_write(fixture, "events.csv", events);
    fixture_set(spec, "k", "2");
    json_t *result = fixture_run(spec);
    struct model_file *file = open_model(result);
    json_decref(result);
    return file;
}

static void what_the_model_does_not_know_is_left_out_and_counted(void **state)
{
    struct error err;
    struct judgement judgement;
    struct run_spec spec = fixture_spec(*state, "popular");
    struct model_file *file = train_on_first_days(*state, &spec);
    fixture_write(*state, "clickstream.csv", later_days);
    struct dataset *dataset = load(&spec);
    assert_ok(judge_record(model_file_record(file), dataset, 2, 1, NULL, &judgement, &err));
    assert_int_equal(judgement.unknown_users, 1);
    assert_int_equal(judgement.unknown_pairs, 2);
    /* User 2 is left, with item 11 to find; the list for everybody is 10, 11. */
    assert_int_equal(judgement.result.users, 1);
    assert_int_equal(judgement.holdout.count, 1);
    assert_int_equal(judgement.holdout.users[0], 1);
    assert_int_equal(judgement.holdout.items[0], 1);
    assert_true(judgement.result.values[metric_find("recall_at_k")] == 1);
    assert_true(judgement.result.values[metric_find("precision_at_k")] == 0.5);
    assert_true(judgement.result.values[metric_find("mrr_at_k")] == 0.5);
    judgement_release(&judgement);
    dataset_free(dataset);
    model_file_close(file);
}

static void what_the_new_data_shows_as_seen_is_left_out_of_personal_lists(void **state)
{
    struct error err;
    struct judgement judgement;
    struct run_spec spec = fixture_spec(*state, "als");
    struct model_file *file = train_on_first_days(*state, &spec);
    /* User 1 now has seen 12 and 13 instead of 10 and 11: with those left out, 10 and 11 are its
     * list of two. */
    fixture_write(*state, "clickstream.csv",
                  "cookie,node,event,event_date\n"
                  "1,12,11,2025-02-01 00:00:00\n1,13,11,2025-02-01 00:00:00\n"
                  "2,10,11,2025-02-01 00:00:00\n2,11,11,2025-02-01 00:00:00\n"
                  "1,10,10,2025-02-20 00:00:00\n1,11,10,2025-02-20 00:00:00\n");
    struct dataset *dataset = load(&spec);
    assert_ok(judge_record(model_file_record(file), dataset, 2, 1, NULL, &judgement, &err));
    assert_int_equal(judgement.result.users, 1);
    assert_true(judgement.result.values[metric_find("recall_at_k")] == 1);
    assert_true(judgement.result.values[metric_find("precision_at_k")] == 1);
    judgement_release(&judgement);
    dataset_free(dataset);
    model_file_close(file);
}

static void expect_foreign(const struct run_spec *spec, const struct model_file *file)
{
    struct error err;
    struct judgement judgement;
    struct dataset *dataset = load(spec);
    assert_error(judge_record(model_file_record(file), dataset, 2, 1, NULL, &judgement, &err),
                 ERR_DATA);
    assert_string_equal(err.reason, "model_foreign");
    dataset_free(dataset);
}

static void data_that_the_model_knows_nothing_of_is_refused(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    struct model_file *file = train_on_first_days(*state, &spec);
    struct clicks other = usual_clicks;
    other.first_user = 1000;
    fixture_write_clicks(*state, &other);
    expect_foreign(&spec, file);
    other.first_user = 0;
    other.first_item = 1000;
    fixture_write_clicks(*state, &other);
    expect_foreign(&spec, file);
    model_file_close(file);
}

static void numbers_and_text_are_never_the_same_id(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    struct model_file *file = train_on_first_days(*state, &spec);
    struct clicks text = usual_clicks;
    text.text_ids = true;
    fixture_write_clicks(*state, &text);
    expect_foreign(&spec, file);
    model_file_close(file);
}

static void without_memory_all_is_given_back(void **state)
{
    fixture_write_clicks(*state, &usual_clicks);
    struct run_spec spec = fixture_spec(*state, "als");
    fixture_set(&spec, "threads", "1");
    json_t *result = fixture_run(&spec);
    struct model_file *file = open_model(result);
    struct dataset *dataset = load(&spec);
    const int64_t held = mem_held_bytes();
    enum err rc = ERR_NOMEM;
    int64_t n = 0;
    while (rc != ERR_OK) {
        struct error err;
        struct judgement judgement;
        mem_fail_after(++n);
        rc = judge_record(model_file_record(file), dataset, 5, 1, NULL, &judgement, &err);
        mem_fail_after(0);
        assert_true(rc == ERR_OK || rc == ERR_NOMEM);
        if (rc == ERR_OK)
            judgement_release(&judgement);
        assert_int_equal(mem_held_bytes(), held);
    }
    assert_true(n > 8);
    dataset_free(dataset);
    model_file_close(file);
    json_decref(result);
}

static void it_can_be_cancelled(void **state)
{
    fixture_write_clicks(*state, &usual_clicks);
    struct run_spec spec = fixture_spec(*state, "als");
    json_t *result = fixture_run(&spec);
    struct model_file *file = open_model(result);
    struct dataset *dataset = load(&spec);
    struct error err;
    struct judgement judgement;
    const atomic_bool cancel = true;
    const struct progress progress = {.cancel = &cancel};
    assert_error(judge_record(model_file_record(file), dataset, 5, 1, &progress, &judgement, &err),
                 ERR_CANCELLED);
    dataset_free(dataset);
    model_file_close(file);
    json_decref(result);
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_same_data_gives_the_metrics_of_the_run),
        TEST(what_the_model_does_not_know_is_left_out_and_counted),
        TEST(what_the_new_data_shows_as_seen_is_left_out_of_personal_lists),
        TEST(data_that_the_model_knows_nothing_of_is_refused),
        TEST(numbers_and_text_are_never_the_same_id),
        TEST(without_memory_all_is_given_back),
        TEST(it_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
