/* The body of a message: what is written, and what may come from anybody. */
#include "queue/message.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "support/test.h"

static void the_body_is_as_other_programs_know_it(void **state)
{
    struct error err;
    struct strbuf out;
    const struct outbox_message als = {.job_id = 17,
                                       .model_type = "als",
                                       .data_path = "/data/\"new\"",
                                       .params_json = "{\"iterations\": 15, \"factors\": 80}"};
    const struct outbox_message popular = {
        .job_id = 18, .model_type = "popular", .data_path = "/data", .params_json = "{}"};
    (void)state;
    strbuf_init(&out, 1000);
    assert_ok(message_write(&als, &out, &err));
    assert_string_equal(out.ptr,
                        "{\"job_id\":17,\"model_type\":\"als\",\"data_path\":\"/data/\\\"new\\\"\","
                        "\"hyperparams\":{\"iterations\":15,\"factors\":80}}");
    out.len = 0;
    assert_ok(message_write(&popular, &out, &err));
    assert_string_equal(out.ptr,
                        "{\"job_id\":18,\"model_type\":\"popular\",\"data_path\":\"/data\","
                        "\"hyperparams\":null}");
    strbuf_release(&out);
}

static void parameters_that_are_no_json_are_left_out(void **state)
{
    struct error err;
    struct strbuf out;
    const struct outbox_message message = {
        .job_id = 1, .model_type = "als", .data_path = "/data", .params_json = "{"};
    (void)state;
    strbuf_init(&out, 1000);
    assert_ok(message_write(&message, &out, &err));
    assert_non_null(strstr(out.ptr, "\"hyperparams\":null"));
    strbuf_release(&out);
}

static void a_message_that_is_written_is_read(void **state)
{
    struct error err;
    struct strbuf out;
    int64_t job_id = 0;
    const struct outbox_message message = {.job_id = INT64_MAX,
                                           .model_type = "als",
                                           .data_path = "/data",
                                           .params_json = "{\"iterations\":15}"};
    (void)state;
    strbuf_init(&out, 1000);
    assert_ok(message_write(&message, &out, &err));
    assert_ok(message_parse(out.ptr, out.len, &job_id, &err));
    assert_true(job_id == INT64_MAX);
    strbuf_release(&out);
}

static void what_is_none_of_ours_is_refused_with_a_reason(void **state)
{
    static const char *const bodies[] = {
        "",
        "hello",
        "\xFF\xFE\x00",
        "17",
        "null",
        "[]",
        "[{\"job_id\": 17}]",
        "{}",
        "{\"job\": 17}",
        "{\"job_id\": null}",
        "{\"job_id\": \"17\"}",
        "{\"job_id\": 17.5}",
        "{\"job_id\": 1e3}",
        "{\"job_id\": 0}",
        "{\"job_id\": -1}",
        "{\"job_id\": true}",
        "{\"job_id\": {\"job_id\": 1}}",
        "{\"job_id\": 99999999999999999999}",
        "{\"job_id\": 17",
        "{\"job_id\": 17} and more",
        "{\"job_id\": 17}{\"job_id\": 18}",
        "{\"job_id\": 17, \"data_path\": \"\xC3\x28\"}",
    };
    struct error err;
    int64_t job_id = -7;
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_error(message_parse(bodies[i], strlen(bodies[i]), &job_id, &err), ERR_INVALID);
    assert_int_equal(job_id, -7);
    assert_ok(message_parse("{\"more\": [1], \"job_id\": 17}", 27, &job_id, &err));
    assert_int_equal(job_id, 17);
}

static void long_and_deep_bodies_are_refused(void **state)
{
    struct error err;
    int64_t job_id;
    char *body = mem_array(MESSAGE_MAX + 2, 1, &err);
    (void)state;
    memset(body, '[', MESSAGE_MAX + 1);
    assert_error(message_parse(body, MESSAGE_MAX + 1, &job_id, &err), ERR_INVALID);
    assert_error(message_parse(body, MESSAGE_MAX, &job_id, &err), ERR_INVALID);
    memset(body, ' ', MESSAGE_MAX);
    memcpy(body + MESSAGE_MAX - 15, "{\"job_id\": 123}", 15);
    assert_ok(message_parse(body, MESSAGE_MAX, &job_id, &err));
    assert_int_equal(job_id, 123);
    mem_free(body);
}

static void a_body_without_memory_leaves_nothing(void **state)
{
    static const char body[] = "{\"job_id\": 17, \"hyperparams\": {\"iterations\": 10}}";
    struct error err;
    int64_t job_id = 0;
    int failures = 0;
    const int64_t held = mem_held_bytes();
    (void)state;
    for (int64_t n = 1; n < 100; n++) {
        mem_fail_after(n);
        const enum err rc = message_parse(body, strlen(body), &job_id, &err);
        mem_fail_after(0);
        if (rc == ERR_OK)
            break;
        /* jansson takes some of its own lack of memory for a fault of the text. */
        assert_true(rc == ERR_NOMEM || rc == ERR_INVALID);
        assert_int_equal(job_id, 0);
        assert_int_equal(mem_held_bytes(), held);
        failures++;
    }
    assert_true(failures > 2);
    assert_int_equal(job_id, 17);
}

static void an_id_tells_job_and_epoch(void **state)
{
    char id[MESSAGE_ID_SIZE];
    int64_t job_id = 0, epoch = 0;
    (void)state;
    message_id_write(INT64_MAX, 3, id);
    assert_string_equal(id, "9223372036854775807:3");
    assert_true(message_id_parse(id, &job_id, &epoch));
    assert_true(job_id == INT64_MAX && epoch == 3);
    assert_false(message_id_parse("17", &job_id, &epoch));
    assert_false(message_id_parse("a:b", &job_id, &epoch));
    assert_false(message_id_parse("", &job_id, &epoch));
    assert_false(message_id_parse("17:", &job_id, &epoch));
    assert_false(
        message_id_parse("111111111111111111111111111111111111111111111111111:1", &job_id, &epoch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_is_as_other_programs_know_it),
        cmocka_unit_test(parameters_that_are_no_json_are_left_out),
        cmocka_unit_test(a_message_that_is_written_is_read),
        cmocka_unit_test(what_is_none_of_ours_is_refused_with_a_reason),
        cmocka_unit_test(long_and_deep_bodies_are_refused),
        cmocka_unit_test(a_body_without_memory_leaves_nothing),
        cmocka_unit_test(an_id_tells_job_and_epoch),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
