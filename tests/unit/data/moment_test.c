#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "data/moment.h"

static const int64_t DAY = INT64_C(86400000000000); /* nanoseconds */

static void iso_text_becomes_nanoseconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t nanos;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-02T00:00", 86400000000000},
        {"1969-12-31 23:59:59.999999999", -1},
        {"2025-02-09 00:00:00", 1739059200000000000},
        {"2000-02-29", 951782400000000000},
        {"2025-02-09T10:20:30.5Z", 1739096430500000000},
        {"2025-02-09T10:20:30+03:00", 1739085630000000000},
        {"2025-02-09 10:20:30-0130", 1739101830000000000},
        {"2025-02-09 10:20:30+03", 1739085630000000000},
        {"2262-04-11 23:47:16.854775807", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t nanos = 1;
        assert_true(moment_parse(cases[i].text, strlen(cases[i].text), &nanos));
        assert_int_equal(nanos, cases[i].nanos);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "yesterday",
                                        "2025-13-01",
                                        "2025-00-01",
                                        "2025-02-29",
                                        "1900-02-29",
                                        "2025-2-9",
                                        "2025-02-09 ",
                                        "2025-02-09 24:00:00",
                                        "2025-02-09 10:60",
                                        "2025-02-09 10:20:30.",
                                        "2025-02-09 10:20:30.1234567891",
                                        "2025-02-09 10:20:30 UTC",
                                        "2025-02-09 10:20:30+3",
                                        "2025-02-09 10:20:30+16:00",
                                        "2025-02-09x",
                                        "2263-01-01",
                                        "1600-01-01",
                                        "1739059200"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t nanos;
        assert_false(moment_parse(texts[i], strlen(texts[i]), &nanos));
    }
}

static void text_has_as_many_digits_as_needed(void **state)
{
    (void)state;
    char out[MOMENT_TEXT_SIZE];
    assert_string_equal(moment_text(0, TIME_DAYS, out, sizeof(out)), "1970-01-01");
    assert_string_equal(moment_text(-1, TIME_DAYS, out, sizeof(out)), "1969-12-31");
    assert_string_equal(moment_text(-1, TIME_SECONDS, out, sizeof(out)), "1969-12-31 23:59:59");
    assert_string_equal(moment_text(1500, TIME_MILLIS, out, sizeof(out)), "1970-01-01 00:00:01.5");
    assert_string_equal(moment_text(1, TIME_NANOS, out, sizeof(out)),
                        "1970-01-01 00:00:00.000000001");
    assert_string_equal(moment_text(INT64_MIN, TIME_NANOS, out, sizeof(out)),
                        "1677-09-21 00:12:43.145224192");
}

static void every_day_of_four_centuries_reads_back(void **state)
{
    (void)state;
    char out[MOMENT_TEXT_SIZE];
    for (int64_t day = -106000; day < 106000; day += 1) {
        int64_t nanos;
        moment_text(day, TIME_DAYS, out, sizeof(out));
        assert_true(moment_parse(out, strlen(out), &nanos));
        assert_int_equal(nanos, day * DAY);
    }
}

static void extreme_counts_do_not_overflow_their_text(void **state)
{
    (void)state;
    char out[MOMENT_TEXT_SIZE];
    moment_text(INT32_MAX, TIME_DAYS, out, sizeof(out));
    assert_true(strlen(out) < sizeof(out));
    moment_text(INT32_MIN, TIME_DAYS, out, sizeof(out));
    assert_true(strlen(out) < sizeof(out));
    for (int unit = TIME_SECONDS; unit <= TIME_NANOS; unit++) {
        moment_text(INT64_MAX, (enum time_unit)unit, out, sizeof(out));
        assert_true(strlen(out) < sizeof(out));
        moment_text(INT64_MIN, (enum time_unit)unit, out, sizeof(out));
        assert_true(strlen(out) < sizeof(out));
    }
}

static void window_is_exact_in_the_unit(void **state)
{
    (void)state;
    int64_t threshold;
    assert_true(moment_before(1740268800000000000, 14, TIME_NANOS, &threshold));
    assert_int_equal(threshold, INT64_C(1739059200000000000));
    assert_true(moment_before(0, 0.1, TIME_NANOS, &threshold));
    assert_int_equal(threshold, -INT64_C(8640000000000));
    assert_true(moment_before(10, 0.5, TIME_DAYS, &threshold));
    assert_int_equal(threshold, 9); /* day 10 less half a day: day 9 is before it, day 10 is not */
    assert_true(moment_before(10, 1, TIME_DAYS, &threshold));
    assert_int_equal(threshold, 9);
    assert_true(moment_before(100, 1.0 / 86400 / 2, TIME_SECONDS, &threshold));
    assert_int_equal(threshold, 99);
    assert_false(moment_before(0, 1e9, TIME_NANOS, &threshold));
    assert_false(moment_before(INT64_MIN + 5, 14, TIME_DAYS, &threshold));
}

static void conversion_is_exact_or_refused(void **state)
{
    (void)state;
    int64_t value;
    assert_true(moment_convert(-3, TIME_DAYS, TIME_NANOS, &value));
    assert_int_equal(value, -3 * DAY);
    assert_true(moment_convert(DAY, TIME_NANOS, TIME_DAYS, &value));
    assert_int_equal(value, 1);
    assert_false(moment_convert(DAY + 1, TIME_NANOS, TIME_DAYS, &value));
    assert_false(moment_convert(INT64_MAX, TIME_DAYS, TIME_NANOS, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_text_becomes_nanoseconds),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(text_has_as_many_digits_as_needed),
        cmocka_unit_test(every_day_of_four_centuries_reads_back),
        cmocka_unit_test(extreme_counts_do_not_overflow_their_text),
        cmocka_unit_test(window_is_exact_in_the_unit),
        cmocka_unit_test(conversion_is_exact_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
