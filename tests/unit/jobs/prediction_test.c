/* What a prediction may be asked for. */
#include "jobs/prediction.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static struct prediction_request request;
static struct job_field_errors errors;
static struct error err;

static enum err check(const char *text)
{
    json_error_t where;
    json_t *object = json_loads(text, 0, &where);
    if (object == NULL)
        fail_msg("%s: %s", text, where.text);
    const enum err rc = prediction_request_check(object, &request, &errors, &err);
    json_decref(object);
    return rc;
}

/* The fields that are told, in their order. */
static void assert_told(const char *text, const char *fields)
{
    char told[400] = "";
    assert_error(check(text), ERR_INVALID);
    for (int32_t i = 0; i < errors.count; i++) {
        const size_t used = strlen(told);
        snprintf(told + used, sizeof(told) - used, "%s ", errors.errors[i].name);
    }
    assert_string_equal(told, fields);
    assert_string_equal(err.message, errors.errors[0].message);
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    assert_ok(check("{\"model\": \"homepage@champion\"}"));
    assert_string_equal(request.model, "homepage@champion");
    assert_int_equal(param_int(&request.params, "k"), 40);
    assert_int_equal(prediction_users_of(&request), PREDICTION_ALL);
    assert_true(prediction_excludes_seen(&request));
    assert_string_equal(param_text(&request.params, "format"), "parquet");
    assert_string_equal(param_text(&request.params, "users_column"), "cookie");
    assert_null(request.user_ids);
    assert_ok(check("{\"model\": 17, \"k\": \"\", \"users_path\": null, \"user_ids\": []}"));
    assert_string_equal(request.model, "17");
}

static void a_list_makes_the_users_a_list(void **state)
{
    (void)state;
    assert_ok(check("{\"model\": \"m\", \"user_ids\": [1, \"b\", 3]}"));
    assert_int_equal(prediction_users_of(&request), PREDICTION_LIST);
    assert_string_equal(request.user_ids, "1\nb\n3\n");
    prediction_request_release(&request);
    assert_ok(check("{\"model\": \"m\", \"user_ids\": \"1, 2\\n3\"}"));
    assert_string_equal(request.user_ids, "1, 2\n3");
    prediction_request_release(&request);
    assert_ok(check("{\"model\": \"m\", \"users_path\": \"lists/u.csv\", \"users\": \"list\"}"));
    assert_string_equal(request.users_path, "lists/u.csv");
}

static void flags_come_as_json_and_as_forms_have_them(void **state)
{
    (void)state;
    static const char *const no[] = {"false", "\"false\"", "\"0\"", "\"off\"", "0"};
    static const char *const yes[] = {"true", "\"true\"", "\"1\"", "\"on\"", "1"};
    for (int i = 0; i < 10; i++) {
        char text[100];
        snprintf(text, sizeof(text), "{\"model\": \"m\", \"exclude_seen\": %s}",
                 i < 5 ? no[i] : yes[i - 5]);
        assert_ok(check(text));
        assert_int_equal(prediction_excludes_seen(&request), i >= 5);
    }
}

static void every_wrong_field_is_told(void **state)
{
    (void)state;
    assert_told("[]", " model ");
    assert_told("{}", "model ");
    assert_told("{\"model\": \"\"}", "model ");
    assert_told("{\"model\": [1]}", "model ");
    assert_told(
        "{\"model\": \"m\", \"k\": 0, \"format\": \"xml\", \"foo\": 1, \"users\": \"some\"}",
        "k format foo users ");
    assert_told("{\"model\": \"m\", \"k\": 10001}", "k ");
    assert_told("{\"model\": \"m\", \"k\": 1.5}", "k ");
    assert_told("{\"model\": \"m\", \"exclude_seen\": \"perhaps\"}", "exclude_seen ");
    assert_told("{\"model\": \"m\", \"name\": \"a\\nb\"}", "name ");
    assert_told("{\"model\": \"m\", \"users\": \"list\"}", "user_ids ");
    assert_told("{\"model\": \"m\", \"users\": \"all\", \"user_ids\": \"1\"}", "user_ids ");
    assert_told("{\"model\": \"m\", \"users\": \"evaluation\", \"users_path\": \"u.csv\"}",
                "users_path ");
    assert_told("{\"model\": \"m\", \"user_ids\": \"1\", \"users_path\": \"u.csv\"}",
                "users_path ");
    assert_told("{\"model\": \"m\", \"user_ids\": [null]}", "user_ids ");
    assert_told("{\"model\": \"m\", \"user_ids\": [true]}", "user_ids ");
    assert_told("{\"model\": \"m\", \"user_ids\": [\"a,b\"]}", "user_ids ");
    assert_told("{\"model\": \"m\", \"user_ids\": {\"1\": 2}}", "user_ids ");
}

static void a_long_text_is_told_and_not_cut(void **state)
{
    (void)state;
    char text[500], name[300];
    memset(name, 'x', 250);
    name[250] = '\0';
    snprintf(text, sizeof(text), "{\"model\": \"m\", \"name\": \"%s\"}", name);
    assert_told(text, "name ");
    snprintf(text, sizeof(text), "{\"model\": \"%s\"}", name);
    assert_told(text, "model ");
}

static void what_the_record_keeps_reads_as_it_was(void **state)
{
    (void)state;
    char *text = NULL;
    assert_ok(check("{\"model\": \"m:3\", \"k\": 7, \"users_path\": \"a b/ü.csv\", \"format\": "
                    "\"csv\", \"exclude_seen\": false, \"users_column\": \"uid\"}"));
    assert_ok(prediction_request_text(&request, &text, &err));
    memset(&request, 0, sizeof(request));
    assert_ok(prediction_request_parse(text, &request, &err));
    mem_free(text);
    assert_string_equal(request.model, "m:3");
    assert_string_equal(request.users_path, "a b/ü.csv");
    assert_int_equal(param_int(&request.params, "k"), 7);
    assert_int_equal(prediction_users_of(&request), PREDICTION_LIST);
    assert_false(prediction_excludes_seen(&request));
    assert_string_equal(param_text(&request.params, "users_column"), "uid");
    static const char *const none[] = {"", "[]", "{\"k\": 0}", "{\"foo\": 1}", "{\"user_ids\": 1}"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_error(prediction_request_parse(none[i], &request, &err), ERR_CORRUPT);
}

static void no_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    enum err rc = ERR_NOMEM;
    for (int64_t after = 1; rc == ERR_NOMEM; after++) {
        char *text = NULL;
        json_t *object = json_loads("{\"model\": \"m\", \"user_ids\": [1, 2]}", 0, NULL);
        mem_fail_after(after);
        rc = prediction_request_check(object, &request, &errors, &err);
        if (rc == ERR_OK)
            rc = prediction_request_text(&request, &text, &err);
        mem_fail_after(0);
        mem_free(text);
        prediction_request_release(&request);
        json_decref(object);
        assert_true(after < 200);
    }
    assert_int_equal(rc, ERR_OK);
}

int main(void)
{
    json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(a_list_makes_the_users_a_list),
        cmocka_unit_test(flags_come_as_json_and_as_forms_have_them),
        cmocka_unit_test(every_wrong_field_is_told),
        cmocka_unit_test(a_long_text_is_told_and_not_cut),
        cmocka_unit_test(what_the_record_keeps_reads_as_it_was),
        cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
