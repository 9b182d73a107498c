#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static void a_buffer_collects_what_is_added(void **state)
{
    struct error err;
    struct strbuf buf;
    (void)state;
    strbuf_init(&buf, 1000);
    assert_null(buf.ptr);
    assert_ok(strbuf_add(&buf, "abc", 3, &err));
    assert_ok(strbuf_addf(&buf, &err, "-%d-%s", 42, "x"));
    assert_ok(strbuf_add(&buf, "", 0, &err));
    assert_string_equal(buf.ptr, "abc-42-x");
    assert_int_equal(buf.len, 8);
    strbuf_release(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.len, 0);
}

static void a_buffer_keeps_bytes_of_any_value(void **state)
{
    struct error err;
    struct strbuf buf;
    (void)state;
    strbuf_init(&buf, 100);
    assert_ok(strbuf_add(&buf, "a\0b", 3, &err));
    assert_int_equal(buf.len, 3);
    assert_memory_equal(buf.ptr, "a\0b", 4);
    strbuf_release(&buf);
}

static void a_buffer_grows_over_many_additions(void **state)
{
    struct error err;
    struct strbuf buf;
    (void)state;
    strbuf_init(&buf, 100000);
    for (int i = 0; i < 10000; i++)
        assert_ok(strbuf_addf(&buf, &err, "%d", i % 10));
    assert_int_equal(buf.len, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf.ptr[i], '0' + i % 10);
    strbuf_release(&buf);
}

static void a_buffer_refuses_to_grow_over_its_cap(void **state)
{
    struct error err;
    struct strbuf buf;
    (void)state;
    strbuf_init(&buf, 8);
    assert_ok(strbuf_add(&buf, "1234567", 7, &err)); /* and its end: 8 bytes */
    assert_string_equal(buf.ptr, "1234567");
    strbuf_release(&buf);

    strbuf_init(&buf, 8);
    assert_error(strbuf_add(&buf, "12345678", 8, &err), ERR_INVALID);
    assert_int_equal(buf.len, 0);
    assert_error(strbuf_addf(&buf, &err, "%s", "12345678"), ERR_INVALID);
    strbuf_release(&buf);
}

static void a_buffer_without_memory_keeps_what_it_has(void **state)
{
    struct error err;
    struct strbuf buf;
    (void)state;
    strbuf_init(&buf, 10000);
    assert_ok(strbuf_add(&buf, "kept", 4, &err));
    char more[200];
    memset(more, 'm', sizeof(more));
    mem_fail_after(1);
    enum err code = strbuf_add(&buf, more, sizeof(more), &err);
    mem_fail_after(0);
    assert_error(code, ERR_NOMEM);
    assert_string_equal(buf.ptr, "kept");
    strbuf_release(&buf);
}

static void whole_numbers_are_read(void **state)
{
    int64_t value;
    (void)state;
    assert_true(text_int("0", &value) && value == 0);
    assert_true(text_int("-17", &value) && value == -17);
    assert_true(text_int("9223372036854775807", &value) && value == INT64_MAX);
    assert_true(text_int("-9223372036854775808", &value) && value == INT64_MIN);
}

static void what_is_no_whole_number_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "x",
                                      "1x",
                                      "--1",
                                      "0x1",
                                      "\t1",
                                      "-",
                                      "\n1",
                                      "9223372036854775808"};
    int64_t value = 5;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (text_int(bad[i], &value))
            fail_msg("\"%s\" was read as %lld", bad[i], (long long)value);
        assert_int_equal(value, 5);
    }
}

static void reals_are_read(void **state)
{
    double value;
    (void)state;
    assert_true(text_real("0.5", &value) && value == 0.5);
    assert_true(text_real("-1e-3", &value) && value == -1e-3);
    assert_true(text_real("17", &value) && value == 17);
}

static void what_is_no_finite_real_is_refused(void **state)
{
    static const char *const bad[] = {"",      " 1",  "1 ", "nan",  "inf",   "-infinity",
                                      "1e999", "1,5", "x",  "1.5x", "\t0.5", "."};
    double value = 5;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (text_real(bad[i], &value))
            fail_msg("\"%s\" was read as %g", bad[i], value);
        assert_true(value == 5);
    }
}

static void bytes_are_written_in_the_unit_that_reads_best(void **state)
{
    char out[16];
    (void)state;
    assert_string_equal(text_bytes(0, out, sizeof(out)), "0 B");
    assert_string_equal(text_bytes(999, out, sizeof(out)), "999 B");
    assert_string_equal(text_bytes(1000, out, sizeof(out)), "1.0 kB");
    assert_string_equal(text_bytes(15360, out, sizeof(out)), "15 kB");
    assert_string_equal(text_bytes(968000000, out, sizeof(out)), "968 MB");
    assert_string_equal(text_bytes(999900000, out, sizeof(out)), "1.0 GB");
    assert_string_equal(text_bytes(3600000000000, out, sizeof(out)), "3.6 TB");
    assert_true(strlen(text_bytes(INT64_MAX, out, sizeof(out))) < sizeof(out));
}

/* The sums are those of the authors' page: http://www.isthe.com/chongo/tech/comp/fnv/. */
static void hashes_are_those_of_fnv1a(void **state)
{
    (void)state;
    assert_true(text_hash_string("") == 0xcbf29ce484222325u);
    assert_true(text_hash_string("a") == 0xaf63dc4c8601ec8cu);
    assert_true(text_hash_string("foobar") == 0x85944171f73967e8u);
}

static void characters_are_those_of_rfc_3629(void **state)
{
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"", 1},
        {"a", 1},
        {"\x7F", 1},
        {"\x80", 0},
        {"\xC1\xBF", 0}, /* overlong */
        {"\xC2\x80", 2},
        {"\xC3", 0}, /* cut */
        {"\xC3(", 0},
        {"\xE0\x9F\xBF", 0}, /* overlong */
        {"\xE0\xA0\x80", 3},
        {"\xED\x9F\xBF", 3},
        {"\xED\xA0\x80", 0}, /* a surrogate */
        {"\xEF\xBF\xBF", 3},
        {"\xE2\x82", 0},         /* cut */
        {"\xF0\x8F\xBF\xBF", 0}, /* overlong */
        {"\xF0\x90\x80\x80", 4},
        {"\xF4\x8F\xBF\xBF", 4},
        {"\xF4\x90\x80\x80", 0}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 0},
        {"\xFF", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[16];
        assert_int_equal(text_utf8_length(cases[i].text), cases[i].length);
        snprintf(text, sizeof(text), "\xC3\xA9%sz", cases[i].text);
        assert_int_equal(text_is_utf8(text, strlen(text)), cases[i].length > 0);
    }
    assert_true(text_is_utf8("", 0));
    assert_false(text_is_utf8("a\0b", 3));
    assert_false(text_is_utf8("a\xC3\xA9", 2)); /* cut by its length */
}

static void numbers_are_grouped_by_thousands(void **state)
{
    char out[32];
    (void)state;
    assert_string_equal(text_grouped(0, out, sizeof(out)), "0");
    assert_string_equal(text_grouped(999, out, sizeof(out)), "999");
    assert_string_equal(text_grouped(1000, out, sizeof(out)), "1,000");
    assert_string_equal(text_grouped(1234567, out, sizeof(out)), "1,234,567");
    assert_string_equal(text_grouped(-123456, out, sizeof(out)), "-123,456");
    assert_string_equal(text_grouped(INT64_MIN, out, sizeof(out)), "-9,223,372,036,854,775,808");
}

static void a_short_buffer_is_never_overrun(void **state)
{
    char out[8];
    (void)state;
    for (size_t size = 1; size < 7; size++) {
        memset(out, '#', sizeof(out));
        text_grouped(-1234567, out, size);
        assert_non_null(memchr(out, '\0', size));
        assert_int_equal(out[size], '#');
    }
}

static void durations_read_like_a_clock(void **state)
{
    char out[24];
    (void)state;
    assert_string_equal(text_seconds(0.05, out, sizeof(out)), "50 ms");
    assert_string_equal(text_seconds(4.2, out, sizeof(out)), "4.2 s");
    assert_string_equal(text_seconds(42.3, out, sizeof(out)), "0:42");
    assert_string_equal(text_seconds(59.7, out, sizeof(out)), "1:00");
    assert_string_equal(text_seconds(3599, out, sizeof(out)), "59:59");
    assert_string_equal(text_seconds(3599.7, out, sizeof(out)), "1 h 00 min");
    assert_string_equal(text_seconds(11130, out, sizeof(out)), "3 h 05 min");
}

static void a_duration_that_nobody_knows_is_a_question_mark(void **state)
{
    char out[24];
    (void)state;
    assert_string_equal(text_seconds(NAN, out, sizeof(out)), "?");
    assert_string_equal(text_seconds(-1, out, sizeof(out)), "?");
    assert_string_equal(text_seconds(INFINITY, out, sizeof(out)), "?");
    assert_string_equal(text_seconds(1e30, out, sizeof(out)), "?");
}

static void what_a_terminal_obeys_is_made_visible(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        {"", ""},
        {"plain, Grüße, 日本", "plain, Grüße, 日本"},
        {"\x1b[2J\a\x7f", "?[2J??"},
        {"a\xc2\x9b"
         "31m",
         "a??31m"}, /* CSI in one character */
        {"\xe2\x80\xae"
         "gnp.exe\xe2\x81\xa6",
         "???gnp.exe???"},                                        /* turned about */
        {"\xe2\x80\x9c\xe2\x81\xaa", "\xe2\x80\x9c\xe2\x81\xaa"}, /* their neighbours */
        {"cut \xe2\x80", "cut \xe2\x80"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s", cases[i].text);
        text_make_printable(text);
        assert_string_equal(text, cases[i].shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_fnv1a),
        cmocka_unit_test(characters_are_those_of_rfc_3629),
        cmocka_unit_test(a_buffer_collects_what_is_added),
        cmocka_unit_test(a_buffer_keeps_bytes_of_any_value),
        cmocka_unit_test(a_buffer_grows_over_many_additions),
        cmocka_unit_test(a_buffer_refuses_to_grow_over_its_cap),
        cmocka_unit_test(a_buffer_without_memory_keeps_what_it_has),
        cmocka_unit_test(whole_numbers_are_read),
        cmocka_unit_test(what_is_no_whole_number_is_refused),
        cmocka_unit_test(reals_are_read),
        cmocka_unit_test(what_is_no_finite_real_is_refused),
        cmocka_unit_test(bytes_are_written_in_the_unit_that_reads_best),
        cmocka_unit_test(numbers_are_grouped_by_thousands),
        cmocka_unit_test(a_short_buffer_is_never_overrun),
        cmocka_unit_test(durations_read_like_a_clock),
        cmocka_unit_test(a_duration_that_nobody_knows_is_a_question_mark),
        cmocka_unit_test(what_a_terminal_obeys_is_made_visible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
