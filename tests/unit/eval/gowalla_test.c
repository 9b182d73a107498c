/*
 * The figures that were computed independently on real data (the README beside it says how):
 * popular to the last digit, ALS within the spread that seeds have.
 */
#include <math.h>

#include "base/json.h"
#include "data/dataset.h"
#include "eval/evaluate.h"
#include "support/shared.h"
#include "support/test.h"

static struct dataset *dataset;

static int load(void **state)
{
    struct error err;
    char path[512];
    (void)state;
    need_shared("gowalla", path, sizeof(path));
    const struct load_spec spec = shared_load_spec(path);
    assert_ok(dataset_load(&spec, NULL, &dataset, &err));
    return 0;
}

static int unload(void **state)
{
    (void)state;
    dataset_free(dataset);
    return 0;
}

static struct eval_result fit_and_evaluate(const char *kind_name, int32_t k)
{
    struct error err;
    struct model *model;
    struct eval_result result;
    struct param_set params;
    const struct model_kind *kind = model_kind_find(kind_name);
    params_init(&params, &kind->params);
    const struct fit_input input = {.train = &dataset->train,
                                    .popularity = dataset->popularity,
                                    .params = &params,
                                    .seed = 1,
                                    .threads = 2};
    assert_int_equal(kind->fit(&input, &model, &err), ERR_OK);
    struct eval_spec spec = {.model = model,
                             .train = &dataset->train,
                             .holdout = &dataset->holdout,
                             .k = k,
                             .threads = 2,
                             .prune = true};
    assert_int_equal(evaluate(&spec, &result, &err), ERR_OK);
    assert_int_equal(result.users, 29858);
    model_free(model);
    return result;
}

static double value_of(const struct eval_result *result, const char *name)
{
    return result->values[metric_find(name)];
}

static void assert_near(double value, double expected)
{
    if (fabs(value - expected) > 1e-14)
        fail_msg("%.17g is not %.17g", value, expected);
}

static void popular_agrees_to_the_last_digit(void **state)
{
    (void)state;
    struct eval_result result = fit_and_evaluate("popular", 40);
    assert_near(value_of(&result, "recall_at_k"), 0.05312455050837766);
    assert_near(value_of(&result, "precision_at_k"), 0.008978330765623955);
    assert_near(value_of(&result, "f1_at_k"), 0.015360633080287909);
    assert_true(value_of(&result, "coverage_at_k") == 40 / 40981.0);
    eval_result_release(&result);
    result = fit_and_evaluate("popular", 20);
    assert_near(value_of(&result, "recall_at_k"), 0.0410303503845377);
    assert_near(value_of(&result, "precision_at_k"), 0.013475450465536875);
    eval_result_release(&result);
}

/* implicit's mean over five seeds is 0.13484, with a standard deviation of 0.00066. */
static void als_agrees_within_the_spread_of_seeds(void **state)
{
    (void)state;
    struct eval_result result = fit_and_evaluate("als", 40);
    assert_true(fabs(value_of(&result, "recall_at_k") - 0.13484) < 0.003);
    assert_true(fabs(value_of(&result, "precision_at_k") - 0.023208) < 0.0005);
    assert_true(result.scored_share < 0.5);
    eval_result_release(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(popular_agrees_to_the_last_digit),
        cmocka_unit_test(als_agrees_within_the_spread_of_seeds),
    };
    json_init();
    return cmocka_run_group_tests(tests, load, unload);
}
