#include "base/random.h"

#include <math.h>

#include "support/test.h"

static const uint64_t weyl = 0x9E3779B97F4A7C15u;

/* The outputs of SplitMix64 from the state 1234567, which many implementations publish. */
static void the_finalizer_is_that_of_splitmix64(void **state)
{
    static const uint64_t wanted[] = {6457827717110365317u, 3203168211198807973u,
                                      9817491932198370423u, 4593380528125082431u,
                                      16408922859458223821u};
    (void)state;
    for (uint64_t i = 0; i < 5; i++)
        assert_true(random_mix(1234567 + weyl * (i + 1)) == wanted[i]);
}

static void equal_arguments_give_equal_bits(void **state)
{
    (void)state;
    assert_true(random_bits(1, 2, 3) == random_bits(1, 2, 3));
}

static void each_argument_matters(void **state)
{
    (void)state;
    assert_true(random_bits(1, 2, 3) != random_bits(2, 2, 3));
    assert_true(random_bits(1, 2, 3) != random_bits(1, 3, 3));
    assert_true(random_bits(1, 2, 3) != random_bits(1, 2, 4));
    assert_true(random_bits(1, 2, 3) != random_bits(3, 2, 1));
}

/* The bits of a (seed, stream, index), so that models of today can be made again tomorrow. */
static void the_bits_never_change(void **state)
{
    (void)state;
    const uint64_t key = random_mix(7 + weyl * 3);
    assert_true(random_bits(7, 2, 5) == random_mix(key + weyl * 6));
}

static void reals_stay_below_one(void **state)
{
    (void)state;
    assert_true(random_double(0) == 0);
    assert_true(random_float(0) == 0);
    assert_true(random_double(UINT64_MAX) < 1);
    assert_true(random_float(UINT64_MAX) < 1);
    assert_true(random_double(UINT64_MAX) > 0.9999999);
    assert_true(random_float(UINT64_MAX) > 0.9999f);
    assert_true(random_double((uint64_t)1 << 63) == 0.5);
    assert_true(random_float((uint64_t)1 << 63) == 0.5f);
}

/* Mean, variance and the correlation of two neighbours or streams, each within 5 sigma. */
static void draws_are_uniform_and_uncorrelated(void **state)
{
    enum { DRAWS = 100000 };
    double sum = 0, squares = 0, neighbours = 0, streams = 0;
    (void)state;
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double x = random_double(random_bits(42, 0, i)) - 0.5;
        sum += x;
        squares += x * x;
        neighbours += x * (random_double(random_bits(42, 0, i + 1)) - 0.5);
        streams += x * (random_double(random_bits(42, 1, i)) - 0.5);
    }
    const double root = sqrt(DRAWS);
    assert_true(fabs(sum) < 5 * root * sqrt(1.0 / 12));
    assert_true(fabs(squares - DRAWS / 12.0) < 5 * root * sqrt(1.0 / 180));
    assert_true(fabs(neighbours) < 5 * root / 12);
    assert_true(fabs(streams) < 5 * root / 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_finalizer_is_that_of_splitmix64),
        cmocka_unit_test(equal_arguments_give_equal_bits),
        cmocka_unit_test(each_argument_matters),
        cmocka_unit_test(the_bits_never_change),
        cmocka_unit_test(reals_stay_below_one),
        cmocka_unit_test(draws_are_uniform_and_uncorrelated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
