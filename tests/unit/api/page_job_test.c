#include <math.h>
#include <string.h>

#include "api/page_texts.h"
#include "support/test.h"

static struct job a_job(void)
{
    return (struct job){.job_id = 7,
                        .user_id = 1,
                        .model_type = "als",
                        .data_path = "/data/<small>",
                        .params_json = "{\"factors\": 60, \"iterations\": 10}",
                        .run_json = "{\"k\": 40}",
                        .status = JOB_PENDING,
                        .created_ms = 1767323045678};
}

static const char *field(const json_t *fields, const char *name)
{
    const char *text = json_string_value(json_object_get(fields, name));
    return text != NULL ? text : "(none)";
}

static void a_pending_job_has_neither_metrics_nor_duration(void **state)
{
    const struct job job = a_job();
    json_t *fields = page_job_fields(&job, 1767323100000);
    (void)state;
    assert_non_null(fields);
    assert_string_equal(field(fields, "status_text"), "Pending");
    assert_string_equal(field(fields, "recall"), "");
    assert_string_equal(field(fields, "duration"), "");
    assert_string_equal(field(fields, "created"), "2026-01-02 03:04 UTC");
    assert_string_equal(field(fields, "data_path"), "/data/<small>"); /* escaped when rendered */
    assert_true(json_is_null(json_object_get(fields, "name")));
    assert_true(json_is_null(json_object_get(fields, "error_title")));
    assert_true(json_is_true(json_object_get(fields, "is_pending")));
    json_decref(fields);
}

static void a_running_job_shows_how_far_it_is(void **state)
{
    struct job job = a_job();
    (void)state;
    job.status = JOB_TRAINING;
    job.phase = "train";
    job.progress = 0.429;
    job.started_ms = 1767323046000;
    json_t *fields = page_job_fields(&job, 1767323046000 + 42000);
    assert_string_equal(field(fields, "status_text"), "Training");
    assert_string_equal(field(fields, "progress_percent"), "42");
    assert_string_equal(field(fields, "duration"), "0:42");
    json_decref(fields);
    job.phase = "evaluate";
    fields = page_job_fields(&job, 1767323100000);
    assert_string_equal(field(fields, "status_text"), "Evaluating");
    json_decref(fields);
    job.cancel_requested = true;
    fields = page_job_fields(&job, 1767323100000);
    assert_string_equal(field(fields, "status_text"), "Stopping");
    json_decref(fields);
}

static void a_failed_job_says_what_happened(void **state)
{
    struct job job = a_job();
    (void)state;
    job.status = JOB_FAILED;
    job.error_code = "cancelled";
    job.error_message = "You asked for it.";
    json_t *fields = page_job_fields(&job, 1767323100000);
    assert_string_equal(field(fields, "status_text"), "Cancelled");
    assert_true(strlen(field(fields, "error_title")) > 3);
    assert_string_equal(field(fields, "error_message"), "You asked for it.");
    json_decref(fields);
    job.error_code = "never_heard_of";
    fields = page_job_fields(&job, 1767323100000);
    assert_string_equal(field(fields, "status_text"), "Failed");
    assert_true(strlen(field(fields, "error_title")) > 3);
    json_decref(fields);
}

static void metrics_are_shares_with_sensible_digits(void **state)
{
    struct job job = a_job();
    (void)state;
    job.status = JOB_COMPLETED;
    job.metrics_json = "{\"recall_at_k\": 0.152, \"precision_at_k\": 0.0093, \"f1_at_k\": null}";
    json_t *fields = page_job_fields(&job, 1767323100000);
    assert_string_equal(field(fields, "recall"), "15.2 %");
    assert_string_equal(field(fields, "precision"), "0.93 %");
    assert_string_equal(field(fields, "f1"), "");
    json_decref(fields);
}

static void percentages_have_two_decimals_below_ten(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0.00 %"}, {0.0999, "9.99 %"}, {0.09999, "10.0 %"}, {0.1234, "12.3 %"}, {1, "100.0 %"}};
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(page_percent(cases[i].value, text, sizeof(text)), cases[i].text);
    assert_string_equal(page_percent(NAN, text, sizeof(text)), "");
    assert_string_equal(page_time(0, text, sizeof(text)), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pending_job_has_neither_metrics_nor_duration),
        cmocka_unit_test(a_running_job_shows_how_far_it_is),
        cmocka_unit_test(a_failed_job_says_what_happened),
        cmocka_unit_test(metrics_are_shares_with_sensible_digits),
        cmocka_unit_test(percentages_have_two_decimals_below_ten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
