/* Lines of the log: their form, their levels, and values that would break them. */
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"

/* What the calls between begin and end wrote to stderr. */
struct capture {
    int saved, pipe[2];
};

static void capture_begin(struct capture *capture)
{
    assert_int_equal(pipe(capture->pipe), 0);
    capture->saved = dup(STDERR_FILENO);
    assert_true(dup2(capture->pipe[1], STDERR_FILENO) >= 0);
}

static void capture_end(struct capture *capture, char *out, size_t out_size)
{
    assert_true(dup2(capture->saved, STDERR_FILENO) >= 0);
    close(capture->saved);
    close(capture->pipe[1]);
    const ssize_t got = read(capture->pipe[0], out, out_size - 1);
    assert_true(got >= 0);
    out[got] = '\0';
    close(capture->pipe[0]);
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
    (void)state;
    struct capture capture;
    char line[LOG_LINE_MAX + 1], wanted[64];
    capture_begin(&capture);
    log_info("job_claimed", "job_id=%d", 12);
    capture_end(&capture, line, sizeof(line));
    snprintf(wanted, sizeof(wanted), "Z info job_claimed pid=%d job_id=12\n", (int)getpid());
    assert_int_equal(strlen(line), strlen("2026-01-02T03:04:05.678") + strlen(wanted));
    assert_string_equal(line + strlen("2026-01-02T03:04:05.678"), wanted);
    assert_int_equal(line[10], 'T');
}

static void what_is_below_the_level_is_dropped(void **state)
{
    (void)state;
    struct capture capture;
    char lines[LOG_LINE_MAX];
    capture_begin(&capture);
    log_debug("unheard", "%s", "");
    log_set_level(LOG_ERROR);
    log_warning("unheard", "%s", "");
    log_error("heard", "a=%d", 1);
    log_set_level(LOG_INFO);
    capture_end(&capture, lines, sizeof(lines));
    assert_null(strstr(lines, "unheard"));
    assert_non_null(strstr(lines, " error heard pid="));
}

static void a_long_line_is_cut_and_stays_one_line(void **state)
{
    (void)state;
    struct capture capture;
    char lines[2 * LOG_LINE_MAX], text[2 * LOG_LINE_MAX];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    capture_begin(&capture);
    log_info("long", "text=%s", text);
    capture_end(&capture, lines, sizeof(lines));
    assert_true(strlen(lines) <= LOG_LINE_MAX);
    assert_ptr_equal(strchr(lines, '\n'), lines + strlen(lines) - 1);
}

static void a_failure_tells_code_reason_and_message(void **state)
{
    (void)state;
    struct capture capture;
    struct error err;
    char line[LOG_LINE_MAX];
    (void)FAIL_REASON(&err, ERR_IO, "disk_full", "no room for \"%s\"", "a file");
    capture_begin(&capture);
    log_failure(LOG_ERROR, "save_failed", &err, "job_id=%d", 3);
    capture_end(&capture, line, sizeof(line));
    assert_non_null(strstr(line, "job_id=3 error=IO reason=disk_full "
                                 "message=\"no room for \\\"a file\\\"\"\n"));
}

static void values_cannot_break_a_line(void **state)
{
    (void)state;
    char out[64], small[12];
    assert_string_equal(log_value("plain/path", out, sizeof(out)), "plain/path");
    assert_string_equal(log_value("two words", out, sizeof(out)), "\"two words\"");
    assert_string_equal(log_value("a\nb=c", out, sizeof(out)), "\"a b=c\"");
    assert_string_equal(log_value("", out, sizeof(out)), "\"\"");
    assert_string_equal(log_value(NULL, out, sizeof(out)), "\"\"");
    assert_string_equal(log_value("0123456789abcdef", small, sizeof(small)), "01234567");
    assert_string_equal(log_value("text", out, 4), "");
}

static void levels_have_names(void **state)
{
    (void)state;
    for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
        assert_int_equal(log_level_find(log_level_name((enum log_level)level)), level);
    assert_int_equal(log_level_find("loud"), LOG_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_pairs),
        cmocka_unit_test(what_is_below_the_level_is_dropped),
        cmocka_unit_test(a_long_line_is_cut_and_stays_one_line),
        cmocka_unit_test(a_failure_tells_code_reason_and_message),
        cmocka_unit_test(values_cannot_break_a_line),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
