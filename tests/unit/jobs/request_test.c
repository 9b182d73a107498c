#include "jobs/request.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static struct job_request request;
static struct job_field_errors errors;

#define CHECK(...)                                                                                 \
    job_request_check(                                                                             \
        (const struct job_field[]){__VA_ARGS__},                                                   \
        (int32_t)(sizeof((const struct job_field[]){__VA_ARGS__}) / sizeof(struct job_field)),     \
        &request, &errors, &err)

static void the_briefs_form_is_taken(void **state)
{
    struct error err;
    (void)state;
    assert_ok(CHECK({"model_type", "als"}, {"data_path", "/data"}, {"iterations", "15"},
                    {"factors", "80"}));
    assert_string_equal(request.kind->name, "als");
    assert_string_equal(request.data_path, "/data");
    assert_int_equal(param_int(&request.params, "iterations"), 15);
    assert_int_equal(param_int(&request.params, "factors"), 80);
    assert_int_equal(param_int(&request.run, "k"), 40);
    assert_string_equal(request.name, "");
    assert_int_equal(errors.count, 0);
}

static void empty_fields_count_as_not_given(void **state)
{
    struct error err;
    (void)state;
    assert_ok(CHECK({"model_type", "als"}, {"data_path", "/data"}, {"iterations", ""},
                    {"eval_days", NULL}, {"name", ""}));
    assert_int_equal(param_int(&request.params, "iterations"), 10);
}

static void the_other_kinds_parameters_are_let_be(void **state)
{
    struct error err;
    (void)state;
    assert_ok(CHECK({"model_type", "popular"}, {"data_path", "/data"}, {"iterations", "15"},
                    {"factors", "80"}, {"k", "20"}));
    assert_string_equal(request.kind->name, "popular");
    assert_int_equal(param_int(&request.run, "k"), 20);
}

static void every_wrong_field_is_told(void **state)
{
    static const struct {
        const char *name, *code;
    } wanted[] = {{"data_path", "type"},
                  {"iterations", "range"},
                  {"colour", "unknown"},
                  {"eval_days", "range"},
                  {"iterations", "twice"}};
    struct error err;
    struct job_request before;
    (void)state;
    memset(&request, 0, sizeof(request));
    before = request;
    assert_error(CHECK({"model_type", "als"}, {"data_path", "/a\nb"}, {"iterations", "0"},
                       {"colour", "red"}, {"eval_days", "-3"}, {"iterations", "4"}),
                 ERR_INVALID);
    assert_string_equal(err.reason, "fields");
    assert_int_equal(errors.count, 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(errors.errors[i].name, wanted[i].name);
        assert_string_equal(errors.errors[i].code, wanted[i].code);
        assert_true(strlen(errors.errors[i].message) > 10);
    }
    assert_non_null(strstr(errors.errors[1].message, "1000"));
    assert_string_equal(err.message, errors.errors[0].message);
    assert_memory_equal(&request, &before, sizeof(before));
}

static void what_must_be_there_is_missed(void **state)
{
    struct error err;
    (void)state;
    assert_error(CHECK({"model_type", ""}, {"data_path", ""}), ERR_INVALID);
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.errors[0].name, "model_type");
    assert_string_equal(errors.errors[0].code, "required");
    assert_non_null(strstr(errors.errors[0].message, "popular, als"));
    assert_string_equal(errors.errors[1].name, "data_path");
    assert_string_equal(errors.errors[1].code, "required");
}

static void an_unknown_kind_is_told_once(void **state)
{
    struct error err;
    (void)state;
    assert_error(CHECK({"model_type", "gpt"}, {"data_path", "/data"}, {"factors", "80"}),
                 ERR_INVALID);
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.errors[0].code, "unknown");
}

static void texts_have_their_limits(void **state)
{
    static char path[4098], name[202];
    struct error err;
    (void)state;
    memset(path, 'a', sizeof(path) - 1);
    memset(name, 'a', sizeof(name) - 1);
    assert_error(CHECK({"model_type", "popular"}, {"data_path", path}, {"name", name}),
                 ERR_INVALID);
    assert_int_equal(errors.count, 2);
    assert_string_equal(errors.errors[0].code, "too_long");
    path[4096] = name[200] = '\0';
    assert_ok(CHECK({"model_type", "popular"}, {"data_path", path}, {"name", name}));
}

static void too_many_fields_are_refused(void **state)
{
    static struct job_field fields[JOB_FIELDS_MAX + 1];
    struct error err;
    (void)state;
    for (int i = 0; i <= JOB_FIELDS_MAX; i++)
        fields[i] = (struct job_field){"x", "y"};
    assert_error(job_request_check(fields, JOB_FIELDS_MAX + 1, &request, &errors, &err),
                 ERR_INVALID);
    assert_error(job_request_check(fields, JOB_FIELDS_MAX, &request, &errors, &err), ERR_INVALID);
    assert_int_equal(errors.count, JOB_FIELDS_MAX); /* and no more than there is room for */
}

static enum err check_json(const char *text, struct error *err)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    const enum err rc = job_request_check_json(json, &request, &errors, err);
    json_decref(json);
    return rc;
}

static void json_is_taken_flat_or_in_groups(void **state)
{
    struct error err;
    (void)state;
    assert_ok(check_json("{\"model_type\":\"als\",\"data_path\":\"/data\",\"iterations\":15,"
                         "\"alpha\":40.5,\"name\":null}",
                         &err));
    assert_int_equal(param_int(&request.params, "iterations"), 15);
    assert_true(param_real(&request.params, "alpha") == 40.5);
    assert_ok(check_json("{\"model_type\":\"als\",\"data_path\":\"/data\",\"params\":{\"factors\":"
                         "7,\"solver\":\"cholesky\"},\"run\":{\"k\":10,\"threads\":null}}",
                         &err));
    assert_int_equal(param_int(&request.params, "factors"), 7);
    assert_string_equal(param_text(&request.params, "solver"), "cholesky");
    assert_int_equal(param_int(&request.run, "k"), 10);
    assert_false(param_is_set(&request.run, "threads"));
}

static void json_of_other_types_is_told_by_field(void **state)
{
    struct error err;
    (void)state;
    assert_error(check_json("[1]", &err), ERR_INVALID);
    assert_string_equal(errors.errors[0].code, "type");
    assert_error(check_json("{\"model_type\":\"als\",\"data_path\":\"/data\",\"factors\":[1],"
                            "\"iterations\":true,\"params\":3,\"name\":\"a\\u0000b\",\"k\":1.5}",
                            &err),
                 ERR_INVALID);
    assert_int_equal(errors.count, 5);
    assert_string_equal(errors.errors[0].name, "factors");
    assert_string_equal(errors.errors[1].name, "iterations");
}

static void a_parameter_in_two_places_is_told(void **state)
{
    struct error err;
    (void)state;
    assert_error(check_json("{\"model_type\":\"als\",\"data_path\":\"/data\",\"factors\":3,"
                            "\"params\":{\"factors\":4}}",
                            &err),
                 ERR_INVALID);
    assert_string_equal(errors.errors[0].code, "twice");
}

static void what_a_job_keeps_makes_the_same_request_again(void **state)
{
    struct error err;
    char *params = NULL, *run = NULL, text[8192];
    (void)state;
    assert_ok(CHECK({"model_type", "als"}, {"data_path", "/data"}, {"factors", "7"},
                    {"alpha", "0.1"}, {"solver", "cholesky"}, {"sample_users", "0.3"}));
    const struct job_request first = request;
    assert_ok(job_request_params_json(&request, &params, &run, &err));
    snprintf(text, sizeof(text),
             "{\"model_type\":\"als\",\"data_path\":\"/data\",\"params\":%s,\"run\":%s}", params,
             run);
    assert_ok(check_json(text, &err));
    for (int32_t i = 0; i < first.params.table->count; i++)
        assert_true(request.params.values[i].real == first.params.values[i].real &&
                    request.params.values[i].integer == first.params.values[i].integer);
    assert_true(param_real(&request.run, "sample_users") == 0.3);
    mem_free(params);
    mem_free(run);
}

static const struct job earlier = {
    .job_id = 4,
    .name = "first try",
    .model_type = "als",
    .data_path = "/data/small",
    .params_json = "{\"iterations\":3,\"factors\":8,\"gone\":1}",
    .run_json = "{\"k\":20,\"eval_every\":0,\"threads\":null}",
};

static enum err again(const char *changes, struct error *err)
{
    json_t *object = changes != NULL ? json_loads(changes, 0, NULL) : NULL;
    const enum err rc = job_request_of_job(&earlier, object, &request, &errors, err);
    json_decref(object);
    return rc;
}

static void a_job_is_asked_for_again_as_it_was(void **state)
{
    struct error err;
    (void)state;
    assert_ok(again(NULL, &err));
    assert_string_equal(request.kind->name, "als");
    assert_string_equal(request.data_path, "/data/small");
    assert_string_equal(request.name, "first try");
    assert_int_equal(param_int(&request.params, "iterations"), 3);
    assert_int_equal(param_int(&request.params, "factors"), 8);
    assert_int_equal(param_int(&request.run, "k"), 20);
    assert_int_equal(param_int(&request.run, "eval_every"), 0);
    assert_false(param_is_set(&request.run, "threads"));
}

static void a_repeated_job_may_differ_in_what_is_named(void **state)
{
    struct error err;
    (void)state;
    assert_ok(
        again("{\"name\":\"\",\"params\":{\"factors\":16},\"k\":\"5\",\"iterations\":null}", &err));
    assert_string_equal(request.name, "");
    assert_int_equal(param_int(&request.params, "factors"), 16);
    assert_int_equal(param_int(&request.params, "iterations"), 10);
    assert_int_equal(param_int(&request.run, "k"), 5);
    assert_ok(again("{\"model_type\":\"popular\"}", &err));
    assert_string_equal(request.kind->name, "popular");
    assert_int_equal(param_int(&request.run, "k"), 20);
    assert_error(again("{\"factors\":0,\"colour\":1}", &err), ERR_INVALID);
    assert_int_equal(errors.count, 2);
}

static void a_record_that_cannot_be_read_is_corrupt(void **state)
{
    struct error err;
    struct job broken = earlier;
    (void)state;
    broken.run_json = "{\"k\":";
    assert_error(job_request_of_job(&broken, NULL, &request, &errors, &err), ERR_CORRUPT);
}

static void recall_is_measured_after_each_iteration_unless_asked_otherwise(void **state)
{
    struct error err;
    (void)state;
    assert_ok(CHECK({"model_type", "als"}, {"data_path", "/data"}));
    assert_int_equal(param_int(&request.run, "eval_every"), 1);
    assert_ok(CHECK({"model_type", "als"}, {"data_path", "/data"}, {"eval_every", "0"}));
    assert_int_equal(param_int(&request.run, "eval_every"), 0);
}

static void each_allocation_may_fail(void **state)
{
    struct error err;
    char *params = NULL, *run = NULL;
    (void)state;
    assert_ok(CHECK({"model_type", "als"}, {"data_path", "/data"}));
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; params == NULL; n++) {
        mem_fail_after(n);
        const enum err rc = job_request_params_json(&request, &params, &run, &err);
        mem_fail_after(0);
        assert_true(rc == ERR_OK || (rc == ERR_NOMEM && mem_held_bytes() == held));
    }
    mem_free(params);
    mem_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_briefs_form_is_taken),
        cmocka_unit_test(empty_fields_count_as_not_given),
        cmocka_unit_test(the_other_kinds_parameters_are_let_be),
        cmocka_unit_test(every_wrong_field_is_told),
        cmocka_unit_test(what_must_be_there_is_missed),
        cmocka_unit_test(an_unknown_kind_is_told_once),
        cmocka_unit_test(texts_have_their_limits),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(json_is_taken_flat_or_in_groups),
        cmocka_unit_test(json_of_other_types_is_told_by_field),
        cmocka_unit_test(a_parameter_in_two_places_is_told),
        cmocka_unit_test(what_a_job_keeps_makes_the_same_request_again),
        cmocka_unit_test(a_job_is_asked_for_again_as_it_was),
        cmocka_unit_test(a_repeated_job_may_differ_in_what_is_named),
        cmocka_unit_test(a_record_that_cannot_be_read_is_corrupt),
        cmocka_unit_test(recall_is_measured_after_each_iteration_unless_asked_otherwise),
        cmocka_unit_test(each_allocation_may_fail),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
