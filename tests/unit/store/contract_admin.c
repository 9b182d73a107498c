/* Opening, counting, checking, tidying, workers. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "unit/store/fixture.h"

static void a_store_that_is_opened_again_has_everything(void **state)
{
    struct fixture *f = *state;
    const int64_t id = add_job(f, f->user_id);
    store_close(f->store);
    f->store = fixture_open(f, 3);
    assert_int_equal(status_of_job(f, id), JOB_PENDING);
    assert_int_equal(claim(f).job_id, id);
}

static void the_version_names_the_database(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    char version[64] = "";
    assert_ok(store_version(f->store, version, sizeof(version), &err));
    assert_true(strstr(version, fixture_is_postgres() ? "PostgreSQL 15." : "SQLite 3.") == version);
    assert_int_equal(store_url_is_postgres(f->url), fixture_is_postgres());
}

static void a_store_can_be_pinged_and_nothing_changes(void **state)
{
    struct fixture *f = *state;
    struct error err;
    assert_ok(store_ping(f->store, &err));
    store_close(f->store);
    f->store = fixture_open(f, 3);
}

static void the_clock_is_the_databases_and_goes_on(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    int64_t first = 0, second = 0;
    assert_ok(store_now(f->store, &first, &err));
    pause_ms(3);
    assert_ok(store_now(f->store, &second, &err));
    assert_true(first > 1700000000000 && second > first && second < first + 60000);
}

static void a_schema_of_a_newer_program_is_refused(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct store *store = NULL;
    const struct store_spec spec = {.url = f->url, .migrate = true};
    fixture_sql(f, "UPDATE schema_version SET version = version + 1");
    assert_error(store_open(&spec, &store, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "schema_newer");
    assert_null(store);
    fixture_sql(f, "UPDATE schema_version SET version = version - 1");
    assert_ok(store_open(&spec, &store, &err));
    store_close(store);
}

/* A database as a rectrain of schema 1 left it, with one job: its own SQL, {id} put in. */
static void make_first_schema(struct fixture *f)
{
    const char *id = fixture_is_postgres() ? "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
                                           : "integer PRIMARY KEY AUTOINCREMENT";
    struct strbuf sql;
    struct error err;
    char line[512];
    FILE *file = fopen(RECTRAIN_SQL "/0001_start.sql", "r");
    assert_non_null(file);
    strbuf_init(&sql, 100000);
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *mark = strstr(line, "{id}");
        if (strncmp(line, "--", 2) == 0)
            continue;
        assert_ok(strbuf_addf(&sql, &err, "%.*s%s%s", mark != NULL ? (int)(mark - line) : 1000,
                              line, mark != NULL ? id : "", mark != NULL ? mark + 4 : ""));
    }
    fclose(file);
    fixture_new_url(f->url, sizeof(f->url));
    fixture_sql(f, sql.ptr);
    strbuf_release(&sql);
    if (!fixture_is_postgres())
        fixture_sql(f, "PRAGMA application_id = 1380144210");
    fixture_sql(f, "CREATE TABLE schema_version (version bigint NOT NULL); "
                   "INSERT INTO schema_version VALUES (1); "
                   "INSERT INTO users (email, password_hash, created_ms) VALUES ('a@b.c', 'h', 1); "
                   "INSERT INTO jobs (user_id, model_type, data_path, params, run, status, turn, "
                   "created_ms, queued_ms, updated_ms) VALUES (1, 'als', '/data', '{}', '{}', "
                   "'pending', 1, 1, 1, 1); INSERT INTO outbox (job_id, created_ms) VALUES (1, 1)");
}

static void an_older_schema_is_brought_up_to_date_only_where_allowed(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct store *store = NULL;
    struct store_counts counts;
    store_close(f->store);
    f->store = NULL;
    make_first_schema(f);
    struct store_spec spec = {.url = f->url};
    assert_error(store_open(&spec, &store, &err), ERR_CONFLICT);
    assert_string_equal(err.reason, "schema_old");
    spec.migrate = true;
    assert_ok(store_open(&spec, &f->store, &err));
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.outbox, 1);
    assert_int_equal(claim(f).job_id, 1);
    add_job(f, 1);
}

static void counts_tell_each_status_of_all_users(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct store_counts counts;
    bool ended;
    const int64_t bob = add_user(f, "bob@example.com");
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.pending + counts.train.completed + counts.train.oldest_pending_ms,
                     0);
    for (int i = 0; i < 7; i++)
        add_job(f, i % 2 == 0 ? f->user_id : bob);
    finish(f, claim(f), 0.5);
    assert_ok(job_fail(f->store, claim(f), "io", "x", &err));
    const struct fence training = claim(f);
    assert_ok(job_advance(f->store, training, PHASE_TRAIN, NULL, &err));
    assert_ok(job_cancel(f->store, 0, JOB_ANY_TASK, training.job_id, &ended, &err));
    assert_ok(job_advance(f->store, claim(f), PHASE_SPLIT, NULL, &err));
    assert_int_not_equal(claim(f).job_id, 0);
    const struct fence dead = claim(f);
    assert_ok(job_died(f->store, dead, "x", &err));
    pause_ms(5);
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.completed, 1);
    assert_int_equal(counts.train.failed, 1);
    assert_int_equal(counts.train.training, 1);
    assert_int_equal(counts.train.preprocessing, 1);
    assert_int_equal(counts.train.loading_data, 1);
    assert_int_equal(counts.train.pending, 2);
    assert_int_equal(counts.train.cancelled, 0);
    assert_int_equal(counts.train.cancelled_waiting, 1);
    assert_int_equal(counts.train.deaths, 1);
    assert_int_equal(counts.users, 2);
    assert_int_equal(counts.models, 1);
    assert_true(counts.train.oldest_pending_ms >= 5);
    assert_ok(job_fail(f->store, training, "cancelled", "stopped", &err));
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.cancelled, 1);
    assert_int_equal(counts.train.failed, 1);
}

static void durations_are_of_completed_jobs_by_type(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct store_duration list[STORE_DURATIONS_MAX];
    int32_t count = -1;
    assert_ok(store_durations(f->store, list, &count, &err));
    assert_int_equal(count, 0);
    for (int i = 0; i < 3; i++)
        add_job(f, f->user_id);
    const struct fence first = claim(f);
    pause_ms(20);
    finish(f, first, 0.5);
    assert_ok(job_fail(f->store, claim(f), "io", "x", &err));
    assert_ok(store_durations(f->store, list, &count, &err));
    assert_int_equal(count, 1);
    assert_string_equal(list[0].model_type, "als");
    assert_int_equal(list[0].jobs, 1);
    assert_true(list[0].total_ms >= 20 && list[0].total_ms < 60000);
}

static void a_sound_store_has_no_faults(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct strbuf report;
    int64_t faults = -1;
    add_job(f, f->user_id);
    add_job(f, f->user_id);
    finish(f, claim(f), 0.5);
    strbuf_init(&report, 10000);
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 0);
    assert_int_equal(report.len, 0);
    strbuf_release(&report);
}

static void rows_that_contradict_each_other_are_found(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct strbuf report;
    int64_t faults = -1;
    add_job(f, f->user_id);
    finish(f, claim(f), 0.5);
    fixture_sql(f, "UPDATE jobs SET ended_ms = 0");
    fixture_sql(f, "UPDATE jobs SET status = 'failed', error_code = 'io', metrics = NULL");
    fixture_sql(f, "UPDATE users SET job_count = 7");
    strbuf_init(&report, 10000);
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 4);
    assert_non_null(strstr(report.ptr, "has another number of jobs"));
    assert_non_null(strstr(report.ptr, "has metrics, but is not completed"));
    assert_non_null(strstr(report.ptr, "has a model, but is not completed"));
    assert_non_null(strstr(report.ptr, "without a time"));
    strbuf_release(&report);
}

static void tidying_removes_what_is_over_and_nothing_else(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job_event_list events;
    struct session *session = NULL;
    int64_t id;
    const struct session_new over = {f->user_id, "aa", 60000, 1, NULL, NULL};
    const struct session_new holds = {f->user_id, "bb", 60000, 60000, NULL, NULL};
    assert_ok(session_create(f->store, &over, &id, &err));
    assert_ok(session_create(f->store, &holds, &id, &err));
    add_job(f, f->user_id);
    fixture_sql(f, "UPDATE job_events SET at_ms = at_ms - 2592000001");
    const int64_t kept = add_job(f, f->user_id);
    pause_ms(5);
    assert_ok(store_tidy(f->store, &err));
    assert_ok(session_find(f->store, "bb", &session, &err));
    mem_free(session);
    assert_ok(job_events(f->store, f->user_id, 0, 0, 10, &events, &err));
    assert_int_equal(events.count, 1);
    assert_int_equal(events.events[0]->job_id, kept);
    job_event_list_release(&events);
    struct session_list list;
    fixture_sql(f, "UPDATE sessions SET expires_ms = expires_ms + 100000000");
    assert_ok(session_list(f->store, f->user_id, &list, &err));
    assert_int_equal(list.count, 1); /* the other one is really gone */
    session_list_release(&list);
}

static void workers_are_seen_until_they_go(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct worker_list list;
    struct worker worker = {
        .task = JOB_TRAIN, .worker_id = "host-1:17", .host = "host-1", .version = "0.1.0"};
    assert_ok(worker_seen(f->store, &worker, &err));
    worker.job_id = 5;
    worker.is_draining = true;
    assert_ok(worker_seen(f->store, &worker, &err));
    assert_ok(worker_list(f->store, &list, &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.workers[0]->worker_id, "host-1:17");
    assert_string_equal(list.workers[0]->host, "host-1");
    assert_int_equal(list.workers[0]->job_id, 5);
    assert_true(list.workers[0]->is_draining);
    assert_true(list.workers[0]->started_ms > 0 &&
                list.workers[0]->seen_ms >= list.workers[0]->started_ms);
    assert_true(list.now_ms >= list.workers[0]->seen_ms);
    worker_list_release(&list);
    assert_ok(worker_gone(f->store, "host-1:17", &err));
    assert_ok(worker_list(f->store, &list, &err));
    assert_int_equal(list.count, 0);
    worker_list_release(&list);
    worker.worker_id = "";
    assert_error(worker_seen(f->store, &worker, &err), ERR_INVALID);
}

/* An allocation fails, and with it all later ones: the operation says so, changes nothing and
 * leaves nothing behind. */
static void a_job_is_created_whole_or_not_at_all_without_memory(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct store_counts counts;
    const struct job_new new = plain_job(f->user_id);
    int64_t id = 0, failures = 0;
    bool is_new = false;
    add_job(f, f->user_id); /* every statement is prepared */
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1;; n++) {
        mem_fail_after(n);
        const enum err rc = job_create(f->store, &new, &id, &is_new, &err);
        mem_fail_after(0);
        assert_int_equal(mem_held_bytes(), held);
        if (rc == ERR_OK)
            break;
        assert_int_equal(rc, ERR_NOMEM);
        failures++;
    }
    assert_true(failures > 0);
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.pending, 2);
    assert_int_equal(counts.outbox, 2);
}

static void a_claim_without_memory_takes_no_job(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct job *job = NULL;
    const int64_t id = add_job(f, f->user_id);
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; job == NULL; n++) {
        mem_fail_after(n);
        const enum err rc = job_claim(f->store, JOB_TRAIN, "w", LEASE_MS, &job, &err);
        mem_fail_after(0);
        assert_true(rc == ERR_OK || rc == ERR_NOMEM);
        if (rc == ERR_NOMEM) {
            assert_int_equal(mem_held_bytes(), held);
            assert_int_equal(status_of_job(f, id), JOB_PENDING);
        }
    }
    assert_int_equal(job->epoch, 1);
    job_free(job);
}

static void a_job_is_read_listed_and_finished_without_leaks_when_memory_is_out(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    const struct job_query query = {.user_id = f->user_id, .limit = 10};
    const int64_t id = add_job(f, f->user_id);
    const struct fence fence = claim(f);
    json_t *metrics = json_pack("{s:f}", "recall_at_k", 0.5);
    const struct job_outcome outcome = {
        .metrics = metrics, .result_json = "{}", .model_path = "m", .model_sha256 = "s"};
    assert_ok(job_advance(f->store, fence, PHASE_TRAIN, NULL, &err));
    bool read = false, listed = false, finished = false;
    struct job *job = NULL;
    struct job_list list = {0};
    const int64_t held = mem_held_bytes();
    for (int64_t n = 1; !read || !listed || !finished; n++) {
        mem_fail_after(n);
        read = job_read(f->store, 0, JOB_ANY_TASK, id, &job, &err) == ERR_OK;
        mem_fail_after(n);
        listed = job_list(f->store, &query, &list, &err) == ERR_OK;
        mem_fail_after(n);
        finished = finished || job_finish(f->store, fence, &outcome, &err) == ERR_OK;
        mem_fail_after(0);
        if (read)
            job_free(job);
        if (listed)
            job_list_release(&list);
        assert_int_equal(mem_held_bytes(), held);
    }
    assert_int_equal(status_of_job(f, id), JOB_COMPLETED);
    json_decref(metrics);
}

static const struct CMUnitTest cases[] = {
    CASE(a_store_that_is_opened_again_has_everything),
    CASE(the_version_names_the_database),
    CASE(a_store_can_be_pinged_and_nothing_changes),
    CASE(the_clock_is_the_databases_and_goes_on),
    CASE(a_schema_of_a_newer_program_is_refused),
    CASE(an_older_schema_is_brought_up_to_date_only_where_allowed),
    CASE(counts_tell_each_status_of_all_users),
    CASE(durations_are_of_completed_jobs_by_type),
    CASE(a_sound_store_has_no_faults),
    CASE(rows_that_contradict_each_other_are_found),
    CASE(tidying_removes_what_is_over_and_nothing_else),
    CASE(workers_are_seen_until_they_go),
    CASE(a_job_is_created_whole_or_not_at_all_without_memory),
    CASE(a_claim_without_memory_takes_no_job),
    CASE(a_job_is_read_listed_and_finished_without_leaks_when_memory_is_out),
};
const struct case_list admin_cases = CASE_LIST(cases);
