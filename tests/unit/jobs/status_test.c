#include "jobs/status.h"

#include <string.h>

#include "jobs/problem.h"
#include "support/test.h"

static void the_statuses_are_the_six_that_clients_know(void **state)
{
    static const char *const names[] = {"pending",  "loading_data", "preprocessing",
                                        "training", "completed",    "failed"};
    (void)state;
    assert_int_equal(JOB_STATUS_COUNT, 6);
    for (int i = 0; i < JOB_STATUS_COUNT; i++) {
        enum job_status status = JOB_STATUS_COUNT;
        assert_string_equal(job_status_name((enum job_status)i), names[i]);
        assert_true(job_status_find(names[i], &status));
        assert_int_equal(status, i);
    }
}

static void another_name_is_no_status(void **state)
{
    enum job_status status = JOB_TRAINING;
    (void)state;
    assert_false(job_status_find("cancelled", &status));
    assert_false(job_status_find("", &status));
    assert_false(job_status_find("Training", &status));
    assert_int_equal(status, JOB_TRAINING);
}

static void the_transitions_are_those_of_the_picture(void **state)
{
    /* rows: from; columns: to, in the order pending, loading, preprocessing, training, completed,
     * failed */
    static const char *const allowed[JOB_STATUS_COUNT] = {"11...1", "1111.1", "1.11.1",
                                                          "1..111", "......", "......"};
    (void)state;
    for (int from = 0; from < JOB_STATUS_COUNT; from++)
        for (int to = 0; to < JOB_STATUS_COUNT; to++)
            if (job_status_may_become((enum job_status)from, (enum job_status)to) !=
                (allowed[from][to] == '1'))
                fail_msg("%s to %s", job_status_name((enum job_status)from),
                         job_status_name((enum job_status)to));
}

static void terminal_and_active_statuses_are_told_apart(void **state)
{
    (void)state;
    assert_false(job_status_is_terminal(JOB_PENDING) || job_status_is_active(JOB_PENDING));
    for (int i = JOB_LOADING_DATA; i <= JOB_TRAINING; i++)
        assert_true(job_status_is_active((enum job_status)i) &&
                    !job_status_is_terminal((enum job_status)i));
    assert_true(job_status_is_terminal(JOB_COMPLETED) && job_status_is_terminal(JOB_FAILED));
    assert_false(job_status_is_active(JOB_COMPLETED) || job_status_is_active(JOB_FAILED));
}

static void phases_have_names_and_statuses_that_only_go_forward(void **state)
{
    static const char *const names[] = {"load", "split", "train", "evaluate", "save"};
    (void)state;
    for (int i = PHASE_LOAD; i <= PHASE_SAVE; i++) {
        enum progress_phase phase = PHASE_LOAD;
        assert_string_equal(job_phase_name((enum progress_phase)i), names[i]);
        assert_true(job_phase_find(names[i], &phase));
        assert_int_equal(phase, i);
        if (i > PHASE_LOAD)
            assert_true(job_status_may_become(job_phase_status((enum progress_phase)(i - 1)),
                                              job_phase_status((enum progress_phase)i)));
    }
    enum progress_phase phase;
    assert_false(job_phase_find("rest", &phase));
}

static void every_error_has_a_code_with_a_title(void **state)
{
    (void)state;
    for (int code = ERR_OK + 1; code <= ERR_INTERNAL; code++) {
        const struct error err = {.code = (enum err)code, .reason = ""};
        const char *stored = job_problem_code(&err);
        assert_string_equal(job_problem_find(stored)->code, stored);
        assert_true(strlen(job_problem_find(stored)->title) > 3);
    }
}

static void a_reason_that_the_table_has_is_the_code(void **state)
{
    struct error err = {.code = ERR_DATA, .reason = "column_missing"};
    (void)state;
    assert_string_equal(job_problem_code(&err), "column_missing");
    err.reason = "never_heard_of";
    assert_string_equal(job_problem_code(&err), "data");
    assert_string_equal(job_problem_find("never_heard_of")->code, "internal");
}

static void codes_stand_once_in_the_table(void **state)
{
    (void)state;
    for (int32_t i = 0; i < job_problem_count(); i++)
        assert_ptr_equal(job_problem_find(job_problem_at(i)->code), job_problem_at(i));
}

static void a_tasks_name_finds_it(void **state)
{
    (void)state;
    enum job_task task;
    for (int i = JOB_TRAIN; i < JOB_TASK_COUNT; i++) {
        assert_true(job_task_find(job_task_name((enum job_task)i), &task));
        assert_int_equal(task, i);
    }
    assert_string_equal(job_task_name(JOB_ANY_TASK), "");
    assert_false(job_task_find("", &task));
    assert_false(job_task_find("dream", &task));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tasks_name_finds_it),
        cmocka_unit_test(the_statuses_are_the_six_that_clients_know),
        cmocka_unit_test(another_name_is_no_status),
        cmocka_unit_test(the_transitions_are_those_of_the_picture),
        cmocka_unit_test(terminal_and_active_statuses_are_told_apart),
        cmocka_unit_test(phases_have_names_and_statuses_that_only_go_forward),
        cmocka_unit_test(every_error_has_a_code_with_a_title),
        cmocka_unit_test(a_reason_that_the_table_has_is_the_code),
        cmocka_unit_test(codes_stand_once_in_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
