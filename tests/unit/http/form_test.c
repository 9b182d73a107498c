#include "http/form.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static struct error err;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void fields_are_decoded(void **state)
{
    static const struct {
        const char *text, *name, *value;
    } cases[] = {{"a=b", "a", "b"},
                 {"a=", "a", ""},
                 {"a", "a", ""},
                 {"a=b=c", "a", "b=c"},
                 {"a=+b+", "a", " b "},
                 {"a+b=c", "a b", "c"},
                 {"a=%2B", "a", "+"},
                 {"a=%26%3D%25", "a", "&=%"},
                 {"%61=%62", "a", "b"},
                 {"a=%c3%A9", "a", "\xC3\xA9"},
                 {"a=%F0%9F%98%80", "a", "\xF0\x9F\x98\x80"},
                 {"a=\xC3\xA9", "a", "\xC3\xA9"},
                 {"a=line%0D%0Anext%09", "a", "line\r\nnext\t"},
                 {"&a=b", "a", "b"},
                 {"a=b&", "a", "b"},
                 {"&&x=y&&&a=b&&", "a", "b"},
                 {"x=1&a=2&y=3", "a", "2"},
                 {"a=<script>", "a", "<script>"},
                 {"data_path=%2Fdata%2Fclickstream.pq&a=1", "data_path", "/data/clickstream.pq"},
                 {"A=1&a=2", "a", "2"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct form form;
        assert_ok(form_parse(&arena, cases[i].text, strlen(cases[i].text), &form, &err));
        assert_non_null(form_get(&form, cases[i].name));
        assert_string_equal(form_get(&form, cases[i].name), cases[i].value);
    }
}

static void an_empty_form_has_no_fields(void **state)
{
    static const char *const texts[] = {"", "&", "&&&"};
    struct form form = {.count = 7};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_ok(form_parse(&arena, texts[i], strlen(texts[i]), &form, &err));
        assert_int_equal(form.count, 0);
        assert_null(form_get(&form, "a"));
    }
}

static void fields_keep_their_order(void **state)
{
    struct form form;
    (void)state;
    assert_ok(form_parse(&arena, "z=1&a=2&m=3", 11, &form, &err));
    assert_int_equal(form.count, 3);
    assert_string_equal(form.fields[0].name, "z");
    assert_string_equal(form.fields[1].name, "a");
    assert_string_equal(form.fields[2].name, "m");
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    static const char *const bad[] = {"a=%",
                                      "a=%4",
                                      "a=%zz",
                                      "a=%4z",
                                      "a=%z4",
                                      "a=%%",
                                      "a=%u0041",
                                      "%=b",
                                      "%zz=b",
                                      "a%=b",
                                      "=b",
                                      "=",
                                      "a=1&=2",
                                      "a=1&a=2",
                                      "a=1&a",
                                      "a&a",
                                      "a=1&%61=2",
                                      "a=%00",
                                      "%00=b",
                                      "a%00b=c",
                                      "a=%01",
                                      "a=%1F",
                                      "a=%7F",
                                      "a=%0b",
                                      "a%0a=b",
                                      "a%09=b",
                                      "a=%80",
                                      "a=%C3",
                                      "a=%C3%28",
                                      "a=%C0%80",
                                      "a=%C1%BF",
                                      "a=%E0%80%80",
                                      "a=%ED%A0%80",
                                      "a=%F0%80%80%80",
                                      "a=%F4%90%80%80",
                                      "a=%F5%80%80%80",
                                      "a=%FF",
                                      "a=%FE",
                                      "a=\xFF",
                                      "\xFF=a",
                                      "a=\x01",
                                      "a\x01=b",
                                      "a=%E2%82",
                                      "a=%F0%9F%98",
                                      "a=%C3&b=%A9",
                                      "+=%ED%BF%BF",
                                      "a=% 41",
                                      "a=%-1",
                                      "a=%+1",
                                      "a=%0",
                                      "a=b%",
                                      "a=b&c=%"};
    struct form form = {.count = 77};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (form_parse(&arena, bad[i], strlen(bad[i]), &form, &err) == ERR_OK)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.reason, "form_malformed");
        assert_int_equal(form.count, 77);
    }
}

static void a_nul_among_the_bytes_is_refused(void **state)
{
    struct form form;
    (void)state;
    assert_error(form_parse(&arena, "a=b\0c", 5, &form, &err), ERR_INVALID);
    assert_error(form_parse(&arena, "a\0=b", 4, &form, &err), ERR_INVALID);
    assert_error(form_parse(&arena, "\0", 1, &form, &err), ERR_INVALID);
}

static void no_byte_beyond_the_length_is_read(void **state)
{
    struct form form;
    (void)state;
    assert_ok(form_parse(&arena, "a=b&c=d", 3, &form, &err));
    assert_int_equal(form.count, 1);
    assert_string_equal(form.fields[0].value, "b");
    assert_error(form_parse(&arena, "a=%41", 4, &form, &err), ERR_INVALID);
}

static void a_form_has_at_most_a_hundred_fields(void **state)
{
    char text[1000];
    struct form form;
    size_t len = 0;
    (void)state;
    for (int i = 0; i < 101; i++) {
        text[len++] = (char)('a' + i / 26);
        text[len++] = (char)('a' + i % 26);
        text[len++] = '&';
    }
    assert_ok(form_parse(&arena, text, 299, &form, &err));
    assert_int_equal(form.count, 100);
    assert_error(form_parse(&arena, text, len - 1, &form, &err), ERR_INVALID);
}

static void a_form_without_memory_is_no_form(void **state)
{
    struct form form = {.count = 77};
    (void)state;
    mem_fail_after(1);
    const enum err code = form_parse(&arena, "a=b", 3, &form, &err);
    mem_fail_after(0);
    assert_error(code, ERR_NOMEM);
    assert_int_equal(form.count, 77);
}

static void an_arena_keeps_to_its_cap(void **state)
{
    struct arena small;
    (void)state;
    arena_init(&small, 10000);
    assert_non_null(arena_alloc(&small, 5000, &err));
    assert_null(arena_alloc(&small, 6000, &err));
    assert_int_equal(err.code, ERR_NOMEM);
    assert_null(arena_alloc(&small, SIZE_MAX, &err));
    char *text = arena_textf(&small, &err, "%d-%s", 42, "x");
    assert_string_equal(text, "42-x");
    assert_int_equal((uintptr_t)text % 16, 0);
    arena_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_are_decoded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_form_has_no_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fields_keep_their_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_can_be_read_in_two_ways_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_nul_among_the_bytes_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_byte_beyond_the_length_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_form_has_at_most_a_hundred_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_form_without_memory_is_no_form, set_up, tear_down),
        cmocka_unit_test(an_arena_keeps_to_its_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
