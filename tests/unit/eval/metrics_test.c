#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "eval/metrics.h"

static double of_user(const char *name, const struct user_outcome *user)
{
    const int32_t index = metric_find(name);
    assert_in_range(index, 0, metric_count() - 1);
    assert_non_null(metric_at(index)->of_user);
    return metric_at(index)->of_user(user);
}

static double of_all(const char *name, const struct overall_outcome *all)
{
    const int32_t index = metric_find(name);
    assert_in_range(index, 0, metric_count() - 1);
    assert_non_null(metric_at(index)->of_all);
    return metric_at(index)->of_all(all);
}

static void assert_near(double value, double expected)
{
    assert_true(fabs(value - expected) < 1e-12);
}

static void every_metric_has_a_name_of_its_own_and_one_function(void **state)
{
    (void)state;
    assert_in_range(metric_count(), 8, METRICS_MAX);
    for (int32_t i = 0; i < metric_count(); i++) {
        const struct metric *metric = metric_at(i);
        assert_int_equal(metric_find(metric->name), i);
        assert_true((metric->of_user != NULL) != (metric->of_all != NULL));
        assert_non_null(strstr(metric->title, "%d"));
        assert_true(metric->help[0] != '\0');
    }
    assert_int_equal(metric_find("recall"), -1);
    assert_int_equal(metric_find(""), -1);
}

/* Three to find, four places, hits at the first and the third. */
static void user_with_two_hits_by_hand(void **state)
{
    (void)state;
    const int32_t ranks[] = {1, 3};
    const struct user_outcome user = {.k = 4, .targets = 3, .hits = 2, .hit_ranks = ranks};
    assert_near(of_user("recall_at_k", &user), 2.0 / 3);
    assert_near(of_user("precision_at_k", &user), 0.5);
    /* (1 + 1/2) / (1 + 1/log2 3 + 1/2) */
    assert_near(of_user("ndcg_at_k", &user), 1.5 / (1.5 + 1 / log2(3)));
    /* (1/1 + 2/3) / 3 */
    assert_near(of_user("map_at_k", &user), 5.0 / 9);
    assert_near(of_user("mrr_at_k", &user), 1);
    assert_near(of_user("hit_rate_at_k", &user), 1);
}

static void user_without_a_hit_counts_zero(void **state)
{
    (void)state;
    const struct user_outcome user = {.k = 4, .targets = 3, .hits = 0, .hit_ranks = NULL};
    for (int32_t i = 0; i < metric_count(); i++)
        if (metric_at(i)->of_user != NULL)
            assert_true(metric_at(i)->of_user(&user) == 0);
}

static void recall_is_not_capped_but_the_ideal_is(void **state)
{
    (void)state;
    const int32_t ranks[] = {1, 2};
    const struct user_outcome user = {.k = 2, .targets = 10, .hits = 2, .hit_ranks = ranks};
    assert_near(of_user("recall_at_k", &user), 0.2);
    assert_near(of_user("ndcg_at_k", &user), 1);
    assert_near(of_user("map_at_k", &user), 1);
}

static void late_first_hit_lowers_the_reciprocal_rank(void **state)
{
    (void)state;
    const int32_t ranks[] = {4};
    const struct user_outcome user = {.k = 5, .targets = 1, .hits = 1, .hit_ranks = ranks};
    assert_near(of_user("mrr_at_k", &user), 0.25);
    assert_near(of_user("map_at_k", &user), 0.25);
    assert_near(of_user("ndcg_at_k", &user), 1 / log2(5));
}

static void f1_is_of_the_two_means(void **state)
{
    (void)state;
    double means[METRICS_MAX] = {0};
    const struct overall_outcome all = {.means = means, .k = 40, .items = 8, .users = 3};
    assert_true(of_all("f1_at_k", &all) == 0);
    /* The baseline's published figures. */
    means[metric_find("recall_at_k")] = 0.151650;
    means[metric_find("precision_at_k")] = 0.009271;
    assert_true(fabs(of_all("f1_at_k", &all) - 0.017474) < 5e-7);
}

static void coverage_is_the_share_of_items_shown(void **state)
{
    (void)state;
    const double means[METRICS_MAX] = {0};
    const struct overall_outcome all = {.means = means, .items = 8, .items_shown = 6};
    assert_near(of_all("coverage_at_k", &all), 0.75);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_has_a_name_of_its_own_and_one_function),
        cmocka_unit_test(user_with_two_hits_by_hand),
        cmocka_unit_test(user_without_a_hit_counts_zero),
        cmocka_unit_test(recall_is_not_capped_but_the_ideal_is),
        cmocka_unit_test(late_first_hit_lowers_the_reciprocal_rank),
        cmocka_unit_test(f1_is_of_the_two_means),
        cmocka_unit_test(coverage_is_the_share_of_items_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
