#include "base/csv_out.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static void a_line_has_its_fields_with_commas_between(void **state)
{
    struct error err;
    struct csv_out csv;
    struct strbuf text;
    (void)state;
    csv_out_init(&csv, 1000, &err);
    csv_out_text(&csv, NULL);
    csv_out_text(&csv, "plain text");
    csv_out_int(&csv, -12);
    csv_out_real(&csv, 0.1);
    csv_out_real(&csv, NAN);
    csv_out_end_line(&csv);
    csv_out_int(&csv, 1);
    csv_out_end_line(&csv);
    assert_ok(csv_out_finish(&csv, &text));
    assert_string_equal(text.ptr, ",plain text,-12,0.1,\r\n1\r\n");
    strbuf_release(&text);
    csv_out_release(&csv);
}

static void what_would_end_a_field_is_quoted(void **state)
{
    struct error err;
    struct csv_out csv;
    struct strbuf text;
    (void)state;
    csv_out_init(&csv, 1000, &err);
    csv_out_text(&csv, "a,b");
    csv_out_text(&csv, "say \"x\"");
    csv_out_text(&csv, "two\nlines");
    assert_ok(csv_out_finish(&csv, &text));
    assert_string_equal(text.ptr, "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"");
    strbuf_release(&text);
    csv_out_release(&csv);
}

static void a_text_never_becomes_a_formula(void **state)
{
    static const char *const formulas[] = {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1"};
    (void)state;
    for (size_t i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++) {
        struct error err;
        struct csv_out csv;
        struct strbuf text;
        csv_out_init(&csv, 1000, &err);
        csv_out_text(&csv, formulas[i]);
        assert_ok(csv_out_finish(&csv, &text));
        assert_int_equal(strncmp(text.ptr, "\"'", 2), 0);
        assert_int_equal(strncmp(text.ptr + 2, formulas[i], strlen(formulas[i])), 0);
        strbuf_release(&text);
        csv_out_release(&csv);
    }
}

static void the_first_failure_is_kept_and_nothing_leaks(void **state)
{
    struct error err;
    struct csv_out csv;
    struct strbuf text;
    const int64_t held = mem_held_bytes();
    (void)state;
    csv_out_init(&csv, 20, &err);
    csv_out_text(&csv, "more than twenty bytes of text");
    csv_out_int(&csv, 1);
    assert_error(csv_out_finish(&csv, &text), ERR_INVALID);
    csv_out_release(&csv);
    assert_int_equal(mem_held_bytes(), held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_its_fields_with_commas_between),
        cmocka_unit_test(what_would_end_a_field_is_quoted),
        cmocka_unit_test(a_text_never_becomes_a_formula),
        cmocka_unit_test(the_first_failure_is_kept_and_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
