/* What is SQLite's own: the file. */
#include <sqlite3.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "unit/store/fixture.h"

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static enum err open_at(const char *url, bool must_exist, struct error *err)
{
    struct store *store = NULL;
    const struct store_spec spec = {.url = url, .must_exist = must_exist};
    const enum err rc = store_open(&spec, &store, err);
    store_close(store);
    return rc;
}

static void a_file_that_is_no_database_is_refused_and_left(void **state)
{
    static const char text[] =
        "cookie,node,event,event_date\n1,2,3,2024-01-01\nand so on, for long "
        "enough that it could be the header of a database, but is not one\n";
    char path[256], after[256] = "";
    struct error err;
    (void)state;
    fixture_new_url(path, sizeof(path));
    write_file(path, text);
    assert_error(open_at(path, false, &err), ERR_CORRUPT);
    assert_string_equal(err.reason, "store_foreign");
    FILE *file = fopen(path, "r");
    assert_true(fread(after, 1, sizeof(after) - 1, file) > 0);
    fclose(file);
    assert_string_equal(after, text);
}

static void the_database_of_another_program_is_refused_and_left(void **state)
{
    char path[256], wal[300];
    sqlite3 *handle;
    struct error err;
    (void)state;
    fixture_new_url(path, sizeof(path));
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "CREATE TABLE cats (name)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    assert_error(open_at(path, false, &err), ERR_CORRUPT);
    assert_string_equal(err.reason, "store_foreign");
    snprintf(wal, sizeof(wal), "%s-wal", path);
    assert_int_not_equal(access(wal, F_OK), 0);
}

static void places_where_no_file_can_be_are_refused(void **state)
{
    struct error err;
    (void)state;
    assert_error(open_at("", false, &err), ERR_INVALID);
    assert_error(open_at(":memory:", false, &err), ERR_INVALID);
    assert_error(open_at(fixture_directory(), false, &err), ERR_INVALID);
    assert_error(open_at("/nonexistent/store.db", false, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nonexistent/"));
}

static void a_store_that_must_be_there_is_not_made(void **state)
{
    char path[256];
    struct error err;
    (void)state;
    fixture_new_url(path, sizeof(path));
    assert_error(open_at(path, true, &err), ERR_NOT_FOUND);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_ok(open_at(path, false, &err));
    assert_ok(open_at(path, true, &err));
}

static void nobody_else_may_read_the_file(void **state)
{
    char path[256];
    struct stat about;
    struct error err;
    (void)state;
    fixture_new_url(path, sizeof(path));
    assert_ok(open_at(path, false, &err));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

/* Rights do not bind root: so in a child that is nobody. */
static void a_directory_that_may_not_be_written_is_said(void **state)
{
    char directory[200], path[256];
    int status;
    (void)state;
    snprintf(directory, sizeof(directory), "%s/closed", fixture_directory());
    snprintf(path, sizeof(path), "%s/store.db", directory);
    assert_int_equal(mkdir(directory, 0555), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        struct error err;
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(9);
        const enum err rc = open_at(path, false, &err);
        _exit(rc == ERR_DENIED && strstr(err.message, path) != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_damaged_file_is_found_when_it_is_opened(void **state)
{
    struct fixture *f = *state;
    struct error err;
    static char zeros[4096];
    for (int i = 0; i < 40; i++)
        add_job(f, f->user_id);
    store_close(f->store);
    f->store = NULL;
    const int fd = open(f->url, O_WRONLY);
    for (int page = 2; page < 30; page++) /* the first holds the schema */
        assert_int_equal(pwrite(fd, zeros, sizeof(zeros), page * 4096), 4096);
    close(fd);
    assert_error(open_at(f->url, true, &err), ERR_CORRUPT);
}

static void a_write_that_was_torn_by_a_kill_is_undone(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct strbuf report;
    struct store_counts counts;
    int status;
    int64_t faults = -1;
    add_job(f, f->user_id);
    const pid_t pid = fork();
    if (pid == 0) { /* dies with a transaction open, its pages in the log */
        sqlite3 *handle;
        if (sqlite3_open(f->url, &handle) != SQLITE_OK ||
            sqlite3_exec(handle,
                         "PRAGMA cache_size = 1; BEGIN IMMEDIATE; DELETE FROM outbox; UPDATE jobs "
                         "SET name = hex(zeroblob(100000)); DELETE FROM jobs",
                         NULL, NULL, NULL) != SQLITE_OK)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.pending, 1);
    assert_int_equal(counts.outbox, 1);
    strbuf_init(&report, 10000);
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 0);
    strbuf_release(&report);
    add_job(f, f->user_id);
}

static void a_writer_that_never_ends_makes_others_give_up(void **state)
{
    struct fixture *f = *state;
    struct error err;
    sqlite3 *handle;
    int64_t id = 0;
    assert_int_equal(sqlite3_open(f->url, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_error(user_create(f->store, "x@example.com", "h", false, &id, &err), ERR_IO);
    assert_string_equal(err.reason, "store_busy");
    struct user *user = NULL; /* but reading goes on */
    assert_ok(user_find(f->store, "ann@example.com", &user, &err));
    mem_free(user);
    sqlite3_close(handle);
    assert_ok(user_create(f->store, "x@example.com", "h", false, &id, &err));
}

static void a_backup_is_a_whole_store_and_overwrites_nothing(void **state)
{
    struct fixture *f = *state;
    struct fixture copy = *f;
    struct error err;
    const int64_t id = add_job(f, f->user_id);
    fixture_new_url(copy.url, sizeof(copy.url));
    assert_ok(store_backup(f->store, copy.url, &err));
    copy.store = fixture_open(&copy, 3);
    assert_int_equal(status_of_job(&copy, id), JOB_PENDING);
    store_close(copy.store);
    assert_error(store_backup(f->store, copy.url, &err), ERR_CONFLICT);
    assert_error(store_backup(f->store, "/nonexistent/x.db", &err), ERR_DENIED);
}

static void opening_without_memory_leaves_nothing(void **state)
{
    char path[256];
    struct error err;
    const int64_t held = mem_held_bytes();
    int failures = 0;
    (void)state;
    fixture_new_url(path, sizeof(path));
    assert_ok(open_at(path, false, &err));
    for (int64_t n = 1; failures >= 0 && n < 100000; n += 1 + n / 8) {
        mem_fail_after(n);
        const enum err rc = open_at(path, false, &err);
        mem_fail_after(0);
        assert_int_equal(mem_held_bytes(), held);
        if (rc == ERR_OK)
            break;
        assert_int_equal(rc, ERR_NOMEM);
        failures++;
    }
    assert_true(failures > 10);
}

static void the_library_has_the_repair_of_the_log_race(void **state)
{
    (void)state;
    assert_true(sqlite3_libversion_number() >= 3051003);
    assert_true(sqlite3_compileoption_used("DQS=0"));
    assert_true(sqlite3_threadsafe() != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_no_database_is_refused_and_left),
        cmocka_unit_test(the_database_of_another_program_is_refused_and_left),
        cmocka_unit_test(places_where_no_file_can_be_are_refused),
        cmocka_unit_test(a_store_that_must_be_there_is_not_made),
        cmocka_unit_test(nobody_else_may_read_the_file),
        cmocka_unit_test(a_directory_that_may_not_be_written_is_said),
        CASE(a_damaged_file_is_found_when_it_is_opened),
        CASE(a_write_that_was_torn_by_a_kill_is_undone),
        CASE(a_writer_that_never_ends_makes_others_give_up),
        CASE(a_backup_is_a_whole_store_and_overwrites_nothing),
        cmocka_unit_test(opening_without_memory_leaves_nothing),
        cmocka_unit_test(the_library_has_the_repair_of_the_log_race),
    };
    json_init();
    fixture_use_sqlite();
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_finish();
    return failures;
}
