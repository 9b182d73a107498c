#include "api/throttle.h"

#include <stdio.h>

#include "support/test.h"

static struct throttle *make(int32_t account_failures, int32_t address_per_minute)
{
    struct error err;
    struct throttle *throttle = NULL;
    const struct throttle_limits limits = {account_failures, address_per_minute};
    assert_ok(throttle_create(&limits, &throttle, &err));
    return throttle;
}

static void an_account_has_to_wait_after_its_failures_twice_as_long_each_time(void **state)
{
    struct throttle *throttle = make(5, 1000000);
    double now = 100;
    int32_t wanted = 1;
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", now), 0);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", now), wanted);
        now += wanted + 0.001;
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", now), 0);
        wanted = 2 * wanted < THROTTLE_WAIT_MAX_S ? 2 * wanted : THROTTLE_WAIT_MAX_S;
    }
    assert_int_equal(wanted, THROTTLE_WAIT_MAX_S);
    throttle_free(throttle);
}

static void waiting_in_vain_does_not_lengthen_the_wait(void **state)
{
    struct throttle *throttle = make(2, 1000000);
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 0);
    for (int i = 0; i < 50; i++)
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 1);
    assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 101.01), 0);
    throttle_free(throttle);
}

static void another_address_or_case_of_letters_does_not_help(void **state)
{
    struct throttle *throttle = make(1, 1000000);
    (void)state;
    assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 0);
    assert_int_equal(throttle_begin(throttle, "A@Example.com", "192.0.2.2", 100), 1);
    assert_int_equal(throttle_begin(throttle, "b@example.com", "192.0.2.1", 100), 0);
    throttle_free(throttle);
}

static void a_good_login_clears_the_account_and_gives_the_address_its_try_back(void **state)
{
    struct throttle *throttle = make(3, 4);
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 0);
        throttle_succeed(throttle, "a@example.com", "192.0.2.1", 100);
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 0);
    assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 1);
    throttle_free(throttle);
}

static void a_try_that_was_not_decided_is_not_counted(void **state)
{
    struct throttle *throttle = make(2, 4);
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 0);
        throttle_withdraw(throttle, "a@example.com", "192.0.2.1", 100);
    }
    throttle_free(throttle);
}

static void an_address_has_so_many_tries_a_minute(void **state)
{
    struct throttle *throttle = make(1000, 30);
    char account[32];
    int allowed = 0;
    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(account, sizeof(account), "user%d@example.com", i);
        allowed += throttle_begin(throttle, account, "192.0.2.1", 100) == 0;
    }
    assert_int_equal(allowed, 30);
    assert_int_equal(throttle_begin(throttle, "x@example.com", "192.0.2.2", 100), 0);
    assert_int_equal(throttle_begin(throttle, "x@example.com", "192.0.2.1", 100), 2);
    assert_int_equal(throttle_begin(throttle, "x@example.com", "192.0.2.1", 102.01), 0);
    /* After a minute all of them are back. */
    for (int i = 0; i < 30; i++)
        assert_int_equal(throttle_begin(throttle, NULL, "192.0.2.1", 170), 0);
    assert_true(throttle_begin(throttle, NULL, "192.0.2.1", 170) > 0);
    throttle_free(throttle);
}

static void addresses_of_one_network_of_ipv6_count_as_one(void **state)
{
    struct throttle *throttle = make(1000, 2);
    (void)state;
    assert_int_equal(throttle_begin(throttle, NULL, "2001:db8:1:2::1", 100), 0);
    assert_int_equal(throttle_begin(throttle, NULL, "2001:db8:1:2:ffff::7", 100), 0);
    assert_true(throttle_begin(throttle, NULL, "2001:db8:1:2:3:4:5:6", 100) > 0);
    assert_int_equal(throttle_begin(throttle, NULL, "2001:db8:1:3::1", 100), 0);
    throttle_free(throttle);
}

static void failures_are_forgotten_after_an_hour(void **state)
{
    struct throttle *throttle = make(5, 1000000);
    double now = 100;
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", now), 0);
    now += 3601;
    for (int i = 0; i < 5; i++)
        assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", now), 0);
    assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", now), 1);
    throttle_free(throttle);
}

static void a_flood_of_other_accounts_does_not_free_one_that_waits(void **state)
{
    struct throttle *throttle = make(1, 1000000);
    char account[32];
    (void)state;
    assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100), 0);
    for (int i = 0; i < 2000; i++) { /* of 8,192 places */
        snprintf(account, sizeof(account), "user%d@example.com", i);
        (void)throttle_begin(throttle, account, "192.0.2.1", 100.5);
    }
    assert_int_equal(throttle_begin(throttle, "a@example.com", "192.0.2.1", 100.6), 1);
    throttle_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_account_has_to_wait_after_its_failures_twice_as_long_each_time),
        cmocka_unit_test(waiting_in_vain_does_not_lengthen_the_wait),
        cmocka_unit_test(another_address_or_case_of_letters_does_not_help),
        cmocka_unit_test(a_good_login_clears_the_account_and_gives_the_address_its_try_back),
        cmocka_unit_test(a_try_that_was_not_decided_is_not_counted),
        cmocka_unit_test(an_address_has_so_many_tries_a_minute),
        cmocka_unit_test(addresses_of_one_network_of_ipv6_count_as_one),
        cmocka_unit_test(failures_are_forgotten_after_an_hour),
        cmocka_unit_test(a_flood_of_other_accounts_does_not_free_one_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
