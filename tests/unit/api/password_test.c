#include "api/password.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "support/test.h"

static void the_right_password_matches_its_hash_and_no_other_does(void **state)
{
    struct error err;
    char hash[PASSWORD_HASH_SIZE];
    bool is_right, is_old;
    (void)state;
    assert_ok(password_hash("correct horse", hash, &err));
    assert_ok(password_verify("correct horse", hash, &is_right, &is_old, &err));
    assert_true(is_right);
    assert_false(is_old);
    assert_ok(password_verify("correct horsf", hash, &is_right, &is_old, &err));
    assert_false(is_right);
    assert_ok(password_verify("", hash, &is_right, &is_old, &err));
    assert_false(is_right);
}

static void equal_passwords_have_different_hashes(void **state)
{
    struct error err;
    char first[PASSWORD_HASH_SIZE], second[PASSWORD_HASH_SIZE];
    (void)state;
    assert_ok(password_hash("correct horse", first, &err));
    assert_ok(password_hash("correct horse", second, &err));
    assert_string_not_equal(first, second);
}

static void a_hash_tells_its_parameters(void **state)
{
    struct error err;
    char hash[PASSWORD_HASH_SIZE];
    (void)state;
    assert_ok(password_hash("correct horse", hash, &err));
    assert_memory_equal(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
}

static void a_hash_of_weaker_parameters_still_matches_but_is_old(void **state)
{
    /* Of "123", m = 8 MiB, t = 1; made with libsodium on its own. */
    static const char weak[] = "$argon2id$v=19$m=8192,t=1,p=1$GYQn3lLd2O"
                               "LlN+rEI8wmSg$cvb9wuGTMjOfKLsmcW60G7uKU1n1REJt+2hUPARNNuk";
    struct error err;
    bool is_right, is_old;
    (void)state;
    assert_ok(password_verify("123", weak, &is_right, &is_old, &err));
    assert_true(is_right);
    assert_true(is_old);
}

static void a_hash_that_is_none_matches_nothing(void **state)
{
    static const char *const broken[] = {"", "plain", "$argon2id$v=19$m=19456,t=2,p=1$",
                                         "$2b$12$abcdefghijklmnopqrstuv"};
    struct error err;
    bool is_right, is_old;
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        assert_ok(password_verify("plain", broken[i], &is_right, &is_old, &err));
        assert_false(is_right);
    }
}

static double seconds_to_verify(const char *hash)
{
    struct error err;
    bool is_right, is_old;
    double best = 1e9;
    for (int i = 0; i < 7; i++) {
        const double start = clock_seconds();
        assert_ok(password_verify("correct horsf", hash, &is_right, &is_old, &err));
        assert_false(is_right);
        const double took = clock_seconds() - start;
        best = took < best ? took : best;
    }
    return best;
}

static void an_unknown_user_costs_as_much_as_a_wrong_password(void **state)
{
    struct error err;
    char hash[PASSWORD_HASH_SIZE];
    bool is_right, is_old;
    (void)state;
    assert_ok(password_hash("correct horse", hash, &err));
    const double known = seconds_to_verify(hash), unknown = seconds_to_verify(NULL);
    assert_true(known > 0.001);
    assert_true(unknown > 0.5 * known && unknown < 2 * known);
    /* The stand-in's parameters are those in force. */
    assert_ok(password_verify("x", NULL, &is_right, &is_old, &err));
    assert_false(is_old);
}

static void *verify_often(void *context)
{
    struct error err;
    bool is_right, is_old;
    int *served = context;
    for (int i = 0; i < 3; i++)
        if (password_verify("x", NULL, &is_right, &is_old, &err) == ERR_OK)
            *served += 1;
        else if (strcmp(err.reason, "overloaded") != 0)
            *served = -1000;
    return NULL;
}

static void many_at_once_wait_their_turn(void **state)
{
    enum { THREADS = 24 };
    pthread_t threads[THREADS];
    int served[THREADS] = {0}, all = 0;
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &served[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += served[i];
    }
    assert_int_equal(all, 3 * THREADS);
}

static void *verify_once(void *context)
{
    struct error err;
    bool is_right, is_old;
    int *overloaded = context;
    if (password_verify("x", NULL, &is_right, &is_old, &err) != ERR_OK)
        *overloaded = strcmp(err.reason, "overloaded") == 0 && err.code == ERR_NOMEM ? 1 : -1000;
    return NULL;
}

static void beyond_the_queue_a_login_is_refused_at_once(void **state)
{
    enum { THREADS = 2 * PASSWORD_WAITING_MAX + 64 };
    pthread_t threads[THREADS];
    int overloaded[THREADS] = {0}, all = 0;
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, verify_once, &overloaded[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += overloaded[i];
    }
    assert_true(all > 0);
    assert_true(all <= THREADS - PASSWORD_WAITING_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_password_matches_its_hash_and_no_other_does),
        cmocka_unit_test(equal_passwords_have_different_hashes),
        cmocka_unit_test(a_hash_tells_its_parameters),
        cmocka_unit_test(a_hash_of_weaker_parameters_still_matches_but_is_old),
        cmocka_unit_test(a_hash_that_is_none_matches_nothing),
        cmocka_unit_test(an_unknown_user_costs_as_much_as_a_wrong_password),
        cmocka_unit_test(many_at_once_wait_their_turn),
        cmocka_unit_test(beyond_the_queue_a_login_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
