/* The paired bootstrap, against distributions that are known without drawing. */
#include "eval/paired.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "support/test.h"

enum { MANY = 5000 };

static struct paired_interval interval_of(const double *differences, int32_t count, int32_t threads)
{
    struct error err;
    struct paired_interval interval;
    assert_ok(paired_bootstrap(differences, count, threads, &interval, &err));
    return interval;
}

static void equal_differences_leave_no_doubt(void **state)
{
    double differences[50];
    (void)state;
    for (int i = 0; i < 50; i++)
        differences[i] = 0.25;
    const struct paired_interval found = interval_of(differences, 50, 2);
    assert_true(found.difference == 0.25 && found.low == 0.25 && found.high == 0.25);
}

static void one_user_tells_only_of_itself(void **state)
{
    const double difference = -0.5;
    (void)state;
    const struct paired_interval found = interval_of(&difference, 1, 1);
    assert_true(found.difference == -0.5 && found.low == -0.5 && found.high == -0.5);
}

/* The sum of a resample of zeros and ones is binomial: of B(100, 1/2) the middle 95 % are 40 to 60,
 * of B(400, 1/10) 29 to 52. The quantiles of 2,000 draws may lie one beside. */
static void ones_and_zeros_give_the_binomial_interval(void **state)
{
    double half[100] = {0}, tenth[400] = {0};
    (void)state;
    for (int i = 0; i < 50; i++)
        half[2 * i] = 1;
    for (int i = 0; i < 40; i++)
        tenth[10 * i] = 1;
    const struct paired_interval first = interval_of(half, 100, 1);
    assert_true(first.difference == 0.5);
    assert_true(fabs(first.low - 0.40) <= 0.0101 && fabs(first.high - 0.60) <= 0.0101);
    const struct paired_interval second = interval_of(tenth, 400, 1);
    assert_true(fabs(second.difference - 0.1) < 1e-12);
    assert_true(fabs(second.low - 29.0 / 400) <= 1.01 / 400);
    assert_true(fabs(second.high - 52.0 / 400) <= 1.01 / 400);
}

/* With many users the mean is nearly normal: 1.96 standard errors to either side. */
static void many_users_give_the_normal_interval(void **state)
{
    struct error err;
    double *differences = mem_array(MANY, sizeof(*differences), &err), sum = 0, squares = 0;
    (void)state;
    for (int i = 0; i < MANY; i++) {
        differences[i] = random_double(random_bits(7, 0, (uint64_t)i)) - 0.4;
        sum += differences[i];
    }
    for (int i = 0; i < MANY; i++)
        squares += pow(differences[i] - sum / MANY, 2);
    const double error = sqrt(squares / MANY / MANY);
    const struct paired_interval found = interval_of(differences, MANY, 2);
    assert_true(fabs(found.difference - sum / MANY) < 1e-12);
    assert_true(fabs(found.low - (found.difference - 1.96 * error)) < 0.12 * error);
    assert_true(fabs(found.high - (found.difference + 1.96 * error)) < 0.12 * error);
    mem_free(differences);
}

static void turning_the_pair_around_turns_the_sign(void **state)
{
    double forth[101], back[101];
    (void)state;
    for (int i = 0; i < 101; i++) {
        forth[i] = (i % 7) / 8.0 - 0.25;
        back[i] = -forth[i];
    }
    const struct paired_interval one = interval_of(forth, 101, 1),
                                 other = interval_of(back, 101, 1);
    assert_true(fabs(one.low + other.high) < 1e-12 && fabs(one.high + other.low) < 1e-12);
    assert_true(one.difference == -other.difference);
}

static void threads_change_no_bit(void **state)
{
    double differences[999];
    (void)state;
    for (int i = 0; i < 999; i++)
        differences[i] = random_double(random_bits(9, 1, (uint64_t)i)) - 0.5;
    const struct paired_interval one = interval_of(differences, 999, 1);
    for (int threads = 2; threads <= 5; threads++) {
        const struct paired_interval more = interval_of(differences, 999, threads);
        assert_memory_equal(&one, &more, sizeof(one));
    }
}

static void without_memory_it_says_so(void **state)
{
    struct error err;
    struct paired_interval interval;
    const double differences[] = {0.5, 0.25};
    (void)state;
    mem_fail_after(1);
    assert_error(paired_bootstrap(differences, 2, 1, &interval, &err), ERR_NOMEM);
    mem_fail_after(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_differences_leave_no_doubt),
        cmocka_unit_test(one_user_tells_only_of_itself),
        cmocka_unit_test(ones_and_zeros_give_the_binomial_interval),
        cmocka_unit_test(many_users_give_the_normal_interval),
        cmocka_unit_test(turning_the_pair_around_turns_the_sign),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
