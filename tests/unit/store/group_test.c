/* Writers in line share a commit: each gets its own answer, and the true one. */
#include <sqlite3.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/slowness.h"
#include "unit/store/fixture.h"

enum { WRITERS = 24 };

struct writer {
    pthread_t thread;
    const struct fixture *fixture;
    int number;
    enum err rc;
    char reason[32];
    int64_t id;
};

static void start_all(struct writer *writers, const struct fixture *f, void *(*run)(void *))
{
    memset(writers, 0, WRITERS * sizeof(*writers));
    for (int i = 0; i < WRITERS; i++) {
        writers[i].fixture = f;
        writers[i].number = i;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, run, &writers[i]), 0);
    }
}

static void join_all(struct writer *writers)
{
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i].thread, NULL);
}

/* Every third takes an e-mail that is taken, every fifth asks for what is undone in any case. */
static void *make_user(void *context)
{
    struct writer *writer = context;
    struct error err = {.reason = ""};
    char email[64];
    snprintf(email, sizeof(email), "user%d@example.com", writer->number);
    if (writer->number % 3 == 0)
        snprintf(email, sizeof(email), "ann@example.com");
    if (writer->number % 5 == 4)
        writer->rc = store_ping(writer->fixture->store, &err);
    else
        writer->rc = user_create(writer->fixture->store, email, "h", false, &writer->id, &err);
    snprintf(writer->reason, sizeof(writer->reason), "%s", writer->rc != ERR_OK ? err.reason : "");
    return NULL;
}

/* Commits in the log: frames whose header tells the size of the database after them
 * (sqlite.org/fileformat.html, 4.1). */
static int commits_in_log(const struct fixture *f)
{
    char path[600];
    unsigned char header[24];
    int count = 0;
    snprintf(path, sizeof(path), "%s-wal", f->url);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (long at = 32; fseek(file, at, SEEK_SET) == 0 && fread(header, 1, 24, file) == 24;
         at += 24 + 4096)
        count += (header[4] | header[5] | header[6] | header[7]) != 0;
    fclose(file);
    return count;
}

/* Somebody else has the lock until they are all in line. */
static sqlite3 *take_lock(const struct fixture *f)
{
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(f->url, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return handle;
}

static void writers_in_line_share_a_commit_and_fail_alone(void **state)
{
    struct fixture *f = *state;
    struct writer writers[WRITERS];
    const int before = commits_in_log(f);
    sqlite3 *lock = take_lock(f);
    start_all(writers, f, make_user);
    pause_ms(300 * TEST_SLOWNESS);
    sqlite3_close(lock);
    join_all(writers);
    for (int i = 0; i < WRITERS; i++) {
        struct error err;
        struct user *user = NULL;
        char email[64];
        const bool is_ping = i % 5 == 4;
        if (is_ping || i % 3 != 0)
            assert_int_equal(writers[i].rc, ERR_OK);
        else
            assert_string_equal(writers[i].reason, "email_taken");
        if (is_ping || i % 3 == 0)
            continue;
        snprintf(email, sizeof(email), "user%d@example.com", i);
        assert_ok(user_find(f->store, email, &user, &err));
        assert_int_equal(user->user_id, writers[i].id);
        mem_free(user);
    }
    /* One or two, if they all came in time: never one each. */
    assert_in_range(commits_in_log(f) - before, 1, WRITERS / 4);
}

static void *claim_and_tell(void *context)
{
    struct writer *writer = context;
    struct error err;
    struct job *job = NULL;
    bool cancel;
    writer->rc = job_claim(writer->fixture->store, JOB_TRAIN, "w", LEASE_MS, &job, &err);
    for (int i = 0; job != NULL && writer->rc == ERR_OK && i < 5; i++) {
        const struct fence fence = {job->job_id, job->epoch};
        writer->rc = job_progress(writer->fixture->store, fence, i / 5.0, i, NULL, &err);
        if (writer->rc == ERR_OK)
            writer->rc = job_add_point(writer->fixture->store, fence, "loss", i, 0.5, &err);
        if (writer->rc == ERR_OK)
            writer->rc = job_renew(writer->fixture->store, fence, LEASE_MS, &cancel, &err);
    }
    writer->id = job != NULL ? job->job_id : 0;
    job_free(job);
    return NULL;
}

/* Durable writes and others at once, each seen when its call returns. */
static void writes_of_both_kinds_go_together(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct writer writers[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        add_job(f, f->user_id);
    start_all(writers, f, claim_and_tell);
    join_all(writers);
    for (int i = 0; i < WRITERS; i++) {
        struct job_point_list points;
        assert_int_equal(writers[i].rc, ERR_OK);
        assert_ok(job_points(f->store, 0, JOB_ANY_TASK, writers[i].id, &points, &err));
        assert_int_equal(points.count, 5);
        job_point_list_release(&points);
        struct job *job = read_job(f, writers[i].id);
        assert_int_equal(job->iteration, 4);
        job_free(job);
    }
}

/* ---- a disk that fills up ---- */

static void *create_until_full(void *context)
{
    struct writer *writer = context;
    struct error err;
    bool is_new;
    const struct job_new new = plain_job(writer->fixture->user_id);
    while (writer->rc == ERR_OK) {
        int64_t id;
        writer->rc = job_create(writer->fixture->store, &new, &id, &is_new, &err);
        writer->id += writer->rc == ERR_OK; /* how many */
    }
    return NULL;
}

/* The log may not grow beyond some pages, as if the disk were full: tells how many it was told are
 * there. */
static void fill_up(const struct fixture *f, int out)
{
    struct error err;
    struct stat about;
    struct writer writers[WRITERS];
    char path[600];
    struct fixture own = *f;
    const struct store_spec spec = {.url = f->url};
    int64_t done = 0;
    if (store_open(&spec, &own.store, &err) != ERR_OK)
        _exit(1);
    snprintf(path, sizeof(path), "%s-wal", f->url);
    if (stat(path, &about) != 0)
        _exit(2);
    const struct rlimit limit = {(rlim_t)about.st_size + 300000, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    start_all(writers, &own, create_until_full);
    join_all(writers);
    for (int i = 0; i < WRITERS; i++) {
        done += writers[i].id;
        if (writers[i].rc != ERR_IO)
            _exit(3);
    }
    _exit(write(out, &done, sizeof(done)) == sizeof(done) ? 0 : 4);
}

static void a_full_disk_is_told_to_each_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    struct error err;
    struct store_counts counts;
    struct strbuf report;
    int pipes[2], status;
    int64_t done = -1, faults = -1;
    assert_int_equal(pipe(pipes), 0);
    const pid_t pid = fork();
    if (pid == 0)
        fill_up(f, pipes[1]);
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &done, sizeof(done)), sizeof(done));
    close(pipes[0]);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_ok(store_counts(f->store, &counts, &err));
    assert_true(done > 0);
    assert_int_equal(counts.train.pending, done);
    assert_int_equal(counts.outbox, done);
    strbuf_init(&report, 10000);
    assert_ok(store_check(f->store, &report, &faults, &err));
    assert_int_equal(faults, 0);
    strbuf_release(&report);
    add_job(f, f->user_id);
}

/* Another process gets its turn, however busy this one is. */
static void others_are_not_starved(void **state)
{
    struct fixture *f = *state;
    struct error err;
    int status;
    struct store *other = fixture_open(f, 3);
    const pid_t pid = fork();
    if (pid == 0) {
        struct writer writers[WRITERS];
        struct fixture own = *f;
        const struct store_spec spec = {.url = f->url};
        alarm(120); /* ends it should the parent fail */
        if (store_open(&spec, &own.store, &err) == ERR_OK)
            start_all(writers, &own, create_until_full);
        for (;;)
            pause();
    }
    pause_ms(300);
    for (int i = 0; i < 20; i++) {
        int64_t id;
        bool is_new;
        const struct job_new new = plain_job(f->user_id);
        assert_ok(job_create(other, &new, &id, &is_new, &err));
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    store_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(writers_in_line_share_a_commit_and_fail_alone),
        CASE(writes_of_both_kinds_go_together),
        CASE(a_full_disk_is_told_to_each_and_loses_nothing),
        CASE(others_are_not_starved),
    };
    json_init();
    fixture_use_sqlite();
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_finish();
    return failures;
}
