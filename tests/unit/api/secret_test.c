#include "api/secret.h"

#include <string.h>

#include "support/test.h"

static void session_tokens_are_hex_and_never_the_same(void **state)
{
    char first[SECRET_TOKEN_SIZE], second[SECRET_TOKEN_SIZE];
    (void)state;
    secret_session_token(first);
    secret_session_token(second);
    assert_int_equal(strlen(first), 64);
    assert_int_equal(strspn(first, "0123456789abcdef"), 64);
    assert_string_not_equal(first, second);
    assert_false(secret_is_api_token(first));
}

static void api_tokens_carry_their_prefix(void **state)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char first[SECRET_TOKEN_SIZE], second[SECRET_TOKEN_SIZE];
    (void)state;
    secret_api_token(first);
    secret_api_token(second);
    assert_memory_equal(first, "rt_", 3);
    assert_int_equal(strlen(first), 46); /* 256 bits, six a letter */
    assert_int_equal(strspn(first + 3, letters), 43);
    assert_string_not_equal(first, second);
    assert_true(secret_is_api_token(first));
}

static void the_hash_is_sha_256_in_hex(void **state)
{
    char hash[SECRET_HASH_SIZE];
    (void)state;
    secret_hash("abc", hash); /* FIPS 180-4's own example */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    secret_hash("", hash);
    assert_string_equal(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void wiping_leaves_nothing(void **state)
{
    char secret[] = "secret";
    (void)state;
    secret_wipe(secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++)
        assert_int_equal(secret[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_tokens_are_hex_and_never_the_same),
        cmocka_unit_test(api_tokens_carry_their_prefix),
        cmocka_unit_test(the_hash_is_sha_256_in_hex),
        cmocka_unit_test(wiping_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
