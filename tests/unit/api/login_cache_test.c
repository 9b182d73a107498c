#include "api/login_cache.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/secret.h"
#include "support/test.h"

static struct identity identity_of(int64_t user_id, const char *token)
{
    struct identity identity = {.user_id = user_id, .session_id = user_id};
    secret_hash(token, identity.token_hash);
    return identity;
}

static void put(struct login_cache *cache, const struct identity *identity)
{
    login_cache_put(cache, identity, login_cache_generation(cache));
}

static struct login_cache *make(void)
{
    struct error err;
    struct login_cache *cache = NULL;
    assert_ok(login_cache_create(&cache, &err));
    return cache;
}

static void a_login_that_was_put_in_is_found_by_its_hash(void **state)
{
    struct login_cache *cache = make();
    const struct identity first = identity_of(1, "one"), second = identity_of(2, "two");
    struct identity found = {0};
    (void)state;
    assert_false(login_cache_get(cache, first.token_hash, &found));
    put(cache, &first);
    put(cache, &second);
    assert_true(login_cache_get(cache, first.token_hash, &found));
    assert_int_equal(found.user_id, 1);
    assert_true(login_cache_get(cache, second.token_hash, &found));
    assert_int_equal(found.user_id, 2);
    login_cache_free(cache);
}

static void a_login_is_forgotten_after_its_time(void **state)
{
    struct login_cache *cache = make();
    const struct identity identity = identity_of(1, "one");
    struct identity found;
    const struct timespec pause = {.tv_sec = LOGIN_CACHE_MS / 1000,
                                   .tv_nsec = LOGIN_CACHE_MS % 1000 * 1000000 + 50000000};
    (void)state;
    put(cache, &identity);
    nanosleep(&pause, NULL);
    assert_false(login_cache_get(cache, identity.token_hash, &found));
    login_cache_free(cache);
}

static void a_login_that_has_ended_is_not_given_out(void **state)
{
    struct login_cache *cache = make();
    struct identity identity = identity_of(1, "one"), found;
    (void)state;
    identity.expires_ms = (int64_t)time(NULL) * 1000 - 1;
    put(cache, &identity);
    assert_false(login_cache_get(cache, identity.token_hash, &found));
    login_cache_free(cache);
}

static void forgetting_a_user_leaves_the_others(void **state)
{
    struct login_cache *cache = make();
    const struct identity first = identity_of(1, "one"), again = identity_of(1, "more"),
                          second = identity_of(2, "two");
    struct identity found;
    (void)state;
    put(cache, &first);
    put(cache, &again);
    put(cache, &second);
    login_cache_forget(cache, 1);
    assert_false(login_cache_get(cache, first.token_hash, &found));
    assert_false(login_cache_get(cache, again.token_hash, &found));
    assert_true(login_cache_get(cache, second.token_hash, &found));
    login_cache_free(cache);
}

static void what_was_read_before_a_logout_is_not_kept_after_it(void **state)
{
    struct login_cache *cache = make();
    const struct identity identity = identity_of(1, "one");
    struct identity found;
    const uint64_t before = login_cache_generation(cache);
    (void)state;
    login_cache_forget(cache, 1); /* between the read of the store and the put */
    login_cache_put(cache, &identity, before);
    assert_false(login_cache_get(cache, identity.token_hash, &found));
    login_cache_free(cache);
}

static void more_logins_than_fit_push_out_others_and_nothing_else(void **state)
{
    struct login_cache *cache = make();
    struct identity found;
    char token[32];
    int kept = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        snprintf(token, sizeof(token), "token %d", i);
        const struct identity identity = identity_of(i + 1, token);
        put(cache, &identity);
        assert_true(login_cache_get(cache, identity.token_hash, &found));
        assert_int_equal(found.user_id, i + 1);
    }
    for (int i = 0; i < 20000; i++) {
        snprintf(token, sizeof(token), "token %d", i);
        const struct identity identity = identity_of(i + 1, token);
        if (login_cache_get(cache, identity.token_hash, &found)) {
            assert_int_equal(found.user_id, i + 1);
            kept++;
        }
    }
    assert_true(kept > 3000); /* of 4,096: the sets fill evenly */
    login_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_that_was_put_in_is_found_by_its_hash),
        cmocka_unit_test(a_login_is_forgotten_after_its_time),
        cmocka_unit_test(a_login_that_has_ended_is_not_given_out),
        cmocka_unit_test(forgetting_a_user_leaves_the_others),
        cmocka_unit_test(what_was_read_before_a_logout_is_not_kept_after_it),
        cmocka_unit_test(more_logins_than_fit_push_out_others_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
