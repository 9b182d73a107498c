/* What models may be called, and what a reference names. */
#include "jobs/model_ref.h"

#include <string.h>

#include "support/test.h"

static void names_are_short_words_in_small_letters(void **state)
{
    char longest[65];
    static const char *const good[] = {"a", "als", "homepage", "home-page_2.1", "2nd", "a1", "0x"};
    static const char *const bad[] = {"",    "17",  "0",   "Homepage", "-a",  ".a",
                                      "_a",  "a b", "a@b", "a:b",      "a/b", "ä",
                                      "a,b", "a\n", "A",   "a%",       "007", "import"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (!model_name_is_valid(good[i]))
            fail_msg("%s is a name", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (model_name_is_valid(bad[i]))
            fail_msg("%s is no name", bad[i]);
    memset(longest, 'a', sizeof(longest));
    longest[63] = '\0';
    assert_true(model_name_is_valid(longest));
    longest[63] = 'a';
    longest[64] = '\0';
    assert_false(model_name_is_valid(longest));
}

static struct model_ref parse(const char *text)
{
    struct error err;
    struct model_ref ref;
    assert_ok(model_ref_parse(text, &ref, &err));
    return ref;
}

static void each_form_is_told_from_the_others(void **state)
{
    (void)state;
    struct model_ref ref = parse("17");
    assert_int_equal(ref.form, MODEL_REF_ID);
    assert_int_equal(ref.number, 17);
    ref = parse("homepage@champion");
    assert_int_equal(ref.form, MODEL_REF_ALIAS);
    assert_string_equal(ref.name, "homepage");
    assert_string_equal(ref.alias, "champion");
    ref = parse("homepage:3");
    assert_int_equal(ref.form, MODEL_REF_VERSION);
    assert_string_equal(ref.name, "homepage");
    assert_int_equal(ref.number, 3);
    ref = parse("home.page-2");
    assert_int_equal(ref.form, MODEL_REF_NAME);
    assert_string_equal(ref.name, "home.page-2");
    assert_int_equal(parse("9223372036854775807").number, INT64_MAX);
}

static void what_is_no_reference_names_no_model(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "-1",
                                      "017",
                                      "+1",

                                      "99999999999999999999",
                                      "@",
                                      ":",
                                      "a@",
                                      "a:",
                                      "a:0",
                                      "a:-1",
                                      "a:01",
                                      "a:x",
                                      "a@b@c",
                                      "a:1:",
                                      "a@17",
                                      "a:1@b",
                                      "@champion",
                                      "17:1",
                                      "17@a",
                                      "A",
                                      "a b",
                                      "a/b",
                                      "a:1 ",
                                      " a",
                                      "a@B",
                                      "a@b:1",
                                      "%00",
                                      "a:99999999999999999999"};
    struct error err;
    struct model_ref ref;
    char longer[300];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (model_ref_parse(bad[i], &ref, &err) == ERR_OK)
            fail_msg("%s is no reference", bad[i]);
        assert_int_equal(err.code, ERR_NOT_FOUND);
        assert_string_equal(err.reason, "no_such_model");
    }
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    assert_error(model_ref_parse(longer, &ref, &err), ERR_NOT_FOUND);
}

static void a_version_is_written_as_it_is_read(void **state)
{
    char text[MODEL_REF_SIZE];
    (void)state;
    const struct model_ref ref = parse(model_ref_of("homepage", 12, text));
    assert_string_equal(text, "homepage:12");
    assert_int_equal(ref.number, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_short_words_in_small_letters),
        cmocka_unit_test(each_form_is_told_from_the_others),
        cmocka_unit_test(what_is_no_reference_names_no_model),
        cmocka_unit_test(a_version_is_written_as_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
