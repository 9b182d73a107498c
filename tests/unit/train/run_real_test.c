/* Runs on the real data of the shared directory: the counts and figures that its READMEs give, and
 * als within what implicit's own seeds vary (tests/golden/als_quality.json). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "support/shared.h"
#include "support/test.h"
#include "unit/train/fixture.h"

enum { SEEDS = 3 };

/* All at the defaults, on a shared data set; `path` has to outlive the spec. */
static struct run_spec real_spec(const struct fixture *fixture, const char *kind, const char *name,
                                 char *path, size_t path_size)
{
    struct run_spec spec;
    need_shared(name, path, path_size);
    run_spec_init(&spec, model_kind_find(kind));
    spec.data_path = path;
    spec.output_directory = fixture->output;
    return spec;
}

static void expect_near(const json_t *result, const char *path, double wanted)
{
    const double have = result_number(result, path);
    if (!(fabs(have - wanted) <= 1e-12))
        fail_msg("%s is %.17g, but the README says %.17g", path, have, wanted);
}

static void popular_on_gowalla_gives_the_figures_of_its_readme(void **state)
{
    char path[512];
    struct run_spec spec = real_spec(*state, "popular", "gowalla", path, sizeof(path));
    json_t *result = fixture_run(&spec);
    expect_near(result, "metrics.recall_at_k", 0.05312455050837766);
    expect_near(result, "metrics.precision_at_k", 0.008978330765623955);
    expect_near(result, "metrics.f1_at_k", 0.015360633080287909);
    assert_int_equal(json_integer_value(result_at(result, "funnel.pairs")), 217242);
    assert_int_equal(json_integer_value(result_at(result, "funnel.eval_users")), 29858);
    json_decref(result);
    fixture_set(&spec, "k", "20");
    result = fixture_run(&spec);
    expect_near(result, "metrics.recall_at_k", 0.0410303503845377);
    expect_near(result, "metrics.precision_at_k", 0.013475450465536875);
    json_decref(result);
}

static void popular_on_online_retail_gives_the_figures_of_its_readme(void **state)
{
    char path[512];
    const struct run_spec spec = real_spec(*state, "popular", "online-retail", path, sizeof(path));
    json_t *result = fixture_run(&spec);
    expect_near(result, "metrics.recall_at_k", 0.042691094299285);
    expect_near(result, "metrics.precision_at_k", 0.012897648686030);
    assert_int_equal(json_integer_value(result_at(result, "funnel.nnz")), 255028);
    assert_int_equal(json_integer_value(result_at(result, "funnel.eval_users")), 723);
    json_decref(result);
}

/* The last loss and the recall, means over the seeds. */
static void measure(struct run_spec *spec, double *ret_recall, double *ret_loss)
{
    double recall = 0, loss = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        char text[8];
        snprintf(text, sizeof(text), "%d", seed);
        fixture_set(spec, "seed", text);
        json_t *result = fixture_run(spec);
        const json_t *iterations = result_at(result, "iterations");
        recall += result_number(result, "metrics.recall_at_k");
        loss += result_number(json_array_get(iterations, json_array_size(iterations) - 1), "loss");
        json_decref(result);
    }
    *ret_recall = recall / SEEDS;
    *ret_loss = loss / SEEDS;
}

/* The difference of two means, of SEEDS runs here and of `seeds` there, in its own deviations;
 * `slack` is what may differ besides. */
static void expect_within(const json_t *golden, const char *value, const char *deviation,
                          double have, double slack)
{
    const double wanted = result_number(golden, value);
    const double seeds = result_number(golden, "seeds");
    const double sd = result_number(golden, deviation) * sqrt(1.0 / SEEDS + 1 / seeds);
    if (!(fabs(have - wanted) <= 4 * sd + slack))
        fail_msg("%s on %s (alpha %g, %s) is %.6g; implicit's is %.6g, and the mean may vary by "
                 "%.2g",
                 value, result_text(golden, "data"), result_number(golden, "alpha"),
                 result_text(golden, "solver"), have, wanted, 4 * sd + slack);
}

static void check_quality(const struct fixture *fixture, const char *data, double alpha,
                          const char *solver)
{
    char path[512], text[16];
    json_error_t ignored;
    int found = 0;
    json_t *golden = json_load_file(RECTRAIN_GOLDEN "/als_quality.json", 0, &ignored);
    assert_true(json_array_size(golden) > 0);
    struct run_spec spec = real_spec(fixture, "als", data, path, sizeof(path));
    for (size_t i = 0; i < json_array_size(golden); i++) {
        const json_t *entry = json_array_get(golden, i);
        double recall, loss;
        if (strcmp(result_text(entry, "data"), data) != 0 ||
            result_number(entry, "alpha") != alpha ||
            strcmp(result_text(entry, "solver"), solver) != 0)
            continue;
        snprintf(text, sizeof(text), "%g", alpha);
        fixture_set(&spec, "alpha", text);
        fixture_set(&spec, "solver", solver);
        measure(&spec, &recall, &loss);
        print_message("%s, alpha %g, %s: recall %.6f (implicit: %.6f), loss %.8f (%.8f)\n", data,
                      alpha, solver, recall, result_number(entry, "recall_at_40"), loss,
                      result_number(entry, "loss"));
        expect_within(entry, "recall_at_40", "recall_sd", recall, 0);
        expect_within(entry, "loss", "loss_sd", loss, 5e-4 * loss); /* other first factors */
        found++;
    }
    assert_int_equal(found, 1);
    json_decref(golden);
}

static void als_on_online_retail_is_as_good_as_implicit(void **state)
{
    check_quality(*state, "online-retail", 1, "cg");
    check_quality(*state, "online-retail", 40, "cg");
    check_quality(*state, "online-retail", 1, "cholesky");
}

static void als_on_gowalla_is_as_good_as_implicit(void **state)
{
    check_quality(*state, "gowalla", 40, "cg");
}

static void als_on_online_retail_is_the_same_for_any_number_of_threads(void **state)
{
    char path[512];
    struct run_spec spec = real_spec(*state, "als", "online-retail", path, sizeof(path));
    fixture_check_threads(&spec);
}

/* Asks to stop at the first report that is this far into a phase. */
struct stopper {
    enum progress_phase phase;
    double share;
    atomic_bool cancel;
    double asked;
};

static void stop_midway(void *context, const struct progress_update *update)
{
    struct stopper *stopper = context;
    const bool is_far =
        update->total > 0 ? update->done >= stopper->share * update->total : stopper->share == 0;
    if (update->phase != stopper->phase || !is_far || atomic_load(&stopper->cancel))
        return;
    stopper->asked = clock_seconds();
    atomic_store(&stopper->cancel, true);
}

static void cancel_stops_each_long_phase_within_two_seconds(void **state)
{
    const struct {
        enum progress_phase phase;
        double share;
    } points[] = {{PHASE_LOAD, 0}, {PHASE_TRAIN, 0.1}, {PHASE_EVALUATE, 0.1}, {PHASE_SAVE, 0}};
    char path[512];
    struct run_spec spec = real_spec(*state, "als", "gowalla", path, sizeof(path));
    fixture_set(&spec, "iterations", "2");
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct error err;
        json_t *result = NULL;
        struct stopper stopper = {.phase = points[i].phase, .share = points[i].share};
        const struct progress progress = {stop_midway, &stopper, &stopper.cancel};
        assert_error(run_train(&spec, &progress, &result, &err), ERR_CANCELLED);
        assert_true(clock_seconds() - stopper.asked < 2);
        assert_int_equal(fixture_entries(spec.output_directory), 0);
    }
}

int main(void)
{
    json_init();
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(popular_on_gowalla_gives_the_figures_of_its_readme),
        TEST(popular_on_online_retail_gives_the_figures_of_its_readme),
        TEST(als_on_online_retail_is_as_good_as_implicit),
        TEST(als_on_gowalla_is_as_good_as_implicit),
        TEST(als_on_online_retail_is_the_same_for_any_number_of_threads),
        TEST(cancel_stops_each_long_phase_within_two_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
