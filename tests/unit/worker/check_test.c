/* A look at data, in a process of its own: this program is that process too. */
#include "worker/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail_point.h"
#include "model/kinds.h"
#include "support/test.h"
#include "support/tree.h"
#include "train/run.h"
#include "worker/spawn.h"

enum { USERS = 60, ITEMS = 23, DAYS = 6, PATIENCE_MS = 120000 };

static char top[64];
static struct config *config;

static FILE *open_file(const char *name)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/%s", top, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static int setup(void **state)
{
    (void)state;
    struct error err;
    char path[200];
    snprintf(top, sizeof(top), "/tmp/rectrain_check_XXXXXX");
    assert_non_null(mkdtemp(top));
    snprintf(path, sizeof(path), "%s/good", top);
    assert_int_equal(mkdir(path, 0777), 0);
    snprintf(path, sizeof(path), "%s/empty", top);
    assert_int_equal(mkdir(path, 0777), 0);
    FILE *clicks = open_file("good/clickstream.csv");
    fputs("cookie,node,event,event_date\n", clicks);
    for (int user = 0; user < USERS; user++)
        for (int day = 1; day <= DAYS + 1; day++)
            fprintf(clicks, "%d,%d,%d,2025-01-%02d 12:00:%02d\n", user,
                    (7 * user + (day > DAYS ? 1 : 3 * day)) % ITEMS, day > DAYS ? 10 : 11,
                    day > DAYS ? 25 : day, user);
    fclose(clicks);
    FILE *events = open_file("good/events.csv");
    fputs("event,is_contact\n10,1\n11,0\n", events);
    fclose(events);
    const struct config_flag flags[] = {{"DATA_ROOTS", top}};
    assert_ok(config_read((char *const[]){NULL}, flags, 1, &config, &err));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    config_free(config);
    return tree_remove(top);
}

static struct job_request *request_of(const char *name)
{
    static struct job_request request;
    memset(&request, 0, sizeof(request));
    params_init(&request.run, &run_param_table);
    snprintf(request.data_path, sizeof(request.data_path), "%s/%s", top, name);
    return &request;
}

static double number_at(const json_t *report, const char *outer, const char *inner)
{
    const json_t *value = json_object_get(report, outer);
    if (inner != NULL)
        value = json_object_get(value, inner);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void good_data_is_told_in_numbers(void **state)
{
    (void)state;
    struct error err;
    json_t *report;
    assert_ok(data_check(config, request_of("good"), PATIENCE_MS, &report, &err));
    assert_true(number_at(report, "rows", NULL) == USERS * (DAYS + 1));
    assert_true(number_at(report, "users", NULL) == USERS);
    assert_true(number_at(report, "items", NULL) == ITEMS);
    assert_true(number_at(report, "holdout", "pairs") == number_at(report, "funnel", "pairs"));
    assert_true(number_at(report, "holdout", "users") > 0);
    assert_string_equal(json_string_value(json_object_get(json_object_get(report, "time"), "min")),
                        "2025-01-01 12:00:00");
    const double memory = number_at(report, "estimate", "memory_bytes");
    const double seconds = number_at(report, "estimate", "seconds");
    assert_true(memory > 1e6 && memory < 4e9);
    assert_true(seconds > 0 && seconds < 60);
    /* 60 factors of 23 items: a warning of the run, as it comes */
    assert_true(json_is_array(json_object_get(report, "warnings")));
    json_decref(report);
}

static void a_fault_is_the_error_itself(void **state)
{
    (void)state;
    struct error err;
    json_t *report = NULL;
    char missing[200];
    snprintf(missing, sizeof(missing), "%s/empty holds no clickstream.pq", top);
    assert_error(data_check(config, request_of("empty"), PATIENCE_MS, &report, &err),
                 ERR_NOT_FOUND);
    assert_string_equal(err.reason, "file_missing");
    assert_int_equal(strncmp(err.message, missing, strlen(missing)), 0);
    assert_error(data_check(config, request_of("none"), PATIENCE_MS, &report, &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "path_missing");
    assert_error(data_check(config, request_of("../../etc"), PATIENCE_MS, &report, &err),
                 ERR_DENIED);
    assert_string_equal(err.reason, "path_outside_roots");
    assert_null(report);
}

static void wrong_columns_are_named(void **state)
{
    (void)state;
    struct error err;
    json_t *report = NULL;
    struct job_request *request = request_of("good");
    assert_ok(params_set(&request->run, "item_column", "thing", &err));
    assert_error(data_check(config, request, PATIENCE_MS, &report, &err), ERR_DATA);
    assert_string_equal(err.reason, "column_missing");
    assert_non_null(strstr(err.message, "thing"));
}

static void it_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct error err;
    json_t *report = NULL;
    assert_error(data_check(config, request_of("good"), 1, &report, &err), ERR_IO);
    assert_string_equal(err.reason, "time_limit");
}

static void a_process_that_dies_is_told_in_words(void **state)
{
    (void)state;
    struct error err;
    json_t *report = NULL;
    /* Small data may be loaded before anything is told of it; of the split it always is. */
    assert_int_equal(setenv(FAIL_POINTS_VARIABLE, "phase_split:1", 1), 0);
    assert_error(data_check(config, request_of("good"), PATIENCE_MS, &report, &err), ERR_IO);
    unsetenv(FAIL_POINTS_VARIABLE);
    assert_string_equal(err.reason, "crashed");
    assert_non_null(strstr(err.message, "killed by signal 9"));
}

int main(int argc, char **argv)
{
    json_init();
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        _exit(child_main());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_data_is_told_in_numbers),
        cmocka_unit_test(a_fault_is_the_error_itself),
        cmocka_unit_test(wrong_columns_are_named),
        cmocka_unit_test(it_ends_when_its_time_is_over),
        cmocka_unit_test(a_process_that_dies_is_told_in_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
