/* What is PostgreSQL's own: a server that may be away. */
#include <string.h>

#include "base/memory.h"
#include "unit/store/fixture.h"

static void a_server_that_is_away_is_said_and_found_again(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    struct user *user = NULL;
    int64_t id = 0;
    bool is_new = false;
    const struct job_new new = plain_job(f->user_id);
    const int64_t before = add_job(f, f->user_id);
    fixture_stop_postgres();
    assert_error(job_create(f->store, &new, &id, &is_new, &err), ERR_IO);
    assert_string_equal(err.reason, "store_unavailable");
    assert_error(job_read(f->store, 0, JOB_ANY_TASK, before, &job, &err), ERR_IO);
    assert_error(store_ping(f->store, &err), ERR_IO);
    assert_error(user_find(f->store, "ann@example.com", &user, &err), ERR_IO);
    fixture_start_postgres();
    assert_ok(store_ping(f->store, &err));
    assert_int_equal(status_of_job(f, before), JOB_PENDING);
    assert_true(add_job(f, f->user_id) > before);
}

static void a_restart_between_two_calls_is_not_noticed(void **state)
{
    const struct fixture *f = *state;
    const int64_t first = add_job(f, f->user_id);
    for (int i = 0; i < 2; i++) {
        fixture_stop_postgres();
        fixture_start_postgres();
        add_job(f, f->user_id);
        assert_int_equal(status_of_job(f, first), JOB_PENDING);
    }
}

static void a_connection_that_the_server_ends_is_made_anew(void **state)
{
    const struct fixture *f = *state;
    const int64_t id = add_job(f, f->user_id);
    fixture_sql(f, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                   "WHERE application_name = 'rectrain'");
    pause_ms(50);
    assert_int_equal(claim(f).job_id, id);
}

static void a_server_that_is_not_there_is_said_without_the_password(void **state)
{
    struct error err;
    struct store *store = NULL;
    const struct store_spec spec = {.url = "postgresql://ann:s3cret@127.0.0.1:1/db"};
    (void)state;
    assert_error(store_open(&spec, &store, &err), ERR_IO);
    assert_string_equal(err.reason, "store_unavailable");
    assert_null(strstr(err.message, "s3cret"));
    assert_null(strchr(err.message, '\n'));
    assert_null(store);
}

static void a_url_that_is_none_is_refused(void **state)
{
    struct error err;
    struct store *store = NULL;
    const struct store_spec spec = {.url = "postgresql://[::1/db?colour=red"};
    (void)state;
    assert_error(store_open(&spec, &store, &err), ERR_IO);
    assert_null(store);
}

static void a_backup_is_left_to_its_own_tools(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    assert_error(store_backup(f->store, "/tmp/x", &err), ERR_INVALID);
    assert_non_null(strstr(err.message, "pg_dump"));
}

static void opening_without_memory_leaves_nothing(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct store *store = NULL;
    const struct store_spec spec = {.url = f->url, .connections = 1};
    const int64_t held = mem_held_bytes();
    int failures = 0;
    for (int64_t n = 1; store == NULL; n += 1 + n / 4) {
        mem_fail_after(n);
        const enum err rc = store_open(&spec, &store, &err);
        mem_fail_after(0);
        if (rc == ERR_OK)
            break;
        assert_int_equal(rc, ERR_NOMEM);
        assert_int_equal(mem_held_bytes(), held);
        failures++;
    }
    assert_true(failures > 5);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_server_that_is_away_is_said_and_found_again),
        CASE(a_restart_between_two_calls_is_not_noticed),
        CASE(a_connection_that_the_server_ends_is_made_anew),
        cmocka_unit_test(a_server_that_is_not_there_is_said_without_the_password),
        cmocka_unit_test(a_url_that_is_none_is_refused),
        CASE(a_backup_is_left_to_its_own_tools),
        CASE(opening_without_memory_leaves_nothing),
    };
    json_init();
    fixture_use_postgres();
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_finish();
    return failures;
}
