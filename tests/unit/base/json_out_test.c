#include "base/json_out.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "support/test.h"

/* The text that was written, which must be valid; fails the test where there is none. */
static void assert_text(struct json_out *out, const char *wanted)
{
    struct error err = *out->err;
    struct strbuf text;
    assert_ok(json_out_finish(out, &text));
    assert_string_equal(text.ptr, wanted);
    assert_true(json_text_is_valid(text.ptr));
    strbuf_release(&text);
}

static void commas_come_by_themselves(void **state)
{
    struct error err;
    struct json_out out;
    (void)state;
    json_out_init(&out, 16, 10000, &err);
    json_out_open(&out, '{');
    json_out_key(&out, "a");
    json_out_int(&out, 1);
    json_out_key(&out, "list");
    json_out_open(&out, '[');
    json_out_text(&out, "{");
    json_out_text(&out, "");
    json_out_open(&out, '{');
    json_out_close(&out, '}');
    json_out_bool(&out, true);
    json_out_bool(&out, false);
    json_out_close(&out, ']');
    json_out_key(&out, "none");
    json_out_null(&out);
    json_out_key(&out, "raw");
    json_out_raw(&out, "raw", " {\"x\": [1, 2]}");
    json_out_key(&out, "no raw");
    json_out_raw(&out, "raw", NULL);
    json_out_close(&out, '}');
    assert_text(&out, "{\"a\":1,\"list\":[\"{\",\"\",{},true,false],\"none\":null,"
                      "\"raw\": {\"x\": [1, 2]},\"no raw\":null}");
}

static void a_member_is_its_key_and_its_value(void **state)
{
    struct error err;
    struct json_out out;
    (void)state;
    json_out_init(&out, 16, 10000, &err);
    json_out_open(&out, '{');
    json_member_text(&out, "text", "a");
    json_member_text(&out, "no text", NULL);
    json_member_int(&out, "int", 0);
    json_member_nonzero(&out, "place", -7);
    json_member_nonzero(&out, "no place", 0);
    json_member_real(&out, "real", 0.1);
    json_member_float(&out, "float", 0.1F);
    json_member_bool(&out, "bool", true);
    json_member_null(&out, "null");
    json_member_raw(&out, "raw", "[1, 2]");
    json_member_raw(&out, "no raw", NULL);
    json_member_open(&out, "list", '[');
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    assert_text(&out, "{\"text\":\"a\",\"no text\":null,\"int\":0,\"place\":-7,\"no place\":null,"
                      "\"real\":0.1,\"float\":0.1,\"bool\":true,\"null\":null,\"raw\":[1, 2],"
                      "\"no raw\":null,\"list\":[]}");
    json_out_init(&out, 16, 10000, &err);
    json_out_open(&out, '{');
    json_member_raw(&out, "metrics", "{");
    struct strbuf text;
    assert_error(json_out_finish(&out, &text), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "metrics"));
}

static void text_is_escaped_as_jansson_reads_it(void **state)
{
    struct error err;
    struct json_out out;
    struct strbuf text;
    char every[128];
    (void)state;
    for (int i = 0; i < 127; i++)
        every[i] = (char)(i + 1);
    every[127] = '\0';
    json_out_init(&out, 16, 10000, &err);
    json_out_open(&out, '[');
    json_out_text(&out, every);
    json_out_text(&out, "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    json_out_text(&out, "a\xFF\xC3(b\xED\xA0\x80");
    json_out_text(&out, NULL);
    json_out_close(&out, ']');
    assert_ok(json_out_finish(&out, &text));
    json_t *read = json_loads(text.ptr, 0, NULL);
    assert_non_null(read);
    assert_string_equal(json_string_value(json_array_get(read, 0)), every);
    assert_string_equal(json_string_value(json_array_get(read, 1)),
                        "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_string_equal(json_string_value(json_array_get(read, 2)),
                        "a\xEF\xBF\xBD\xEF\xBF\xBD(b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_true(json_is_null(json_array_get(read, 3)));
    json_decref(read);
    strbuf_release(&text);
}

static void numbers_are_short_and_read_back_exactly(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0.0"},
        {1, "1.0"},
        {0.45, "0.45"},
        {-2.5, "-2.5"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e300, "1e+300"},
        {123456, "123456.0"},
        {1.0 / 3, "0.3333333333333333"},
        {5e-324, "4.94065645841247e-324"},
    };
    struct error err;
    struct json_out out;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_out_init(&out, 16, 10000, &err);
        json_out_real(&out, cases[i].value);
        assert_text(&out, cases[i].text);
    }
    json_out_init(&out, 16, 10000, &err);
    json_out_open(&out, '[');
    json_out_real(&out, NAN);
    json_out_real(&out, -INFINITY);
    json_out_int(&out, INT64_MIN);
    json_out_int(&out, INT64_MAX);
    json_out_int(&out, 0);
    json_out_close(&out, ']');
    assert_text(&out, "[null,null,-9223372036854775808,9223372036854775807,0]");
}

static void what_is_no_json_is_not_put_in(void **state)
{
    struct error err;
    struct json_out out;
    struct strbuf text;
    const int64_t held = mem_held_bytes();
    (void)state;
    json_out_init(&out, 16, 10000, &err);
    json_out_open(&out, '[');
    json_out_raw(&out, "metrics", "{\"recall");
    json_out_close(&out, ']');
    assert_error(json_out_finish(&out, &text), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "metrics"));
    assert_int_equal(mem_held_bytes(), held);
}

static void the_first_failure_is_kept(void **state)
{
    struct error err;
    struct json_out out;
    struct strbuf text;
    (void)state;
    json_out_init(&out, 16, 40, &err);
    json_out_open(&out, '[');
    json_out_text(&out, "more than forty bytes are more than forty bytes");
    json_out_raw(&out, "metrics", "{");
    json_out_close(&out, ']');
    assert_error(json_out_finish(&out, &text), ERR_INVALID);
}

static void a_validity_check_agrees_with_jansson(void **state)
{
    static const char *const valid[] = {
        "{}",    "[]",  "null",           " true ",       "\"\"",       "0",         "-0.5e+7",
        "[1,2]", "1E9", "\"\\u00e9\\n\"", "{\"a\":[{}]}", "[\"\\\\\"]", "\t[ ]\r\n",
    };
    static const char *const invalid[] = {
        "",    "{",     "}",    "[1,]",       "{\"a\":}", "{\"a\"}",   "{a:1}",    "01",
        "1.",  ".5",    "-",    "+1",         "1e",       "\"",        "\"\\x\"",  "\"\\u12\"",
        "nul", "[1 2]", "{}{}", "{\"a\":1,}", "'a'",      "\"\xFF\"",  "\"\x01\"", "[1]]",
        "{,}", "[,1]",  "\"\\", "NaN",        "tru",      "{\"a\" 1}", "1 2",
    };
    char deep[200];
    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        json_t *read = json_loads(valid[i], JSON_DECODE_ANY, NULL);
        assert_non_null(read);
        json_decref(read);
        if (!json_text_is_valid(valid[i]))
            fail_msg("%s is valid", valid[i]);
    }
    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        assert_null(json_loads(invalid[i], JSON_DECODE_ANY, NULL));
        if (json_text_is_valid(invalid[i]))
            fail_msg("%s is not valid", invalid[i]);
    }
    memset(deep, '[', 100);
    memset(deep + 100, ']', 99);
    deep[199] = '\0';
    assert_false(json_text_is_valid(deep));
    assert_true(json_text_is_valid("[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(a_member_is_its_key_and_its_value),
        cmocka_unit_test(text_is_escaped_as_jansson_reads_it),
        cmocka_unit_test(numbers_are_short_and_read_back_exactly),
        cmocka_unit_test(what_is_no_json_is_not_put_in),
        cmocka_unit_test(the_first_failure_is_kept),
        cmocka_unit_test(a_validity_check_agrees_with_jansson),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
