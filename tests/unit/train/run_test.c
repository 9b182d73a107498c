/* Runs on a small clickstream: what they give, and what they leave behind. */
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "model/file.h"
#include "support/slowness.h"
#include "support/test.h"
#include "unit/train/fixture.h"

static void a_run_gives_the_counts_of_its_data(void **state)
{
    const struct run_spec spec = fixture_spec(*state, "popular");
    json_t *result = fixture_run(&spec);
    const struct {
        const char *path;
        int64_t value;
    } wanted[] = {{"funnel.rows", 280},
                  {"funnel.train_rows", 240},
                  {"funnel.eval_rows", 40},
                  {"funnel.unseen", 40},
                  {"funnel.contacts", 40},
                  {"funnel.known_users", 40},
                  {"funnel.known_items", 40},
                  {"funnel.pairs", 40},
                  {"funnel.users", 40},
                  {"funnel.items", 23},
                  {"funnel.nnz", 240},
                  {"funnel.eval_users", 40},
                  {"k", 5},
                  {"seed", 0},
                  {"threads", 2}};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        assert_int_equal((int64_t)result_number(result, wanted[i].path), wanted[i].value);
    assert_string_equal(result_text(result, "status"), "completed");
    assert_string_equal(result_text(result, "model_type"), "popular");
    json_decref(result);
}

static void the_floor_of_every_kind_is_popular(void **state)
{
    const struct run_spec popular = fixture_spec(*state, "popular");
    const struct run_spec als = fixture_spec(*state, "als");
    json_t *left = fixture_run(&popular), *right = fixture_run(&als);
    const json_t *floor = result_at(left, "metrics");
    assert_true(json_equal(floor, result_at(left, "popular_metrics")));
    assert_true(json_equal(floor, result_at(right, "popular_metrics")));
    assert_false(json_equal(floor, result_at(right, "metrics")));
    json_decref(left);
    json_decref(right);
}

static void als_reports_every_iteration_with_a_loss_that_falls(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    fixture_set(&spec, "solver", "cholesky");
    json_t *result = fixture_run(&spec);
    const json_t *iterations = result_at(result, "iterations");
    double before = INFINITY;
    assert_int_equal(json_array_size(iterations), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *entry = json_array_get(iterations, i);
        assert_int_equal((size_t)result_number(entry, "iteration"), i + 1);
        assert_true(result_number(entry, "loss") <= before);
        assert_true(result_number(entry, "seconds") >= 0);
        assert_null(json_object_get(entry, "recall_at_k"));
        before = result_number(entry, "loss");
    }
    json_decref(result);
}

static void recall_is_measured_after_every_so_many_iterations(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    fixture_set(&spec, "eval_every", "2");
    json_t *result = fixture_run(&spec);
    const json_t *iterations = result_at(result, "iterations");
    for (size_t i = 0; i < 4; i++) {
        const bool due = (i + 1) % 2 == 0;
        assert_int_equal(json_object_get(json_array_get(iterations, i), "recall_at_k") != NULL,
                         due);
    }
    /* All 40 users are in the sample, so the last measurement is the final one. */
    assert_true(result_number(json_array_get(iterations, 3), "recall_at_k") ==
                result_number(result, "metrics.recall_at_k"));
    json_decref(result);
}

static void the_result_is_the_same_for_any_number_of_threads(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    fixture_check_threads(&spec);
}

static void the_order_of_the_rows_does_not_matter(void **state)
{
    const struct fixture *fixture = *state;
    struct clicks permuted = usual_clicks;
    for (int i = 0; i < model_kind_count(); i++) {
        const struct run_spec spec = fixture_spec(fixture, model_kind_at(i)->name);
        permuted.stride = 1;
        fixture_write_clicks(fixture, &permuted);
        json_t *left = fixture_run(&spec);
        permuted.stride = 97; /* a prime that is no divisor of 280 */
        fixture_write_clicks(fixture, &permuted);
        json_t *right = fixture_run(&spec);
        assert_true(same_model(result_text(left, "model_path"), result_text(right, "model_path")));
        assert_true(json_equal(result_at(left, "metrics"), result_at(right, "metrics")));
        assert_string_equal(result_text(left, "holdout_sha256"),
                            result_text(right, "holdout_sha256"));
        json_decref(left);
        json_decref(right);
    }
}

static void another_seed_gives_another_model_and_the_same_one_the_same(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    json_t *first = fixture_run(&spec), *again = fixture_run(&spec);
    fixture_set(&spec, "seed", "1");
    json_t *other = fixture_run(&spec);
    assert_true(same_model(result_text(first, "model_path"), result_text(again, "model_path")));
    assert_false(same_model(result_text(first, "model_path"), result_text(other, "model_path")));
    json_decref(first);
    json_decref(again);
    json_decref(other);
}

static void a_sample_keeps_some_users_and_the_same_ones_each_time(void **state)
{
    struct run_spec spec = fixture_spec(*state, "popular");
    fixture_set(&spec, "sample_users", "0.5");
    json_t *first = fixture_run(&spec), *again = fixture_run(&spec);
    const double users = result_number(first, "funnel.users");
    assert_true(users >= 5 && users <= 35);
    assert_true(result_number(first, "funnel.train_rows") == 6 * users);
    assert_string_equal(result_text(first, "holdout_sha256"), result_text(again, "holdout_sha256"));
    fixture_set(&spec, "seed", "1");
    json_t *other = fixture_run(&spec);
    assert_string_not_equal(result_text(first, "holdout_sha256"),
                            result_text(other, "holdout_sha256"));
    json_decref(first);
    json_decref(again);
    json_decref(other);
}

/* Counts the warnings that hold a text. */
struct listener {
    const char *text;
    int found;
};

static void listen(void *context, const struct progress_update *update)
{
    struct listener *listener = context;
    if (update->message != NULL && strstr(update->message, listener->text) != NULL)
        listener->found++;
}

static void expect_warning(const struct run_spec *spec, const char *text)
{
    struct error err;
    json_t *result = NULL;
    struct listener listener = {.text = text};
    const struct progress progress = {.report = listen, .context = &listener};
    assert_ok(run_train(spec, &progress, &result, &err));
    assert_int_equal(listener.found, 1);
    json_decref(result);
}

static void lists_longer_than_the_catalogue_are_warned_of_and_judged(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    fixture_set(&spec, "k", "24");
    expect_warning(&spec, "k is 24, but there are only 23 items");
    json_t *result = fixture_run(&spec);
    /* With everything in the list each target is a hit, and 1 of 24 places is one. */
    assert_true(result_number(result, "metrics.recall_at_k") == 1);
    assert_true(fabs(result_number(result, "metrics.precision_at_k") - 1.0 / 24) < 1e-12);
    json_decref(result);
}

static void more_factors_than_users_are_warned_of_and_fitted(void **state)
{
    struct run_spec spec = fixture_spec(*state, "als");
    fixture_set(&spec, "factors", "41");
    expect_warning(&spec, "factors is 41, but there are 40 users and 23 items");
    fixture_set(&spec, "factors", "23");
    struct listener listener = {.text = "factors"};
    struct error err;
    json_t *result = NULL;
    const struct progress progress = {.report = listen, .context = &listener};
    assert_ok(run_train(&spec, &progress, &result, &err));
    assert_int_equal(listener.found, 0);
    json_decref(result);
}

static void expect_failure(const struct run_spec *spec, enum err code, const char *reason)
{
    struct error err;
    json_t *result = NULL;
    assert_error(run_train(spec, NULL, &result, &err), code);
    assert_string_equal(err.reason, reason);
    assert_null(result);
    assert_int_equal(fixture_entries(spec->output_directory), 0);
}

static void an_empty_holdout_is_bad_data_with_its_reason(void **state)
{
    const struct fixture *fixture = *state;
    fixture_write(fixture, "events.csv", "event,is_contact\n10,0\n11,1\n12,1\n");
    const struct run_spec spec = fixture_spec(fixture, "popular");
    expect_failure(&spec, ERR_DATA, "holdout_no_contact");
}

static void errors_of_the_data_pass_through_with_their_reason(void **state)
{
    const struct fixture *fixture = *state;
    struct run_spec spec = fixture_spec(fixture, "als");
    fixture_set(&spec, "item_column", "sku");
    expect_failure(&spec, ERR_DATA, "column_missing");
    spec = fixture_spec(fixture, "als");
    fixture_set(&spec, "eval_days", "1000");
    expect_failure(&spec, ERR_DATA, "train_empty");
    spec.data_path = "/nowhere/at/all";
    expect_failure(&spec, ERR_NOT_FOUND, "path_missing");
}

static void a_memory_limit_that_is_no_size_is_refused(void **state)
{
    struct run_spec spec = fixture_spec(*state, "popular");
    fixture_set(&spec, "memory_limit", "much");
    expect_failure(&spec, ERR_INVALID, "parameter_range");
    fixture_set(&spec, "memory_limit", "1GB");
    json_decref(fixture_run(&spec));
}

static void a_parameter_goes_to_the_kind_or_to_the_run(void **state)
{
    struct error err;
    struct run_spec spec = fixture_spec(*state, "als");
    fixture_set(&spec, "alpha", "2.5");
    fixture_set(&spec, "eval-days", "7");
    assert_true(param_real(&spec.params, "alpha") == 2.5);
    assert_true(param_real(&spec.run, "eval_days") == 7);
    assert_error(run_spec_set(&spec, "depth", "3", &err), ERR_INVALID);
    assert_string_equal(err.reason, "parameter_unknown");
    assert_error(run_spec_set(&spec, "k", "0", &err), ERR_INVALID);
    assert_string_equal(err.reason, "parameter_range");
    spec = fixture_spec(*state, "popular");
    assert_error(run_spec_set(&spec, "factors", "8", &err), ERR_INVALID);
    assert_string_equal(err.reason, "parameter_unknown");
}

/* Asks to stop at the first report of a phase. */
struct stopper {
    enum progress_phase phase;
    atomic_bool cancel;
    double asked;
};

static void stop_in_phase(void *context, const struct progress_update *update)
{
    struct stopper *stopper = context;
    if (update->phase != stopper->phase || atomic_load(&stopper->cancel))
        return;
    stopper->asked = clock_seconds();
    atomic_store(&stopper->cancel, true);
}

static void cancel_ends_a_run_in_any_phase_and_leaves_nothing(void **state)
{
    static const enum progress_phase phases[] = {PHASE_LOAD, PHASE_SPLIT, PHASE_TRAIN,
                                                 PHASE_EVALUATE, PHASE_SAVE};
    for (int kind = 0; kind < model_kind_count(); kind++) {
        const struct run_spec spec = fixture_spec(*state, model_kind_at(kind)->name);
        for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
            struct error err;
            json_t *result = NULL;
            struct stopper stopper = {.phase = phases[i]};
            const struct progress progress = {stop_in_phase, &stopper, &stopper.cancel};
            const enum err rc = run_train(&spec, &progress, &result, &err);
            assert_true(atomic_load(&stopper.cancel)); /* each phase says that it begins */
            assert_int_equal(rc, ERR_CANCELLED);
            assert_null(result);
            assert_true(clock_seconds() - stopper.asked < 2 * TEST_SLOWNESS);
            assert_int_equal(fixture_entries(spec.output_directory), 0);
        }
    }
}

/* Take the names that a run could give its file in the coming seconds. */
static int take_names(const struct fixture *fixture, const char *kind)
{
    enum { SECONDS = 600 };
    const time_t now = time(NULL);
    assert_int_equal(mkdir(fixture->output, 0777), 0);
    for (int i = 0; i < SECONDS; i++) {
        char path[192], stamp[24];
        struct tm parts;
        const time_t then = now + i;
        assert_non_null(gmtime_r(&then, &parts));
        assert_true(strftime(stamp, sizeof(stamp), "%Y%m%d_%H%M%S", &parts) > 0);
        snprintf(path, sizeof(path), "%s/%s_model_0_%s.pkl", fixture->output, kind, stamp);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fclose(file), 0);
    }
    return SECONDS;
}

static void an_existing_name_is_never_overwritten(void **state)
{
    struct stat status;
    struct error err;
    struct model_file *file = NULL;
    char path[192];
    const struct run_spec spec = fixture_spec(*state, "popular");
    const int taken = take_names(*state, "popular");
    json_t *result = fixture_run(&spec);
    const char *model = result_text(result, "model_path");
    const char *hits = result_text(result, "hits_path");
    const size_t stem = strlen(model) - strlen("_2.pkl");
    assert_string_equal(model + stem, "_2.pkl");
    assert_string_equal(hits + stem, "_2.hits.json");
    assert_memory_equal(model, hits, stem);
    assert_ok(model_file_open(model, true, &file, &err));
    model_file_close(file);
    assert_int_equal(fixture_entries(spec.output_directory), taken + 2);
    snprintf(path, sizeof(path), "%.*s.pkl", (int)stem, model);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 0); /* what was there is as it was */
    json_decref(result);
}

static void an_output_that_cannot_be_written_is_found_before_the_run(void **state)
{
    const struct fixture *fixture = *state;
    struct listener listener = {.text = ""};
    const struct progress progress = {.report = listen, .context = &listener};
    struct run_spec spec = fixture_spec(fixture, "popular");
    struct error err;
    json_t *result = NULL;
    char path[160];
    snprintf(path, sizeof(path), "%s/events.csv", fixture->data);
    spec.output_directory = path; /* a file */
    assert_error(run_train(&spec, &progress, &result, &err), ERR_DENIED);
    assert_non_null(strstr(err.message, path));
    spec.output_directory = "/nowhere/at/all";
    assert_error(run_train(&spec, &progress, &result, &err), ERR_NOT_FOUND);
    assert_null(result);
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up_clicks, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_run_gives_the_counts_of_its_data),
        TEST(the_floor_of_every_kind_is_popular),
        TEST(als_reports_every_iteration_with_a_loss_that_falls),
        TEST(recall_is_measured_after_every_so_many_iterations),
        TEST(the_result_is_the_same_for_any_number_of_threads),
        TEST(the_order_of_the_rows_does_not_matter),
        TEST(another_seed_gives_another_model_and_the_same_one_the_same),
        TEST(a_sample_keeps_some_users_and_the_same_ones_each_time),
        TEST(lists_longer_than_the_catalogue_are_warned_of_and_judged),
        TEST(more_factors_than_users_are_warned_of_and_fitted),
        TEST(an_empty_holdout_is_bad_data_with_its_reason),
        TEST(errors_of_the_data_pass_through_with_their_reason),
        TEST(a_memory_limit_that_is_no_size_is_refused),
        TEST(a_parameter_goes_to_the_kind_or_to_the_run),
        TEST(cancel_ends_a_run_in_any_phase_and_leaves_nothing),
        TEST(an_existing_name_is_never_overwritten),
        TEST(an_output_that_cannot_be_written_is_found_before_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
