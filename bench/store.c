/*
 * How fast the store is on this disk, with SQLite: durable writes against what the disk can sync in
 * the same run, and the reads that pages are made of, with many jobs in the table.
 *
 *   bench_store [DIRECTORY [JOBS]]     (default: the current directory, 100,000 jobs)
 *
 * Prints one line a figure; the ratios are what may be compared between machines.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "store/jobs.h"
#include "store/users.h"
#include "store/work.h"

enum { SECONDS = 3, CLIENTS_MAX = 64, READERS = 4, PAGE = 4096 };

static struct store *store;
static int64_t user_id, jobs_wanted;
static atomic_bool is_over;

static void must(enum err rc, const struct error *err)
{
    if (rc == ERR_OK)
        return;
    fprintf(stderr, "bench_store: %s\n", err->message);
    exit(1);
}

/* ---- the disk itself ---- */

/* Overwrite a page and sync it, as a log does: how often a second. */
static double sync_rate(const char *directory)
{
    char path[4096];
    static char page[PAGE];
    snprintf(path, sizeof(path), "%s/bench_sync.tmp", directory);
    const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, page, PAGE) != PAGE || fsync(fd) != 0) {
        perror(path);
        exit(1);
    }
    int64_t count = 0;
    const double from = clock_seconds();
    while (clock_seconds() - from < SECONDS) {
        page[0]++;
        if (pwrite(fd, page, PAGE, 0) != PAGE || fdatasync(fd) != 0)
            exit(1);
        count++;
    }
    const double rate = (double)count / (clock_seconds() - from);
    close(fd);
    unlink(path);
    return rate;
}

/* ---- clients ---- */

struct client {
    pthread_t thread;
    void (*work)(uint64_t turn);
    int64_t count;
    double slowest;
};

static void *run_client(void *argument)
{
    struct client *client = argument;
    while (!atomic_load(&is_over)) {
        const double from = clock_seconds();
        client->work((uint64_t)client->count * 7919u + (uint64_t)(uintptr_t)client / 64u);
        const double took = clock_seconds() - from;
        client->slowest = took > client->slowest ? took : client->slowest;
        client->count++;
    }
    return NULL;
}

/* How often a second `clients` threads do it. */
static double rate_of(const char *name, int clients, void (*work)(uint64_t turn))
{
    static struct client all[CLIENTS_MAX];
    const struct timespec time = {.tv_sec = SECONDS};
    int64_t count = 0;
    double slowest = 0;
    memset(all, 0, sizeof(all));
    atomic_store(&is_over, false);
    const double from = clock_seconds();
    for (int i = 0; i < clients; i++) {
        all[i].work = work;
        if (pthread_create(&all[i].thread, NULL, run_client, &all[i]) != 0)
            exit(1);
    }
    nanosleep(&time, NULL);
    atomic_store(&is_over, true);
    for (int i = 0; i < clients; i++) {
        pthread_join(all[i].thread, NULL);
        count += all[i].count;
        slowest = all[i].slowest > slowest ? all[i].slowest : slowest;
    }
    const double rate = (double)count / (clock_seconds() - from);
    printf("%-44s %10.0f/s   slowest %6.1f ms\n", name, rate, slowest * 1000);
    return rate;
}

/* ---- what they do ---- */

static void create_job(uint64_t turn)
{
    struct error err;
    int64_t id;
    bool is_new;
    const struct job_new job = {.user_id = user_id,
                                .task = JOB_TRAIN,
                                .model_type = "als",
                                .data_path = "/data",
                                .params_json = "{\"iterations\":10,\"factors\":60}",
                                .run_json = "{\"k\":40}"};
    (void)turn;
    must(job_create(store, &job, &id, &is_new, &err), &err);
}

static void find_session(uint64_t turn)
{
    struct error err;
    struct session *session;
    (void)turn;
    must(session_find(store, "hash", &session, &err), &err);
    mem_free(session);
}

static void read_job(uint64_t turn)
{
    struct error err;
    struct job *job;
    must(job_read(store, user_id, JOB_TRAIN, 1 + (int64_t)(turn % (uint64_t)jobs_wanted), &job,
                  &err),
         &err);
    job_free(job);
}

static void list_by(const char *order, const char *statuses, const char *text)
{
    struct error err;
    struct job_list list;
    struct job_query query = {.user_id = user_id, .statuses = statuses, .text = text, .limit = 50};
    if (!job_sort_find(order, &query))
        exit(1);
    must(job_list(store, &query, &list, &err), &err);
    job_list_release(&list);
}

static void list_newest(uint64_t turn)
{
    (void)turn;
    list_by("-created", NULL, NULL);
}

static void list_failed(uint64_t turn)
{
    (void)turn;
    list_by("-created", "failed", NULL);
}

static void list_by_metric(uint64_t turn)
{
    (void)turn;
    list_by("-metric:recall_at_k", NULL, NULL);
}

static void list_by_duration(uint64_t turn)
{
    (void)turn;
    list_by("-duration", NULL, NULL);
}

static void list_by_status(uint64_t turn)
{
    (void)turn;
    list_by("status", NULL, NULL);
}

static void search_text(uint64_t turn)
{
    (void)turn;
    list_by("-created", NULL, "run 99");
}

static void search_nothing(uint64_t turn)
{
    (void)turn;
    list_by("-created", NULL, "nowhere");
}

static void count_jobs(uint64_t turn)
{
    struct error err;
    int64_t count;
    const struct job_query query = {.user_id = user_id};
    (void)turn;
    must(job_total(store, &query, &count, &err), &err);
}

/* ---- the table ---- */

/* Jobs as they lie in a store after a year: most completed with metrics, some failed, few waiting.
 */
static void fill(int64_t count)
{
    struct error err;
    char name[32];
    for (int64_t i = 0; i < count; i++) {
        struct job *job = NULL;
        int64_t id;
        bool is_new;
        snprintf(name, sizeof(name), "run %lld", (long long)i);
        const struct job_new new = {.user_id = user_id,
                                    .task = JOB_TRAIN,
                                    .name = name,
                                    .model_type = i % 4 == 0 ? "popular" : "als",
                                    .data_path = "/data",
                                    .params_json = "{\"iterations\":10,\"factors\":60}",
                                    .run_json = "{\"k\":40}"};
        must(job_create(store, &new, &id, &is_new, &err), &err);
        must(job_claim(store, JOB_TRAIN, "bench", LEASE_MS, &job, &err), &err);
        const struct fence fence = {job->job_id, job->epoch};
        job_free(job);
        must(job_advance(store, fence, PHASE_TRAIN, NULL, &err), &err);
        if (i % 20 == 0) {
            must(job_fail(store, fence, "bad_data", "a column is missing", &err), &err);
            continue;
        }
        json_t *metrics =
            json_pack("{s:f, s:f, s:f}", "recall_at_k", (double)(i * 7919 % 1000) / 1e3,
                      "precision_at_k", 0.009, "f1_at_k", 0.017);
        const struct job_outcome outcome = {.metrics = metrics, .result_json = "{\"k\":40}"};
        must(job_finish(store, fence, &outcome, &err), &err);
        json_decref(metrics);
    }
}

static void *fill_share(void *argument)
{
    fill(*(const int64_t *)argument);
    return NULL;
}

/* Many at once, since they share their commits. */
static void fill_all(void)
{
    pthread_t threads[CLIENTS_MAX];
    int64_t share = (jobs_wanted + CLIENTS_MAX - 1) / CLIENTS_MAX;
    for (int i = 0; i < CLIENTS_MAX; i++)
        if (pthread_create(&threads[i], NULL, fill_share, &share) != 0)
            exit(1);
    for (int i = 0; i < CLIENTS_MAX; i++)
        pthread_join(threads[i], NULL);
}

static void open_store(const char *path)
{
    struct error err;
    const struct store_spec spec = {.url = path, .connections = 2 + READERS};
    int64_t session_id;
    must(store_open(&spec, &store, &err), &err);
    must(user_create(store, "bench@example.com", "hash", false, &user_id, &err), &err);
    const struct session_new session = {.user_id = user_id,
                                        .token_hash = "hash",
                                        .agent = "bench",
                                        .address = "127.0.0.1",
                                        .idle_ms = 1800000,
                                        .lifetime_ms = 43200000};
    must(session_create(store, &session, &session_id, &err), &err);
}

int main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : ".";
    char path[4096], other[4200];
    jobs_wanted = argc > 2 ? atoll(argv[2]) : 100000;
    json_init();
    snprintf(path, sizeof(path), "%s/bench_store.%d.db", directory, (int)getpid());
    const double disk = sync_rate(directory);
    printf("%-44s %10.0f/s\n", "fdatasync of one page", disk);
    open_store(path);
    const double one = rate_of("job_create, 1 client", 1, create_job);
    const double many = rate_of("job_create, 64 clients", 64, create_job);
    const double disk_again = sync_rate(directory);
    printf("%-44s %10.0f/s\n", "fdatasync of one page, again", disk_again);
    const double rate = (disk + disk_again) / 2;
    printf("%-44s %10.2f   (0.6 or more)\n", "ratio, 1 client", one / rate);
    printf("%-44s %10.2f   (4 or more)\n", "ratio, 64 clients", many / rate);
    fill_all();
    rate_of("session_find", READERS, find_session);
    rate_of("job_read", READERS, read_job);
    rate_of("job_list, newest 50", READERS, list_newest);
    rate_of("job_list, newest 50 that failed", READERS, list_failed);
    rate_of("job_list, 50 best by recall", READERS, list_by_metric);
    rate_of("job_list, 50 longest", READERS, list_by_duration);
    rate_of("job_list, 50 by status", READERS, list_by_status);
    rate_of("job_list, text in the newest", READERS, search_text);
    rate_of("job_list, text that is nowhere", READERS, search_nothing);
    rate_of("job_total", READERS, count_jobs);
    store_close(store);
    const char *const ends[] = {"", "-wal", "-shm"};
    for (int i = 0; i < 3; i++) {
        snprintf(other, sizeof(other), "%s%s", path, ends[i]);
        unlink(other);
    }
    return 0;
}
