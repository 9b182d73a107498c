#include "support/test.h"

#include <string.h>

static void a_failure_returns_its_code_and_fills_the_struct(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(FAIL(&err, ERR_DATA, "column %s has %d nulls", "cookie", 3), ERR_DATA);
    assert_int_equal(err.code, ERR_DATA);
    assert_string_equal(err.message, "column cookie has 3 nulls");
    assert_string_equal(err.reason, "");
    assert_non_null(strstr(err.file, "error_test.c"));
    assert_true(err.line > 0);
}

static void a_reason_is_kept_beside_the_message(void **state)
{
    struct error err;
    (void)state;
    assert_int_equal(FAIL_REASON(&err, ERR_DATA, "column_missing", "no column node"), ERR_DATA);
    assert_string_equal(err.reason, "column_missing");
}

static void a_long_message_is_cut_and_terminated(void **state)
{
    struct error err;
    char text[2000];
    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(FAIL(&err, ERR_IO, "%s", text), ERR_IO);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static void what_a_terminal_would_obey_is_not_in_a_message(void **state)
{
    struct error err;
    (void)state;
    (void)FAIL(&err, ERR_DATA, "column %s", "\x1b[31mred\n");
    assert_string_equal(err.message, "column ?[31mred?");
    error_prefix(&err, "%s: ", "a\tb");
    assert_string_equal(err.message, "a?b: column ?[31mred?");
}

static void a_prefix_stands_before_the_message(void **state)
{
    struct error err;
    (void)state;
    (void)FAIL(&err, ERR_IO, "disk full");
    error_prefix(&err, "job %d: ", 7);
    assert_string_equal(err.message, "job 7: disk full");
    assert_int_equal(err.code, ERR_IO);
}

static void a_prefix_that_leaves_little_room_cuts_the_message(void **state)
{
    struct error err;
    char prefix[sizeof(err.message)];
    (void)state;
    (void)FAIL(&err, ERR_IO, "disk full");
    memset(prefix, 'p', sizeof(prefix));
    prefix[sizeof(err.message) - 5] = '\0';
    error_prefix(&err, "%s", prefix);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_string_equal(err.message + sizeof(err.message) - 5, "disk");
}

static void a_prefix_longer_than_the_room_is_cut_itself(void **state)
{
    struct error err;
    char prefix[1000];
    (void)state;
    (void)FAIL(&err, ERR_IO, "disk full");
    memset(prefix, 'p', sizeof(prefix));
    prefix[sizeof(prefix) - 1] = '\0';
    error_prefix(&err, "%s", prefix);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
    assert_null(strchr(err.message, 'd'));
}

static void every_code_has_a_name_a_text_and_an_exit_status(void **state)
{
    (void)state;
    for (int code = ERR_OK; code <= ERR_INTERNAL; code++) {
        assert_true(strlen(error_code_name((enum err)code)) > 0);
        assert_true(strlen(error_code_text((enum err)code)) > 0);
        assert_in_range(error_exit_status((enum err)code), 0, 4);
        assert_int_equal(error_exit_status((enum err)code) == 0, code == ERR_OK);
    }
}

static void exit_statuses_are_those_of_the_manual(void **state)
{
    (void)state;
    assert_string_equal(error_code_name(ERR_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(error_code_text(ERR_NOT_FOUND), "not found");
    assert_int_equal(error_exit_status(ERR_INVALID), 2);
    assert_int_equal(error_exit_status(ERR_DATA), 3);
    assert_int_equal(error_exit_status(ERR_NOT_FOUND), 3);
    assert_int_equal(error_exit_status(ERR_DENIED), 3);
    assert_int_equal(error_exit_status(ERR_CANCELLED), 4);
    assert_int_equal(error_exit_status(ERR_NOMEM), 1);
}

static enum err step(int fail, struct error *err)
{
    return fail ? FAIL(err, ERR_NUMERIC, "step failed") : ERR_OK;
}

static enum err two_steps(int first, int second, int *reached, struct error *err)
{
    enum err rc;
    *reached = 0;
    TRY(step(first, err));
    *reached = 1;
    TRY(step(second, err));
    *reached = 2;
done:
    return rc;
}

static void try_stops_at_the_first_failure(void **state)
{
    struct error err;
    int reached;
    (void)state;
    assert_error(two_steps(1, 0, &reached, &err), ERR_NUMERIC);
    assert_int_equal(reached, 0);
    assert_error(two_steps(0, 1, &reached, &err), ERR_NUMERIC);
    assert_int_equal(reached, 1);
    assert_ok(two_steps(0, 0, &reached, &err));
    assert_int_equal(reached, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_returns_its_code_and_fills_the_struct),
        cmocka_unit_test(a_reason_is_kept_beside_the_message),
        cmocka_unit_test(a_long_message_is_cut_and_terminated),
        cmocka_unit_test(what_a_terminal_would_obey_is_not_in_a_message),
        cmocka_unit_test(a_prefix_stands_before_the_message),
        cmocka_unit_test(a_prefix_that_leaves_little_room_cuts_the_message),
        cmocka_unit_test(a_prefix_longer_than_the_room_is_cut_itself),
        cmocka_unit_test(every_code_has_a_name_a_text_and_an_exit_status),
        cmocka_unit_test(exit_statuses_are_those_of_the_manual),
        cmocka_unit_test(try_stops_at_the_first_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
