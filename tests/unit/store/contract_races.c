/* Many processes and threads at once, and processes that are killed. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "unit/store/fixture.h"

enum { CLAIMERS = 8, QUEUED = 2000, CREATORS = 4, CREATED_EACH = 25 };

/* Many jobs without a commit each, as job_create would leave them. */
static void fill_queue(const struct fixture *f, int count)
{
    char sql[512];
    snprintf(sql, sizeof(sql),
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
             "INSERT INTO jobs (user_id, model_type, data_path, params, run, status, turn, "
             "created_ms, queued_ms, updated_ms) SELECT %lld, 'als', '/data', '{}', '{}', "
             "'pending', i, 1, 1, 1 FROM n",
             count, (long long)f->user_id);
    fixture_sql(f, sql);
}

/* As a worker does: a lock that eight want may be had by others for longer than a call waits. */
static bool is_to_be_asked_again(enum err rc, const struct error *err)
{
    return rc == ERR_IO && strcmp(err->reason, "store_busy") == 0;
}

static enum err open_patiently(const struct store_spec *spec, struct store **ret_store,
                               struct error *err)
{
    enum err rc;
    do
        rc = store_open(spec, ret_store, err);
    while (is_to_be_asked_again(rc, err));
    return rc;
}

static enum err claim_patiently(struct store *store, struct job **ret_job, struct error *err)
{
    enum err rc;
    do
        rc = job_claim(store, JOB_TRAIN, "racer", LEASE_MS, ret_job, err);
    while (is_to_be_asked_again(rc, err));
    return rc;
}

/* A worker's life: claim until nothing is left, and write each claim's id to the pipe. */
static void claim_all(const struct fixture *f, int out)
{
    struct error err;
    struct store *store = NULL;
    const struct store_spec spec = {.url = f->url, .connections = 1};
    if (open_patiently(&spec, &store, &err) != ERR_OK)
        _exit(1);
    for (;;) {
        struct job *job = NULL;
        if (claim_patiently(store, &job, &err) != ERR_OK)
            _exit(2);
        if (job == NULL)
            break;
        const int64_t id = job->job_id;
        if (job->epoch != 1 || write(out, &id, sizeof(id)) != sizeof(id))
            _exit(3);
        job_free(job);
    }
    store_close(store);
    _exit(0);
}

static void eight_processes_claim_each_job_exactly_once(void **state)
{
    const struct fixture *f = *state;
    int pipes[2], status;
    pid_t pids[CLAIMERS];
    int64_t id, claimed = 0;
    fill_queue(f, QUEUED);
    struct error err;
    char *seen = mem_array(QUEUED + 2, 1, &err);
    assert_int_equal(pipe(pipes), 0);
    for (int i = 0; i < CLAIMERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(pipes[0]);
            claim_all(f, pipes[1]);
        }
    }
    close(pipes[1]);
    while (read(pipes[0], &id, sizeof(id)) == (ssize_t)sizeof(id)) {
        assert_true(id >= 1 && id <= QUEUED);
        if (seen[id]++ != 0)
            fail_msg("job %lld was claimed twice", (long long)id);
        claimed++;
    }
    close(pipes[0]);
    for (int i = 0; i < CLAIMERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(claimed, QUEUED);
    mem_free(seen);
}

static void many_that_open_a_new_store_at_once_fill_it_once(void **state)
{
    struct fixture new = {0};
    pid_t pids[CLAIMERS];
    int status;
    (void)state;
    fixture_new_url(new.url, sizeof(new.url));
    for (int i = 0; i < CLAIMERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            struct error err;
            const struct store_spec spec = {.url = new.url, .connections = 1};
            const bool opened = open_patiently(&spec, &new.store, &err) == ERR_OK;
            _exit(opened ? 0 : 1);
        }
    }
    for (int i = 0; i < CLAIMERS; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    new.store = fixture_open(&new, 3);
    new.user_id = add_user(&new, "ann@example.com");
    assert_int_equal(new.user_id, 1);
    store_close(new.store);
}

struct creator {
    const struct fixture *fixture;
    const char *key;
    int64_t ids[CREATED_EACH];
    int news;
    enum err rc;
};

static void *create_many(void *context)
{
    struct creator *creator = context;
    struct error err;
    for (int i = 0; i < CREATED_EACH && creator->rc == ERR_OK; i++) {
        struct job_new new = plain_job(creator->fixture->user_id);
        bool is_new = false;
        new.key = creator->key;
        new.body_hash = creator->key != NULL ? "b" : NULL;
        creator->rc = job_create(creator->fixture->store, &new, &creator->ids[i], &is_new, &err);
        creator->news += is_new;
    }
    return NULL;
}

static void run_creators(struct creator *creators)
{
    pthread_t threads[CREATORS];
    for (int i = 0; i < CREATORS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, create_many, &creators[i]), 0);
    for (int i = 0; i < CREATORS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(creators[i].rc, ERR_OK);
    }
}

static void threads_share_one_store(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct store_counts counts;
    struct job_event_list events;
    struct creator creators[CREATORS] = {
        {.fixture = f}, {.fixture = f}, {.fixture = f}, {.fixture = f}};
    run_creators(creators);
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.pending, CREATORS * CREATED_EACH);
    assert_int_equal(counts.outbox, CREATORS * CREATED_EACH);
    assert_ok(job_events(f->store, f->user_id, 0, 0, 1000, &events, &err));
    assert_int_equal(events.count, CREATORS * CREATED_EACH);
    job_event_list_release(&events);
}

static void one_key_from_many_threads_makes_one_job(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct store_counts counts;
    struct creator creators[CREATORS] = {{.fixture = f, .key = "k"},
                                         {.fixture = f, .key = "k"},
                                         {.fixture = f, .key = "k"},
                                         {.fixture = f, .key = "k"}};
    int news = 0;
    run_creators(creators);
    for (int i = 0; i < CREATORS; i++) {
        news += creators[i].news;
        for (int j = 0; j < CREATED_EACH; j++)
            assert_int_equal(creators[i].ids[j], creators[0].ids[0]);
    }
    assert_int_equal(news, 1);
    assert_ok(store_counts(f->store, &counts, &err));
    assert_int_equal(counts.train.pending, 1);
}

/* A reader that follows the events by their numbers, while others add some. */
struct follower {
    const struct fixture *fixture;
    int wanted, seen;
    enum err rc;
};

static void *follow_events(void *context)
{
    struct follower *follower = context;
    struct error err;
    int64_t last = 0;
    for (int i = 0; i < 2000 && follower->seen < follower->wanted; i++) {
        struct job_event_list list;
        follower->rc = job_events(follower->fixture->store, follower->fixture->user_id, 0, last,
                                  100, &list, &err);
        if (follower->rc != ERR_OK)
            break;
        follower->seen += list.count;
        if (list.count > 0)
            last = list.events[list.count - 1]->event_id;
        job_event_list_release(&list);
        pause_ms(1);
    }
    return NULL;
}

static void a_follower_misses_no_event(void **state)
{
    const struct fixture *f = *state;
    pthread_t thread;
    struct creator creators[CREATORS] = {
        {.fixture = f}, {.fixture = f}, {.fixture = f}, {.fixture = f}};
    struct follower follower = {f, CREATORS * CREATED_EACH, 0, ERR_OK};
    assert_int_equal(pthread_create(&thread, NULL, follow_events, &follower), 0);
    run_creators(creators);
    pthread_join(thread, NULL);
    assert_int_equal(follower.rc, ERR_OK);
    assert_int_equal(follower.seen, follower.wanted);
}

static void two_that_reap_at_once_count_a_death_once(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct store *other = fixture_open(f, 3);
    struct reaped first, second;
    const int64_t id = add_job(f, f->user_id);
    claim_for(f, 1);
    pause_ms(5);
    assert_ok(jobs_reap(f->store, &first, &err));
    assert_ok(jobs_reap(other, &second, &err));
    assert_int_equal(first.returned + second.returned, 1);
    struct job *job = read_job(f, id);
    assert_int_equal(job->deaths, 1);
    job_free(job);
    store_close(other);
}

/* What a writer says is done must be there after its death: jobs whose ids it wrote to the pipe. */
static void write_until_killed(const struct fixture *f, int out)
{
    struct error err;
    struct store *store = NULL;
    const struct store_spec spec = {.url = f->url};
    if (store_open(&spec, &store, &err) != ERR_OK)
        _exit(1);
    for (;;) {
        int64_t id;
        bool is_new;
        const struct job_new new = plain_job(f->user_id);
        if (job_create(store, &new, &id, &is_new, &err) != ERR_OK ||
            write(out, &id, sizeof(id)) != sizeof(id))
            _exit(2);
    }
}

static void a_killed_writer_loses_nothing_that_it_was_told(void **state)
{
    const struct fixture *f = *state;
    struct error err;
    struct strbuf report;
    int64_t faults = -1, acknowledged = 0;
    for (int round = 0; round < 4; round++) {
        int pipes[2], status;
        int64_t id, last = 0;
        assert_int_equal(pipe(pipes), 0);
        const pid_t pid = fork();
        if (pid == 0)
            write_until_killed(f, pipes[1]);
        close(pipes[1]);
        for (int i = 0; i < 5 + round * 3; i++) { /* in the middle of one, wherever that is */
            assert_int_equal(read(pipes[0], &id, sizeof(id)), sizeof(id));
            last = id;
            acknowledged++;
        }
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        while (read(pipes[0], &id, sizeof(id)) == (ssize_t)sizeof(id)) {
            last = id;
            acknowledged++;
        }
        close(pipes[0]);
        assert_int_equal(status_of_job(f, last), JOB_PENDING);
    }
    struct store_counts counts;
    assert_ok(store_counts(f->store, &counts, &err));
    assert_true(counts.train.pending >= acknowledged && counts.train.pending <= acknowledged + 4);
    assert_int_equal(counts.outbox, counts.train.pending); /* a job and its message, or neither */
    strbuf_init(&report, 10000);
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 0);
    strbuf_release(&report);
}

static const struct CMUnitTest cases[] = {
    CASE(eight_processes_claim_each_job_exactly_once),
    CASE(many_that_open_a_new_store_at_once_fill_it_once),
    CASE(threads_share_one_store),
    CASE(one_key_from_many_threads_makes_one_job),
    CASE(a_follower_misses_no_event),
    CASE(two_that_reap_at_once_count_a_death_once),
    CASE(a_killed_writer_loses_nothing_that_it_was_told),
};
const struct case_list race_cases = CASE_LIST(cases);
