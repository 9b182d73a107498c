#include "api/template.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static char rendered[65536];

/* Compile and render. */
static enum err render_text(const char *text, const json_t *context,
                            const struct template_rows *rows, struct strbuf *out, struct error *err)
{
    enum err rc;
    struct template *template = NULL;
    TRY(template_compile(text, strlen(text), &template, err));
    TRY(template_render(template, context, rows, out, err));
done:
    template_free(template);
    return rc;
}

static const char *render_rows(const char *template, const char *context,
                               const struct template_rows *rows)
{
    struct error err;
    struct strbuf out;
    json_t *object = json_loads(context, 0, NULL);
    assert_non_null(object);
    strbuf_init(&out, sizeof(rendered) - 1);
    assert_ok(render_text(template, object, rows, &out, &err));
    memcpy(rendered, out.ptr != NULL ? out.ptr : "", out.len);
    rendered[out.len] = '\0';
    strbuf_release(&out);
    json_decref(object);
    return rendered;
}

static const char *render(const char *template, const char *context)
{
    return render_rows(template, context, NULL);
}

static void names_are_filled_in_and_missing_ones_are_empty(void **state)
{
    (void)state;
    assert_string_equal(render("a{{x}}b{{ y }}c{{z}}d", "{\"x\":\"1\",\"y\":2}"), "a1b2cd");
    assert_string_equal(render("", "{}"), "");
    assert_string_equal(render("{ { }} }", "{}"), "{ { }} }");
    assert_string_equal(render("{{x}}", "{\"x\":0.25}"), "0.25");
    assert_string_equal(render("{{x}}|{{y}}|{{z}}", "{\"x\":true,\"y\":null,\"z\":[1]}"), "||");
}

static void what_a_user_typed_cannot_become_markup(void **state)
{
    (void)state;
    assert_string_equal(
        render("<b title=\"{{x}}\">{{x}}</b>", "{\"x\":\"<script>'\\\"&amp;\"}"),
        "<b title=\"&lt;script&gt;&#39;&quot;&amp;amp;\">&lt;script&gt;&#39;&quot;&amp;amp;</b>");
    assert_string_equal(render("{{x}}", "{\"x\":\"{{y}}\",\"y\":\"secret\"}"), "{{y}}");
    assert_string_equal(render("{{x}}", "{\"x\":\"\xC3\xA4\xE2\x82\xAC\"}"),
                        "\xC3\xA4\xE2\x82\xAC");
}

static void three_braces_leave_text_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(render("{{{x}}}-{{x}}", "{\"x\":\"<i>\"}"), "<i>-&lt;i&gt;");
}

static void a_section_repeats_for_each_element(void **state)
{
    (void)state;
    assert_string_equal(render("{{#rows}}[{{a}}{{b}}]{{/rows}}",
                               "{\"b\":\"outer\",\"rows\":[{\"a\":1},{\"a\":2,\"b\":\"own\"}]}"),
                        "[1outer][2own]");
    assert_string_equal(render("{{#names}}{{.}},{{/names}}", "{\"names\":[\"x\",\"<y>\"]}"),
                        "x,&lt;y&gt;,");
    assert_string_equal(render("{{#o}}{{a}}{{/o}}", "{\"o\":{\"a\":\"in\"}}"), "in");
    assert_string_equal(
        render("{{#rows}}{{#rows}}{{a}}{{/rows}};{{/rows}}",
               "{\"rows\":[{\"rows\":[{\"a\":1},{\"a\":2}]},{\"rows\":[{\"a\":3}]}]}"),
        "12;3;");
}

static void rows_of_texts_stand_in_for_a_list(void **state)
{
    static const char *const fields[] = {"a", "b"};
    static const char *const values[] = {"1", "<x>", "2", NULL, "", "y"};
    const struct template_rows rows = {"rows", fields, values, 2, 3},
                               none = {"rows", fields, values, 2, 0};
    (void)state;
    assert_string_equal(
        render_rows("{{#rows}}[{{a}}{{#b}}:{{b}}{{/b}}{{^b}}-{{/b}}{{c}}]{{/rows}}{{a}}",
                    "{\"a\":\"out\",\"b\":\"out\",\"c\":\"!\"}", &rows),
        "[1:&lt;x&gt;!][2-!][:y!]out");
    assert_string_equal(render_rows("{{#o}}{{#rows}}{{{b}}}{{#l}}{{.}}{{a}}{{/l}};{{/rows}}{{/o}}",
                                    "{\"o\":true,\"l\":[7,8]}", &rows),
                        "<x>7181;7282;y78;");
    assert_string_equal(render_rows("{{#rows}}x{{/rows}}{{^rows}}none{{/rows}}", "{}", &none),
                        "none");
}

static void a_section_is_left_out_where_there_is_nothing(void **state)
{
    static const char template[] = "{{#x}}yes{{/x}}{{^x}}no{{/x}}";
    (void)state;
    assert_string_equal(render(template, "{}"), "no");
    assert_string_equal(render(template, "{\"x\":null}"), "no");
    assert_string_equal(render(template, "{\"x\":false}"), "no");
    assert_string_equal(render(template, "{\"x\":\"\"}"), "no");
    assert_string_equal(render(template, "{\"x\":[]}"), "no");
    assert_string_equal(render(template, "{\"x\":true}"), "yes");
    assert_string_equal(render(template, "{\"x\":\"0\"}"), "yes");
    assert_string_equal(render(template, "{\"x\":0}"), "yes");
    assert_string_equal(render(template, "{\"x\":{}}"), "yes");
}

static void comments_are_left_out(void **state)
{
    (void)state;
    assert_string_equal(render("a{{! anything & {braces} }}b", "{}"), "ab");
}

static void a_malformed_template_says_where(void **state)
{
    static const char *const broken[] = {
        "x\n{{name",
        "x\n{{#a}}b",
        "x\n{{/a}}",
        "x\n{{}}",
        "x\n{{#a}}{{/b}}",
        "x\n{{{a}}",
        "x\n{{^a}}{{#a}}{{/a}}",
        "x\n{{a23456789012345678901234567890123456789012345678901234567890123456789}}"};
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct strbuf out;
        json_t *context = json_pack("{s:b}", "a", 1);
        strbuf_init(&out, 1000);
        assert_error(render_text(broken[i], context, NULL, &out, &err), ERR_INTERNAL);
        assert_non_null(strstr(err.message, "line 2"));
        strbuf_release(&out);
        json_decref(context);
    }
}

static void sections_may_not_be_nested_without_end(void **state)
{
    static const char deep[] = "{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}"
                               "{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}";
    struct error err;
    struct strbuf out;
    json_t *context = json_pack("{s:b}", "a", 1);
    (void)state;
    strbuf_init(&out, 1000);
    assert_error(render_text(deep, context, NULL, &out, &err), ERR_INTERNAL);
    strbuf_release(&out);
    json_decref(context);
}

static void no_memory_is_an_error_wherever_it_happens(void **state)
{
    static const char template[] = "{{#rows}}<td>{{a}}</td>{{/rows}} and much more text {{x}}";
    struct error err;
    struct strbuf out;
    json_t *context = json_loads("{\"x\":\"<<<<\",\"rows\":[{\"a\":1},{\"a\":2}]}", 0, NULL);
    enum err rc = ERR_NOMEM; /* until one goes well */
    (void)state;
    for (int64_t n = 1; rc == ERR_NOMEM; n++) {
        strbuf_init(&out, 1000);
        mem_fail_after(n);
        rc = render_text(template, context, NULL, &out, &err);
        mem_fail_after(0);
        strbuf_release(&out);
        assert_true(n < 100);
    }
    assert_int_equal(rc, ERR_OK);
    strbuf_init(&out, 20);
    assert_error(render_text(template, context, NULL, &out, &err), ERR_INVALID);
    strbuf_release(&out);
    json_decref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_filled_in_and_missing_ones_are_empty),
        cmocka_unit_test(what_a_user_typed_cannot_become_markup),
        cmocka_unit_test(three_braces_leave_text_as_it_is),
        cmocka_unit_test(a_section_repeats_for_each_element),
        cmocka_unit_test(rows_of_texts_stand_in_for_a_list),
        cmocka_unit_test(a_section_is_left_out_where_there_is_nothing),
        cmocka_unit_test(comments_are_left_out),
        cmocka_unit_test(a_malformed_template_says_where),
        cmocka_unit_test(sections_may_not_be_nested_without_end),
        cmocka_unit_test(no_memory_is_an_error_wherever_it_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
