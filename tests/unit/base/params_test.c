#include "base/params.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static const struct param_info infos[] = {
    {"iterations", PARAM_INT, "10", 1, 1000, false, NULL, "Sweeps over users and items"},
    {"regularization", PARAM_REAL, "0.01", 0, 1e6, true, NULL, "Penalty on the factors"},
    {"alpha", PARAM_REAL, "1", 0, 1e6, false, NULL, "Confidence of one row"},
    {"solver", PARAM_CHOICE, "cg", 0, 0, false, "cg|cholesky|lu", "How a row is solved"},
    {"user_column", PARAM_TEXT, "cookie", 0, 0, false, NULL, "Column of the user's id"},
    {"limit", PARAM_INT, NULL, 0, 100, false, NULL, "No limit when it is not given"},
};
static const struct param_table table = {infos, sizeof(infos) / sizeof(infos[0])};

static void a_new_set_holds_the_defaults(void **state)
{
    struct param_set set;
    (void)state;
    params_init(&set, &table);
    assert_int_equal(param_int(&set, "iterations"), 10);
    assert_true(param_real(&set, "iterations") == 10);
    assert_true(param_real(&set, "regularization") == 0.01);
    assert_string_equal(param_text(&set, "solver"), "cg");
    assert_string_equal(param_text(&set, "user_column"), "cookie");
    assert_true(param_is_set(&set, "iterations"));
    assert_false(param_is_set(&set, "limit"));
}

static void values_are_set_from_text(void **state)
{
    struct error err;
    struct param_set set;
    (void)state;
    params_init(&set, &table);
    assert_ok(params_set(&set, "iterations", "1000", &err));
    assert_ok(params_set(&set, "alpha", "0", &err));
    assert_ok(params_set(&set, "solver", "lu", &err));
    assert_ok(params_set(&set, "limit", "0", &err));
    assert_int_equal(param_int(&set, "iterations"), 1000);
    assert_true(param_real(&set, "alpha") == 0);
    assert_int_equal(param_int(&set, "solver"), 2);
    assert_string_equal(param_text(&set, "solver"), "lu");
    assert_true(param_is_set(&set, "limit"));
}

static void a_name_may_be_written_as_an_option(void **state)
{
    struct error err;
    struct param_set set;
    (void)state;
    params_init(&set, &table);
    assert_ok(params_set(&set, "user-column", "visitor", &err));
    assert_string_equal(param_text(&set, "user_column"), "visitor");
    assert_ptr_equal(params_find(&table, "user-column"), &infos[4]);
    assert_ptr_equal(params_find(&table, "user_column"), &infos[4]);
}

static void a_name_that_only_begins_alike_is_another(void **state)
{
    (void)state;
    assert_null(params_find(&table, "user_col"));
    assert_null(params_find(&table, "user_columns"));
    assert_null(params_find(&table, ""));
}

static void an_unknown_name_is_refused_by_name(void **state)
{
    struct error err;
    struct param_set set;
    (void)state;
    params_init(&set, &table);
    assert_error(params_set(&set, "factor", "10", &err), ERR_INVALID);
    assert_string_equal(err.reason, "parameter_unknown");
    assert_non_null(strstr(err.message, "factor"));
}

static void a_bad_value_names_what_was_given_and_what_is_allowed(void **state)
{
    static const struct {
        const char *name, *text, *allowed;
    } bad[] = {
        {"iterations", "0", "1000"},
        {"iterations", "1001", "1000"},
        {"iterations", "2.5", "1000"},
        {"iterations", "", "1000"},
        {"iterations", "many", "1000"},
        {"regularization", "0", "above 0"},
        {"regularization", "-1", "above"},
        {"alpha", "-0.1", "0"},
        {"alpha", "nan", "0"},
        {"solver", "qr", "cg|cholesky|lu"},
        {"solver", "", "cg|cholesky|lu"},
        {"solver", "cg|cholesky", "cg|cholesky|lu"},
        {"solver", "c", "cg|cholesky"},
        {"user_column", "", "empty"},
    };
    struct error err;
    struct param_set set;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        params_init(&set, &table);
        const struct param_set before = set;
        if (params_set(&set, bad[i].name, bad[i].text, &err) != ERR_INVALID)
            fail_msg("%s = \"%s\" was taken", bad[i].name, bad[i].text);
        assert_string_equal(err.reason, "parameter_range");
        assert_non_null(strstr(err.message, bad[i].name));
        assert_non_null(strstr(err.message, bad[i].text));
        assert_non_null(strstr(err.message, bad[i].allowed));
        assert_memory_equal(&set, &before, sizeof(set));
    }
}

static void a_text_longer_than_its_room_is_refused(void **state)
{
    struct error err;
    struct param_set set;
    char text[PARAM_TEXT_MAX + 1];
    (void)state;
    params_init(&set, &table);
    memset(text, 'c', sizeof(text));
    text[PARAM_TEXT_MAX] = '\0';
    assert_error(params_set(&set, "user_column", text, &err), ERR_INVALID);
    text[PARAM_TEXT_MAX - 1] = '\0';
    assert_ok(params_set(&set, "user_column", text, &err));
    assert_string_equal(param_text(&set, "user_column"), text);
}

static void the_json_has_every_value_in_its_type(void **state)
{
    struct error err;
    struct param_set set;
    struct strbuf out;
    (void)state;
    params_init(&set, &table);
    json_t *object = json_object();
    assert_ok(params_to_json(&set, object, &err));
    strbuf_init(&out, 1000);
    assert_ok(json_write(object, 0, &out, &err));
    assert_string_equal(out.ptr, "{\"iterations\":10,\"regularization\":0.01,\"alpha\":1.0,"
                                 "\"solver\":\"cg\",\"user_column\":\"cookie\",\"limit\":null}");
    strbuf_release(&out);
    json_decref(object);
}

static void json_without_memory_is_an_error(void **state)
{
    struct error err;
    struct param_set set;
    (void)state;
    json_init();
    params_init(&set, &table);
    json_t *object = json_object();
    mem_fail_after(1);
    enum err code = params_to_json(&set, object, &err);
    mem_fail_after(0);
    assert_error(code, ERR_NOMEM);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_set_holds_the_defaults),
        cmocka_unit_test(values_are_set_from_text),
        cmocka_unit_test(a_name_may_be_written_as_an_option),
        cmocka_unit_test(a_name_that_only_begins_alike_is_another),
        cmocka_unit_test(an_unknown_name_is_refused_by_name),
        cmocka_unit_test(a_bad_value_names_what_was_given_and_what_is_allowed),
        cmocka_unit_test(a_text_longer_than_its_room_is_refused),
        cmocka_unit_test(the_json_has_every_value_in_its_type),
        cmocka_unit_test(json_without_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
