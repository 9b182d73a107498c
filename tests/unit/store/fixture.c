#include "unit/store/fixture.h"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/server.h"

static const char PROGRAMS[] = "/usr/lib/postgresql/*/bin";

static char directory[64], server_directory[96];
static bool use_postgres;
static pid_t server;
static int databases;

void pause_ms(int ms)
{
    const struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* ---- PostgreSQL ---- */

/* PostgreSQL refuses to run as root. */
static const struct passwd *plain_user(void)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    return user == NULL && geteuid() == 0 ? getpwnam("nobody") : user;
}

static pid_t start(const char *const arguments[])
{
    return server_start(plain_user(), arguments, NULL, SIGQUIT);
}

static void server_url(const char *schema, char *out, size_t out_size)
{
    snprintf(out, out_size, "postgresql:///postgres?host=%s&user=postgres%s%s", server_directory,
             schema[0] != '\0' ? "&options=-csearch_path%3D" : "", schema);
}

static void await_server(void)
{
    char url[256];
    server_url("", url, sizeof(url));
    for (int i = 0; i < 300; i++) {
        PGconn *connection = PQconnectdb(url);
        const bool is_up = PQstatus(connection) == CONNECTION_OK;
        PQfinish(connection);
        if (is_up)
            return;
        pause_ms(50);
    }
    fail_msg("PostgreSQL did not start");
}

void fixture_start_postgres(void)
{
    char postgres[128];
    server_tool("PostgreSQL", PROGRAMS, "postgres", postgres, sizeof(postgres));
    const char *const run[] = {postgres,
                               "-D",
                               server_directory,
                               "-k",
                               server_directory,
                               "-c",
                               "listen_addresses=",
                               "-c",
                               "fsync=off",
                               "-c",
                               "shared_buffers=16MB",
                               "-c",
                               "max_connections=60",
                               "-c",
                               "full_page_writes=off",
                               NULL};
    server = start(run);
    await_server();
}

void fixture_stop_postgres(void)
{
    int status;
    kill(server, SIGQUIT);
    waitpid(server, &status, 0);
}

static void make_postgres(void)
{
    char initdb[128];
    int status;
    server_tool("PostgreSQL", PROGRAMS, "initdb", initdb, sizeof(initdb));
    snprintf(server_directory, sizeof(server_directory), "%s/pg", directory);
    if (mkdir(server_directory, 0700) != 0 ||
        (plain_user() != NULL &&
         chown(server_directory, plain_user()->pw_uid, plain_user()->pw_gid) != 0))
        fail_msg("no directory for PostgreSQL: %m");
    const char *const make[] = {
        initdb, "-D",        server_directory,    "-U",         "postgres", "-A", "trust", "-E",
        "UTF8", "--no-sync", "--no-instructions", "--locale=C", NULL};
    const pid_t maker = start(make);
    assert_int_equal(waitpid(maker, &status, 0), maker);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("initdb failed: status %d", status);
    fixture_start_postgres();
}

/* ---- both ---- */

static void begin_directory(void)
{
    if (directory[0] != '\0')
        return;
    /* In memory where there is room: thousands of commits would else wait for the disk. */
    struct statvfs memory;
    const bool has_room = statvfs("/dev/shm", &memory) == 0 && access("/dev/shm", W_OK) == 0 &&
                          (uint64_t)memory.f_bavail * memory.f_frsize > ((uint64_t)1 << 29);
    snprintf(directory, sizeof(directory), "%s/rectrain-store-XXXXXX",
             has_room ? "/dev/shm" : "/tmp");
    if (mkdtemp(directory) == NULL || chmod(directory, 0755) != 0)
        fail_msg("no temporary directory: %m");
}

const char *fixture_directory(void)
{
    begin_directory();
    return directory;
}

void fixture_use_sqlite(void)
{
    begin_directory();
    use_postgres = false;
}

void fixture_use_postgres(void)
{
    begin_directory();
    use_postgres = true;
    if (server == 0)
        make_postgres();
}

bool fixture_is_postgres(void)
{
    return use_postgres;
}

void fixture_finish(void)
{
    int status;
    if (server > 0) {
        kill(server, SIGINT);
        waitpid(server, &status, 0);
    }
    const pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", directory, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, &status, 0);
}

static void run_on_server(const char *url, const char *sql)
{
    PGconn *connection = PQconnectdb(url);
    PGresult *result = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
}

void fixture_new_url(char *out, size_t out_size)
{
    char name[32], sql[64], url[256];
    snprintf(name, sizeof(name), "test_%d", ++databases);
    if (!use_postgres) {
        snprintf(out, out_size, "%s/%s.db", directory, name);
        return;
    }
    server_url("", url, sizeof(url));
    snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", name);
    run_on_server(url, sql);
    server_url(name, out, out_size);
}

void fixture_sql(const struct fixture *fixture, const char *sql)
{
    if (use_postgres) {
        run_on_server(fixture->url, sql);
        return;
    }
    sqlite3 *handle;
    char *message = NULL;
    assert_int_equal(sqlite3_open(fixture->url, &handle), SQLITE_OK);
    sqlite3_busy_timeout(handle, 5000);
    if (sqlite3_exec(handle, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(handle);
}

struct store *fixture_open(const struct fixture *fixture, int32_t connections)
{
    struct error err;
    struct store *store = NULL;
    const struct store_spec spec = {.url = fixture->url, .connections = connections};
    assert_ok(store_open(&spec, &store, &err));
    return store;
}

int fixture_setup(void **state)
{
    struct error err;
    struct fixture *fixture = mem_array(1, sizeof(*fixture), &err);
    assert_non_null(fixture);
    fixture_new_url(fixture->url, sizeof(fixture->url));
    fixture->store = fixture_open(fixture, 3);
    fixture->user_id = add_user(fixture, "ann@example.com");
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    mem_free(fixture);
    return 0;
}

/* ---- shorts ---- */

int64_t add_user(const struct fixture *fixture, const char *email)
{
    struct error err;
    int64_t user_id = 0;
    assert_ok(user_create(fixture->store, email, "hash", false, &user_id, &err));
    assert_true(user_id > 0);
    return user_id;
}

struct job_new plain_job(int64_t user_id)
{
    return (struct job_new){.user_id = user_id,
                            .task = JOB_TRAIN,
                            .model_type = "als",
                            .data_path = "/data",
                            .params_json = "{\"iterations\":10,\"factors\":60}",
                            .run_json = "{\"k\":40}"};
}

int64_t add_job(const struct fixture *fixture, int64_t user_id)
{
    struct error err;
    int64_t job_id = 0;
    bool is_new = false;
    const struct job_new job = plain_job(user_id);
    assert_ok(job_create(fixture->store, &job, &job_id, &is_new, &err));
    assert_true(is_new && job_id > 0);
    return job_id;
}

struct fence claim_for(const struct fixture *fixture, int64_t lease_ms)
{
    struct error err;
    struct job *job = NULL;
    assert_ok(job_claim(fixture->store, JOB_TRAIN, "worker-1", lease_ms, &job, &err));
    const struct fence fence = {job != NULL ? job->job_id : 0, job != NULL ? job->epoch : 0};
    job_free(job);
    return fence;
}

struct fence claim(const struct fixture *fixture)
{
    return claim_for(fixture, LEASE_MS);
}

void finish(const struct fixture *fixture, struct fence fence, double recall)
{
    struct error err;
    char path[64];
    json_t *metrics = json_pack("{s:f, s:f}", "recall_at_k", recall, "f1_at_k", recall / 2);
    snprintf(path, sizeof(path), "./ml_models/als_model_%lld.pkl", (long long)fence.job_id);
    const struct job_outcome outcome = {.metrics = metrics,
                                        .result_json = "{\"k\":40}",
                                        .model_path = path,
                                        .model_sha256 = "ab12",
                                        .model_bytes = 1234};
    assert_ok(job_advance(fixture->store, fence, PHASE_TRAIN, NULL, &err));
    assert_ok(job_finish(fixture->store, fence, &outcome, &err));
    json_decref(metrics);
}

int64_t add_version(const struct fixture *f, const char *name)
{
    struct error err;
    bool is_new;
    int64_t job_id;
    struct model_record *model = NULL;
    struct job_new job = plain_job(f->user_id);
    job.model_name = name;
    assert_ok(job_create(f->store, &job, &job_id, &is_new, &err));
    const struct fence fence = claim(f);
    assert_int_equal(fence.job_id, job_id);
    finish(f, fence, 0.25);
    assert_ok(model_of_job(f->store, f->user_id, job_id, &model, &err));
    const int64_t model_id = model->model_id;
    mem_free(model);
    return model_id;
}

struct job *read_job(const struct fixture *fixture, int64_t job_id)
{
    struct error err;
    struct job *job = NULL;
    assert_ok(job_read(fixture->store, 0, JOB_ANY_TASK, job_id, &job, &err));
    return job;
}

enum job_status status_of_job(const struct fixture *fixture, int64_t job_id)
{
    struct job *job = read_job(fixture, job_id);
    const enum job_status status = job->status;
    job_free(job);
    return status;
}
