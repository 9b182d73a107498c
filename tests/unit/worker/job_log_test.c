/* The log of a job: its lines, its end, its removal. */
#include "worker/job_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"

static char model_dir[64];

static int setup(void **state)
{
    (void)state;
    snprintf(model_dir, sizeof(model_dir), "/tmp/rectrain_log_XXXXXX");
    assert_non_null(mkdtemp(model_dir));
    assert_int_equal(rmdir(model_dir), 0); /* the log makes it */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[JOB_LOG_PATH_MAX];
    unlink(job_log_path(model_dir, 7, path));
    snprintf(path, sizeof(path), "%s/logs", model_dir);
    rmdir(path);
    return rmdir(model_dir);
}

static size_t content(char *out, size_t out_size)
{
    char path[JOB_LOG_PATH_MAX];
    FILE *file = fopen(job_log_path(model_dir, 7, path), "r");
    assert_non_null(file);
    const size_t got = fread(out, 1, out_size - 1, file);
    out[got] = '\0';
    fclose(file);
    return got;
}

static void lines_have_time_level_and_text(void **state)
{
    (void)state;
    struct error err;
    struct job_log *log;
    char text[4096];
    assert_ok(job_log_open(model_dir, 7, &log, &err));
    job_log_write(log, LOG_INFO, "claimed by %s", "host:1:2");
    job_log_write(log, LOG_WARNING, "two\n\nlines\twith a tab\n");
    job_log_close(log);
    assert_ok(job_log_open(model_dir, 7, &log, &err));
    job_log_write(log, LOG_ERROR, "again");
    job_log_close(log);
    content(text, sizeof(text));
    const char *line = text, *const rest[] = {" info claimed by host:1:2", " warning two",
                                              " warning lines with a tab", " error again"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(line[10], 'T');
        assert_int_equal(line[19], 'Z');
        assert_int_equal(strncmp(line + 20, rest[i], strlen(rest[i])), 0);
        assert_int_equal(line[20 + strlen(rest[i])], '\n');
        line += 20 + strlen(rest[i]) + 1;
    }
    assert_string_equal(line, "");
    assert_int_equal(job_log_bytes(model_dir, 7), strlen(text));
}

static void a_full_log_ends_with_a_line_that_says_so(void **state)
{
    (void)state;
    struct error err;
    struct job_log *log;
    static char text[JOB_LOG_MAX + 1];
    char line[3001];
    memset(line, 'x', sizeof(line));
    line[3000] = '\0';
    assert_ok(job_log_open(model_dir, 7, &log, &err));
    for (int i = 0; i < 2000; i++)
        job_log_write(log, LOG_INFO, "%s", line);
    job_log_close(log);
    assert_ok(job_log_open(model_dir, 7, &log, &err));
    job_log_write(log, LOG_INFO, "late");
    job_log_close(log);
    const int64_t bytes = job_log_bytes(model_dir, 7);
    assert_true(bytes <= JOB_LOG_MAX && bytes > JOB_LOG_MAX - 4096);
    content(text, JOB_LOG_MAX + 1);
    assert_null(strstr(text, "late"));
    const char *end = strstr(text, "the log is full");
    assert_non_null(end);
    assert_ptr_equal(strchr(end, '\n'), text + bytes - 1);
}

static void a_log_is_removed_once_and_again(void **state)
{
    (void)state;
    struct error err;
    struct job_log *log;
    assert_int_equal(job_log_bytes(model_dir, 7), 0);
    assert_ok(job_log_remove(model_dir, 7, &err));
    assert_ok(job_log_open(model_dir, 7, &log, &err));
    job_log_close(log);
    assert_ok(job_log_remove(model_dir, 7, &err));
    assert_int_equal(job_log_bytes(model_dir, 7), 0);
}

static void what_cannot_be_opened_is_an_error(void **state)
{
    (void)state;
    struct error err;
    struct job_log *log;
    char path[JOB_LOG_PATH_MAX];
    assert_error(job_log_open("/proc/nowhere", 7, &log, &err), ERR_IO);
    assert_ok(job_log_open(model_dir, 7, &log, &err));
    job_log_close(log);
    assert_ok(job_log_remove(model_dir, 7, &err));
    assert_int_equal(symlink("/tmp/elsewhere", job_log_path(model_dir, 7, path)), 0);
    assert_error(job_log_open(model_dir, 7, &log, &err), ERR_IO); /* a link is not followed */
    job_log_write(NULL, LOG_INFO, "nobody hears it");
    job_log_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_have_time_level_and_text, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_log_ends_with_a_line_that_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_is_removed_once_and_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
