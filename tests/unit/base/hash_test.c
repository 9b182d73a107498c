#include "base/hash.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

/* The sum of `times` repetitions of `text`, given in pieces of at most `piece` bytes. */
static void assert_sum(const char *text, int times, size_t piece, const char *wanted)
{
    struct error err;
    struct hash *hash;
    unsigned char sum[HASH_BYTES];
    char hex[HASH_HEX_SIZE];
    assert_ok(hash_create(&hash, &err));
    const size_t len = strlen(text);
    for (int i = 0; i < times; i++)
        for (size_t at = 0; at < len; at += piece)
            hash_add(hash, text + at, len - at < piece ? len - at : piece);
    hash_finish(hash, sum);
    hash_free(hash);
    hash_hex(sum, hex);
    assert_string_equal(hex, wanted);
}

/* The vectors of FIPS 180-4's example document and of NIST's SHA test vectors. */
static void nothing_has_the_published_sum(void **state)
{
    (void)state;
    assert_sum("", 1, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void one_block_has_the_published_sum(void **state)
{
    (void)state;
    assert_sum("abc", 1, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void two_blocks_have_the_published_sum(void **state)
{
    const char *text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const char *sum = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    (void)state;
    for (size_t piece = 1; piece <= 56; piece++)
        assert_sum(text, 1, piece, sum);
}

static void a_million_letters_have_the_published_sum(void **state)
{
    (void)state;
    assert_sum("aaaaaaaaaa", 100000, 10,
               "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void without_memory_there_is_no_sum(void **state)
{
    struct error err;
    struct hash *hash = NULL;
    (void)state;
    mem_fail_after(1);
    enum err code = hash_create(&hash, &err);
    mem_fail_after(0);
    assert_error(code, ERR_NOMEM);
    assert_null(hash);
}

static void freeing_nothing_or_an_unfinished_sum_is_allowed(void **state)
{
    struct error err;
    struct hash *hash;
    (void)state;
    hash_free(NULL);
    assert_ok(hash_create(&hash, &err));
    hash_add(hash, "abc", 3);
    hash_free(hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_has_the_published_sum),
        cmocka_unit_test(one_block_has_the_published_sum),
        cmocka_unit_test(two_blocks_have_the_published_sum),
        cmocka_unit_test(a_million_letters_have_the_published_sum),
        cmocka_unit_test(without_memory_there_is_no_sum),
        cmocka_unit_test(freeing_nothing_or_an_unfinished_sum_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
