#include "jobs/job.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static const struct job completed = {
    .job_id = 1,
    .user_id = 7,
    .model_type = "als",
    .data_path = "/data",
    .params_json = "{\"iterations\":10,\"factors\":60}",
    .run_json = "{\"k\":40}",
    .status = JOB_COMPLETED,
    .progress = 1,
    .epoch = 1,
    .attempt = 1,
    .owner = "host-1:17",
    .popular_metrics_json = "{\"recall_at_k\":0.05}",
    .metrics_json = "{\"recall_at_k\":0.152,\"precision_at_k\":0.0093,\"f1_at_k\":0.0175}",
    .model_path = "./ml_models/als_model_1_20241201_143022.pkl",
    .result_json = "{\"funnel\":[]}",
    .created_ms = 1733063422123,
    .started_ms = 1733063423000,
    .ended_ms = 1733063745000,
    .updated_ms = 1733063745999,
};

static void the_status_is_told_as_the_brief_shows_it(void **state)
{
    struct error err;
    json_t *json = NULL, *expected;
    (void)state;
    assert_ok(job_to_status_json(&completed, &json, &err));
    expected =
        json_pack("{s:i, s:s, s:{s:f, s:f, s:f}, s:s, s:s, s:s}", "job_id", 1, "status",
                  "completed", "metrics", "recall_at_k", 0.152, "precision_at_k", 0.0093, "f1_at_k",
                  0.0175, "model_path", "./ml_models/als_model_1_20241201_143022.pkl", "created_at",
                  "2024-12-01T14:30:22", "updated_at", "2024-12-01T14:35:45");
    const char *key;
    json_t *value;
    json_object_foreach(expected, key, value) if (!json_equal(value, json_object_get(json, key)))
        fail_msg("%s differs", key);
    assert_true(json_is_null(json_object_get(json, "error")));
    assert_null(json_object_get(json, "popular_metrics"));
    json_decref(expected);
    json_decref(json);
}

static void metrics_and_path_are_null_until_completed(void **state)
{
    struct error err;
    struct job job = completed;
    json_t *json = NULL;
    (void)state;
    job.status = JOB_PENDING;
    job.metrics_json = job.model_path = NULL;
    job.queue_position = 3;
    assert_ok(job_to_status_json(&job, &json, &err));
    assert_true(json_is_null(json_object_get(json, "metrics")));
    assert_true(json_is_null(json_object_get(json, "model_path")));
    assert_int_equal(json_integer_value(json_object_get(json, "queue_position")), 3);
    json_decref(json);
}

static void a_cancelled_job_is_failed_in_the_brief_and_cancelled_in_v1(void **state)
{
    struct error err;
    struct job job = completed;
    json_t *json = NULL;
    (void)state;
    job.status = JOB_FAILED;
    job.metrics_json = job.model_path = NULL;
    job.error_code = "cancelled";
    job.error_message = "stopped";
    assert_ok(job_to_status_json(&job, &json, &err));
    assert_string_equal(json_string_value(json_object_get(json, "status")), "failed");
    const json_t *problem = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(problem, "code")), "cancelled");
    assert_string_equal(json_string_value(json_object_get(problem, "title")), "Cancelled");
    json_decref(json);
    assert_ok(job_to_json(&job, false, &json, &err));
    assert_string_equal(json_string_value(json_object_get(json, "status")), "cancelled");
    json_decref(json);
    job.error_code = "io";
    assert_false(job_is_cancelled(&job));
    assert_string_equal(job_shown_status(&job), "failed");
}

static void v1_writes_rfc_3339_and_objects(void **state)
{
    struct error err;
    json_t *json = NULL;
    (void)state;
    assert_ok(job_to_json(&completed, true, &json, &err));
    assert_string_equal(json_string_value(json_object_get(json, "created_at")),
                        "2024-12-01T14:30:22.123Z");
    assert_string_equal(json_string_value(json_object_get(json, "description")),
                        "als \xC2\xB7 60 \xC3\x97 10");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "params"), "factors")), 60);
    assert_true(json_is_array(json_object_get(json_object_get(json, "result"), "funnel")));
    assert_null(json_object_get(json, "user_id"));
    assert_true(json_real_value(json_object_get(json_object_get(json, "popular_metrics"),
                                                "recall_at_k")) == 0.05);
    json_decref(json);
    assert_ok(job_to_json(&completed, false, &json, &err));
    assert_null(json_object_get(json, "result"));
    json_decref(json);
}

static void a_stored_text_that_is_no_json_is_corrupt(void **state)
{
    struct error err;
    struct job job = completed;
    json_t *json = NULL;
    (void)state;
    job.metrics_json = "{\"recall";
    assert_error(job_to_status_json(&job, &json, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.message, "metrics"));
    assert_null(json);
}

static void a_description_names_what_differs_from_the_defaults(void **state)
{
    static const struct {
        const char *type, *params, *description;
    } cases[] = {
        {"als", "{\"iterations\":15,\"factors\":80}", "als \xC2\xB7 80 \xC3\x97 15"},
        {"popular", "{}", "popular"},
        {"als", "{\"iterations\":10,\"factors\":60,\"alpha\":1.0,\"solver\":\"cg\"}",
         "als \xC2\xB7 60 \xC3\x97 10"},
        {"als", "{\"iterations\":10,\"factors\":60,\"alpha\":40,\"solver\":\"cholesky\"}",
         "als \xC2\xB7 60 \xC3\x97 10 \xC2\xB7 alpha 40 \xC2\xB7 solver cholesky"},
        {"als", "{\"alpha\":2.5}", "als \xC2\xB7 alpha 2.5"},
        {"gone", "{\"depth\":3}", "gone"},
        {"als", "not json", "als"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[JOB_DESCRIPTION_SIZE];
        struct job job = completed;
        job.model_type = cases[i].type;
        job.params_json = cases[i].params;
        assert_string_equal(job_describe(&job, out, sizeof(out)), cases[i].description);
    }
}

static void a_description_without_room_leaves_whole_parts_out(void **state)
{
    char out[20];
    struct job job = completed;
    (void)state;
    job.params_json = "{\"iterations\":10,\"factors\":60,\"alpha\":40}";
    assert_string_equal(job_describe(&job, out, sizeof(out)), "als \xC2\xB7 60 \xC3\x97 10");
}

static void json_without_memory_is_an_error(void **state)
{
    struct error err;
    json_t *json = NULL;
    const int64_t held = mem_held_bytes();
    (void)state;
    for (int64_t n = 1; json == NULL; n++) {
        mem_fail_after(n);
        const enum err rc = job_to_json(&completed, true, &json, &err);
        mem_fail_after(0);
        if (rc != ERR_OK) {
            assert_int_equal(rc, ERR_NOMEM);
            assert_int_equal(mem_held_bytes(), held);
        }
    }
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_is_told_as_the_brief_shows_it),
        cmocka_unit_test(metrics_and_path_are_null_until_completed),
        cmocka_unit_test(a_cancelled_job_is_failed_in_the_brief_and_cancelled_in_v1),
        cmocka_unit_test(v1_writes_rfc_3339_and_objects),
        cmocka_unit_test(a_stored_text_that_is_no_json_is_corrupt),
        cmocka_unit_test(a_description_names_what_differs_from_the_defaults),
        cmocka_unit_test(a_description_without_room_leaves_whole_parts_out),
        cmocka_unit_test(json_without_memory_is_an_error),
    };
    json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
