#include "base/clock.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/test.h"

static void seconds_only_go_forward(void **state)
{
    (void)state;
    double last = clock_seconds();
    for (int i = 0; i < 10000; i++) {
        const double now = clock_seconds();
        assert_true(now >= last);
        last = now;
    }
}

static void seconds_measure_a_wait(void **state)
{
    (void)state;
    const double start = clock_seconds();
    usleep(20000);
    const double waited = clock_seconds() - start;
    assert_true(waited >= 0.02 && waited < 10);
}

/* The time that a text tells, as seconds since 1970, or -1. */
static time_t time_of(const char *text, const char *format)
{
    struct tm utc = {0};
    const char *end = strptime(text, format, &utc);
    return end != NULL && *end == '\0' ? timegm(&utc) : -1;
}

static void both_stamps_tell_the_time_of_now(void **state)
{
    char stamp[24], rfc3339[24];
    (void)state;
    const time_t before = time(NULL);
    clock_stamp(stamp, sizeof(stamp));
    clock_rfc3339(rfc3339, sizeof(rfc3339));
    const time_t after = time(NULL);
    assert_int_equal(strlen(stamp), strlen("20241201_143022"));
    assert_int_equal(strlen(rfc3339), strlen("2024-12-01T14:30:22Z"));
    assert_in_range(time_of(stamp, "%Y%m%d_%H%M%S"), before, after);
    assert_in_range(time_of(rfc3339, "%Y-%m-%dT%H:%M:%SZ"), before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_only_go_forward),
        cmocka_unit_test(seconds_measure_a_wait),
        cmocka_unit_test(both_stamps_tell_the_time_of_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
