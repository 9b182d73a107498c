/* The reader's words one by one: what each accepts, and what it says of everything else. */
#include "model/pickle.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

/* Bytes with their number; they may have zeros inside. */
#define BYTES(literal) (literal), sizeof(literal) - 1

static struct pickle_reader reader(const char *bytes, size_t size)
{
    return (struct pickle_reader){(const unsigned char *)bytes, size, 0};
}

static void assert_words(const struct error *err, const char *words)
{
    if (strstr(err->message, words) == NULL)
        fail_msg("wanted '%s' in '%s'", words, err->message);
}

static void assert_int(const char *bytes, size_t size, int64_t want)
{
    struct error err;
    struct pickle_reader in = reader(bytes, size);
    int64_t value = 1;
    assert_ok(pickle_get_int(&in, &value, &err));
    assert_true(value == want);
    assert_int_equal(in.at, size);
}

static void assert_no_int(const char *bytes, size_t size, const char *words)
{
    struct error err;
    struct pickle_reader in = reader(bytes, size);
    int64_t value = 1;
    assert_error(pickle_get_int(&in, &value, &err), ERR_CORRUPT);
    assert_words(&err, words);
    assert_true(value == 1);
}

static void integers_have_one_spelling(void **state)
{
    (void)state;
    assert_int(BYTES("J\x00\x00\x00\x00"), 0);
    assert_int(BYTES("J\xff\xff\xff\xff"), -1);
    assert_int(BYTES("J\xff\xff\xff\x7f"), INT32_MAX);
    assert_int(BYTES("J\x00\x00\x00\x80"), INT32_MIN);
    assert_int(BYTES("\x8a\x05\x00\x00\x00\x80\x00"), (int64_t)INT32_MAX + 1);
    assert_int(BYTES("\x8a\x05\xff\xff\xff\x7f\xff"), (int64_t)INT32_MIN - 1);
    assert_int(BYTES("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"), INT64_MAX);
    assert_int(BYTES("\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80"), INT64_MIN);

    assert_no_int(BYTES(""), "byte 0 (the end): expected an integer");
    assert_no_int(BYTES("K\x01"), "byte 0: expected an integer");
    assert_no_int(BYTES("J\x01\x00\x00"), "byte 0: expected an integer");
    assert_no_int(BYTES("\x8a"), "byte 0: expected an integer");
    assert_no_int(BYTES("\x8a\x01\x01"), "at most 64 bits");
    assert_no_int(BYTES("\x8a\x05\x01\x00\x00\x00"), "at most 64 bits");
    assert_no_int(BYTES("\x8a\x05\x01\x00\x00\x00\x00"), "shortest form");
    assert_no_int(BYTES("\x8a\x06\x00\x00\x00\x80\x00\x00"), "shortest form");
    assert_no_int(BYTES("\x8a\x06\x00\x00\x00\x00\xff\xff"), "shortest form");
    assert_no_int(BYTES("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x40\x00"), "shortest form");
    assert_no_int(BYTES("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00"), "below 2^63");
    assert_no_int(BYTES("\x8a\x0a\x00\x00\x00\x00\x00\x00\x00\x80\x00\x01"), "at most 64 bits");
}

static void seeds_may_use_all_64_bits(void **state)
{
    struct error err;
    uint64_t value = 0;
    struct pickle_reader in = reader(BYTES("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00"));
    (void)state;
    assert_ok(pickle_get_uint(&in, &value, &err));
    assert_true(value == UINT64_MAX);
    in = reader(BYTES("J\xff\xff\xff\xff"));
    assert_error(pickle_get_uint(&in, &value, &err), ERR_CORRUPT);
    assert_words(&err, "byte 0: expected an integer from 0");
}

static void assert_no_text(const char *bytes, size_t size, const char *words)
{
    struct error err;
    struct str text;
    struct pickle_reader in = reader(bytes, size);
    assert_error(pickle_get_text(&in, &text, &err), ERR_CORRUPT);
    assert_words(&err, words);
}

static void strings_are_utf8_of_a_length_that_fits(void **state)
{
    struct error err;
    struct str text;
    struct pickle_reader in = reader(BYTES("\x8c\x05\xc3\xa9t\xc3\xa9."));
    (void)state;
    assert_ok(pickle_get_text(&in, &text, &err));
    assert_int_equal(text.len, 5);
    assert_int_equal(in.at, 7);

    assert_no_text(BYTES("U\x01x"), "expected a string");
    assert_no_text(BYTES("\x8c"), "length fits");
    assert_no_text(BYTES("\x8c\x02x"), "length fits");
    assert_no_text(BYTES("X\x01\x00\x00"), "length fits");
    assert_no_text(BYTES("X\x01\x00\x00\x00x"), "length fits"); /* the short form is due */
    assert_no_text(BYTES("X\xff\xff\xff\xffx"), "length fits");
    assert_no_text(BYTES("\x8c\x01\xff"), "UTF-8");
    assert_no_text(BYTES("\x8c\x02\xc0\x80"), "UTF-8");
    assert_no_text(BYTES("\x8c\x03\xed\xa0\x80"), "UTF-8");
}

/* A 2 x 1 array of <i4 whose bytes start at 64. */
static const char array_bytes[] = "cnumpy\nndarray\n"                      /* 0 */
                                  "J\x02\x00\x00\x00J\x01\x00\x00\x00\x86" /* 15 */
                                  "\x8c\x03<i4"                            /* 26 */
                                  "C\x15\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                  "0"                      /* 31 */
                                  "\x96\x08\0\0\0\0\0\0\0" /* 55 */
                                  "\x01\0\0\0\x02\0\0\0"   /* 64 */
                                  "\x87R";                 /* 72 */

static enum err get_array(char *bytes, size_t size, struct tensor *array, struct error *err)
{
    struct pickle_reader in = reader(bytes, size);
    return pickle_get_array(&in, array, err);
}

static void an_array_lies_where_it_was_found(void **state)
{
    struct error err;
    struct tensor array;
    char *bytes = mem_dup(BYTES(array_bytes), &err);
    (void)state;
    assert_ok(get_array(bytes, sizeof(array_bytes) - 1, &array, &err));
    assert_int_equal(array.element, ELEMENT_I32);
    assert_int_equal(array.ndim, 2);
    assert_int_equal(array.shape[0], 2);
    assert_int_equal(array.shape[1], 1);
    assert_ptr_equal(array.data, bytes + 64);
    assert_int_equal(((const int32_t *)array.data)[1], 2);
    mem_free(bytes);
}

static void an_array_that_differs_in_any_place_is_refused(void **state)
{
    static const struct {
        size_t at;
        char byte;
        const char *words;
    } changes[] = {
        {1, 'x', "byte 0: expected an array: the name numpy.ndarray"},
        {15, 'K', "byte 15: expected an integer"},
        {15, '\x85', "byte 15: expected the shape of an array"},
        {19, '\xff', "byte 15: expected a length from 0"},
        {25, '\x85', "byte 25: expected the end of a shape"},
        {28, '>', "byte 26: expected the name of an element type"},
        {31, 'B', "byte 31: expected padding"},
        {32, 20, "byte 31: expected padding to a boundary of 64 bytes"},
        {40, 1, "byte 40: expected a zero of the padding"},
        {54, '1', "byte 54: expected the end of the padding"},
        {55, 'B', "byte 55: expected the bytes of an array"},
        {56, 7, "byte 55: expected an array as long as its shape says"},
        {16, 3, "byte 55: expected an array as long as its shape says"},
        {72, '\x86', "byte 72: expected the three arguments"},
        {73, '.', "byte 73: expected the end of an array"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct error err;
        struct tensor array;
        char *bytes = mem_dup(BYTES(array_bytes), &err);
        bytes[changes[i].at] = changes[i].byte;
        assert_error(get_array(bytes, sizeof(array_bytes) - 1, &array, &err), ERR_CORRUPT);
        assert_words(&err, changes[i].words);
        mem_free(bytes);
    }
}

static void assert_json(const char *bytes, size_t size, const char *want)
{
    struct error err;
    json_t *value = NULL, *wanted = json_loads(want, JSON_DECODE_ANY, NULL);
    struct pickle_reader in = reader(bytes, size);
    assert_ok(pickle_get_json(&in, &value, &err));
    assert_true(json_equal(value, wanted));
    assert_int_equal(in.at, size);
    json_decref(value);
    json_decref(wanted);
}

static void assert_no_json(const char *bytes, size_t size, const char *words)
{
    struct error err;
    json_t *value = NULL;
    struct pickle_reader in = reader(bytes, size);
    assert_error(pickle_get_json(&in, &value, &err), ERR_CORRUPT);
    assert_words(&err, words);
    assert_null(value);
}

static void json_values_are_read(void **state)
{
    (void)state;
    assert_json(BYTES("N"), "null");
    assert_json(BYTES("\x88"), "true");
    assert_json(BYTES("\x89"), "false");
    assert_json(BYTES("J\x2a\x00\x00\x00"), "42");
    assert_json(BYTES("G\x3f\xf8\x00\x00\x00\x00\x00\x00"), "1.5");
    assert_json(BYTES("\x8c\x01x"), "\"x\"");
    assert_json(BYTES("](N](ee"), "[null, []]");
    assert_json(BYTES("}(\x8c\x01"
                      "aN\x8c\x01"
                      "b}(uu"),
                "{\"a\": null, \"b\": {}}");
}

static void json_that_is_none_is_refused(void **state)
{
    (void)state;
    assert_no_json(BYTES(""), "expected None, a bool");
    assert_no_json(BYTES("c"), "expected None, a bool");
    assert_no_json(BYTES("G\x3f\xf8"), "the eight bytes of a number");
    assert_no_json(BYTES("G\x7f\xf8\x00\x00\x00\x00\x00\x00"), "a finite number");
    assert_no_json(BYTES("G\xff\xf0\x00\x00\x00\x00\x00\x00"), "a finite number");
    assert_no_json(BYTES("]e"), "byte 1: expected the items of a list");
    assert_no_json(BYTES("](N"), "byte 3 (the end)");
    assert_no_json(BYTES("}u"), "byte 1: expected the items of a dict");
    assert_no_json(BYTES("}(Nu"), "byte 2: expected a string");
    assert_no_json(BYTES("}(\x8c\x01"
                         "aN\x8c\x01"
                         "aNu"),
                   "byte 6: expected a key that the dict does not have yet");
    assert_no_json(BYTES("}(\x8c\x02"
                         "a\0Nu"),
                   "byte 2: expected a key without a zero byte");
    assert_no_json(BYTES("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00"), "below 2^63");
}

static void json_may_be_nested_up_to_a_limit(void **state)
{
    char bytes[2000];
    struct error err;
    (void)state;
    for (int depth = 1; depth <= 600; depth++) {
        json_t *value = NULL;
        for (int i = 0; i < 2 * depth; i++)
            bytes[i] = i % 2 == 0 ? PICKLE_EMPTY_LIST : PICKLE_MARK;
        memset(bytes + 2 * depth, 'e', (size_t)depth);
        struct pickle_reader in = reader(bytes, 3 * (size_t)depth);
        const enum err code = pickle_get_json(&in, &value, &err);
        assert_int_equal(code, depth <= PICKLE_JSON_DEPTH_MAX + 1 ? ERR_OK : ERR_CORRUPT);
        if (code != ERR_OK)
            assert_words(&err, "nested less deeply");
        json_decref(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_have_one_spelling),
        cmocka_unit_test(seeds_may_use_all_64_bits),
        cmocka_unit_test(strings_are_utf8_of_a_length_that_fits),
        cmocka_unit_test(an_array_lies_where_it_was_found),
        cmocka_unit_test(an_array_that_differs_in_any_place_is_refused),
        cmocka_unit_test(json_values_are_read),
        cmocka_unit_test(json_that_is_none_is_refused),
        cmocka_unit_test(json_may_be_nested_up_to_a_limit),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
