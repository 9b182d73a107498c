#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"

/* The value as one line; fails the test when it cannot be written. Takes over `value`. */
static void assert_written(json_t *value, const char *wanted)
{
    struct error err;
    struct strbuf out;
    assert_non_null(value);
    strbuf_init(&out, 10000);
    assert_ok(json_write(value, 0, &out, &err));
    assert_string_equal(out.ptr, wanted);
    strbuf_release(&out);
    json_decref(value);
}

static void an_object_keeps_the_order_of_its_fields(void **state)
{
    struct error err;
    (void)state;
    json_t *object = json_object();
    assert_ok(json_set(object, "z", json_integer(1), &err));
    assert_ok(json_set(object, "a", json_text("x\"y"), &err));
    assert_ok(json_set(object, "m", json_null(), &err));
    assert_written(object, "{\"z\":1,\"a\":\"x\\\"y\",\"m\":null}");
}

static void an_array_grows_at_its_end(void **state)
{
    struct error err;
    (void)state;
    json_t *array = json_array();
    assert_ok(json_append(array, json_integer(1), &err));
    assert_ok(json_append(array, json_number(0.5), &err));
    assert_written(array, "[1,0.5]");
}

static void a_value_that_could_not_be_made_is_an_error(void **state)
{
    struct error err;
    (void)state;
    json_t *object = json_object(), *array = json_array();
    assert_error(json_set(object, "field", NULL, &err), ERR_NOMEM);
    assert_non_null(strstr(err.message, "field"));
    assert_error(json_append(array, NULL, &err), ERR_NOMEM);
    json_decref(object);
    json_decref(array);
}

static void numbers_that_json_has_no_word_for_become_null(void **state)
{
    (void)state;
    assert_written(json_number(NAN), "null");
    assert_written(json_number(INFINITY), "null");
    assert_written(json_number(-INFINITY), "null");
}

static void a_real_comes_back_as_it_was(void **state)
{
    struct error err;
    static const double values[] = {0.1, 1.0 / 3, 0.058067308552970216, 1e-300, -2.5e17};
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct strbuf out;
        strbuf_init(&out, 100);
        json_t *value = json_number(values[i]);
        assert_ok(json_write(value, 0, &out, &err));
        double back = 0;
        assert_true(text_real(out.ptr, &back));
        assert_true(back == values[i]);
        json_decref(value);
        strbuf_release(&out);
    }
}

static void text_in_utf8_is_kept(void **state)
{
    (void)state;
    assert_written(json_text("Gruß, мир"), "\"Gruß, мир\"");
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    assert_written(json_text("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    assert_written(json_text("\xC3"), "\"\xEF\xBF\xBD\"");
    assert_written(json_text("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""); /* overlong */
}

static void good_text_beside_bad_bytes_is_kept(void **state)
{
    (void)state;
    assert_written(json_text("мир\xFF!"), "\"мир\xEF\xBF\xBD!\"");
    assert_written(json_text("\xF0\x9F\x98\x80\xED\xA0\x80"),
                   "\"\xF0\x9F\x98\x80\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void indented_text_has_lines(void **state)
{
    struct error err;
    struct strbuf out;
    (void)state;
    strbuf_init(&out, 100);
    json_t *value = json_pack("{s:i}", "k", 40);
    assert_ok(json_write(value, 2, &out, &err));
    assert_string_equal(out.ptr, "{\n  \"k\": 40\n}");
    json_decref(value);
    strbuf_release(&out);
}

static void writing_over_the_cap_is_an_error(void **state)
{
    struct error err;
    struct strbuf out;
    (void)state;
    strbuf_init(&out, 8);
    json_t *value = json_text("longer than eight bytes");
    assert_error(json_write(value, 0, &out, &err), ERR_INVALID);
    json_decref(value);
    strbuf_release(&out);
}

/* Every allocation in turn fails: nothing leaks, and the outcome is an error or the right text. */
static enum err make_and_write(struct strbuf *out, struct error *err)
{
    enum err rc;
    json_t *object = json_object();
    if (object == NULL)
        return FAIL(err, ERR_NOMEM, "no object");
    TRY(json_set(object, "name", json_text("a\xFFz"), err));
    TRY(json_set(object, "list", json_array(), err));
    TRY(json_append(json_object_get(object, "list"), json_number(0.25), err));
    TRY(json_write(object, 0, out, err));
done:
    json_decref(object);
    return rc;
}

static void without_memory_nothing_leaks_and_nothing_is_lost(void **state)
{
    struct error err;
    int failures = 0;
    (void)state;
    for (int64_t n = 1; n < 200; n++) {
        struct strbuf out;
        strbuf_init(&out, 1000);
        const int64_t before = mem_held_bytes();
        mem_fail_after(n);
        enum err rc = make_and_write(&out, &err);
        mem_fail_after(0);
        if (rc == ERR_OK)
            assert_string_equal(out.ptr, "{\"name\":\"a\xEF\xBF\xBDz\",\"list\":[0.25]}");
        else
            assert_int_equal(rc, ERR_NOMEM);
        strbuf_release(&out);
        assert_int_equal(mem_held_bytes(), before);
        failures += rc != ERR_OK;
        if (rc == ERR_OK)
            break;
    }
    assert_in_range(failures, 5, 150);
}

static void a_text_that_is_read_without_memory_is_not_called_malformed(void **state)
{
    static const char text[] = "{\"name\": \"a\", \"list\": [0.25, {\"b\": null}]}";
    struct error err;
    enum err rc = ERR_NOMEM;
    json_t *value = NULL;
    int64_t n;
    (void)state;
    for (n = 1; rc != ERR_OK && n < 200; n++) {
        const int64_t before = mem_held_bytes();
        mem_fail_after(n);
        rc = json_read(text, strlen(text), 0, &value, &err);
        mem_fail_after(0);
        if (rc == ERR_OK)
            break;
        assert_int_equal(rc, ERR_NOMEM);
        assert_int_equal(mem_held_bytes(), before);
    }
    assert_in_range(n, 5, 150);
    json_decref(value);
    assert_error(json_read("{\"a\": }", 8, 0, &value, &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "line 1, column"));
    assert_string_equal(err.reason, "json_malformed");
}

static void a_stored_text_is_a_value_or_corrupt_and_none_is_none(void **state)
{
    struct error err;
    json_t *value = NULL;
    (void)state;
    assert_ok(json_read_stored("metrics", "{\"a\": 1}", &value, &err));
    assert_int_equal(json_integer_value(json_object_get(value, "a")), 1);
    json_decref(value);
    assert_ok(json_read_stored("metrics", "null", &value, &err));
    assert_true(json_is_null(value));
    assert_ok(json_read_stored("metrics", NULL, &value, &err));
    assert_null(value);
    assert_error(json_read_stored("metrics", "{\"a\": ", &value, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "the stored metrics is no JSON"));
    assert_error(json_read_stored("metrics", "", &value, &err), ERR_CORRUPT);
    mem_fail_after(1);
    const enum err rc = json_read_stored("metrics", "{\"a\": 1}", &value, &err);
    mem_fail_after(0);
    assert_int_equal(rc, ERR_NOMEM);
    assert_null(value);
}

static int use_our_allocator(void **state)
{
    (void)state;
    json_init();
    return 0;
}

/* jansson would end the process for some of these. */
static void no_allocation_that_fails_ends_the_reading(void **state)
{
    struct error err;
    enum err rc = ERR_NOMEM;
    (void)state;
    char text[8192] = "[";
    for (int i = 0; i < 100; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "{\"a long key %d\": [12.5, -3, \"a \\u00e9 text of some length\", null]}, ", i);
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "true]");
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; rc == ERR_NOMEM; n++) {
        json_t *value = NULL;
        mem_fail_after(n);
        rc = json_read(text, strlen(text), 0, &value, &err);
        mem_fail_after(0);
        assert_true(rc == ERR_NOMEM || n > 500);
        json_decref(value);
    }
    assert_ok(rc);
    assert_int_equal(mem_held_bytes(), held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_that_fails_ends_the_reading),
        cmocka_unit_test(an_object_keeps_the_order_of_its_fields),
        cmocka_unit_test(an_array_grows_at_its_end),
        cmocka_unit_test(a_value_that_could_not_be_made_is_an_error),
        cmocka_unit_test(numbers_that_json_has_no_word_for_become_null),
        cmocka_unit_test(a_real_comes_back_as_it_was),
        cmocka_unit_test(text_in_utf8_is_kept),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(good_text_beside_bad_bytes_is_kept),
        cmocka_unit_test(indented_text_has_lines),
        cmocka_unit_test(writing_over_the_cap_is_an_error),
        cmocka_unit_test(without_memory_nothing_leaks_and_nothing_is_lost),
        cmocka_unit_test(a_text_that_is_read_without_memory_is_not_called_malformed),
        cmocka_unit_test(a_stored_text_is_a_value_or_corrupt_and_none_is_none),
    };
    return cmocka_run_group_tests(tests, use_our_allocator, NULL);
}
