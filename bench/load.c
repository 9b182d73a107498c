/*
 * Seconds of dataset_load beside those that DuckDB itself needs to count the train pairs of the
 * same files with as many threads. Each run is a child process of its own, so that its peak of
 * memory is its own; the two take turns. Prints JSON.
 *
 *   bench_load DIRECTORY [--threads N] [--runs N]
 */
#include <duckdb.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "data/dataset.h"

enum { RUNS_MAX = 100 };

struct outcome {
    double seconds, cpu_seconds, load_seconds, split_seconds;
    int64_t peak_rss_bytes, rows; /* rows: of the result */
    bool ok;
};

struct job {
    const char *directory;
    int threads;
};

static void run_load(const struct job *job, struct outcome *out)
{
    struct error err;
    struct dataset *dataset = NULL;
    const struct load_spec spec = {
        .path = job->directory,
        .user_column = "cookie",
        .item_column = "node",
        .event_column = "event",
        .time_column = "event_date",
        .eval_days = 14,
        .sample_users = 1,
        .threads = job->threads,
    };
    const double begin = clock_seconds();
    if (dataset_load(&spec, NULL, &dataset, &err) != ERR_OK) {
        fprintf(stderr, "bench_load: %s\n", err.message);
        return;
    }
    out->seconds = clock_seconds() - begin;
    out->load_seconds = dataset->load_seconds;
    out->split_seconds = dataset->split_seconds;
    out->rows = dataset->funnel.nnz;
    out->ok = true;
    dataset_free(dataset);
}

/* The result is streamed and dropped: no time goes into keeping it. */
static bool drain(duckdb_connection connection, const char *sql, int64_t *ret_rows)
{
    duckdb_prepared_statement statement = NULL;
    duckdb_result result;
    *ret_rows = 0;
    if (duckdb_prepare(connection, sql, &statement) != DuckDBSuccess) {
        fprintf(stderr, "bench_load: %s\n", duckdb_prepare_error(statement));
        duckdb_destroy_prepare(&statement);
        return false;
    }
    const bool ok = duckdb_execute_prepared_streaming(statement, &result) == DuckDBSuccess;
    if (ok)
        for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)) != NULL;) {
            *ret_rows += (int64_t)duckdb_data_chunk_get_size(chunk);
            duckdb_destroy_data_chunk(&chunk);
        }
    duckdb_destroy_result(&result);
    duckdb_destroy_prepare(&statement);
    return ok;
}

/* The threshold is found before the clock starts, so that the query reads the file once. */
static bool count_pairs(duckdb_connection connection, const char *directory, struct outcome *out)
{
    char sql[2048];
    duckdb_result result;
    snprintf(sql, sizeof(sql),
             "SELECT CAST(max(event_date) - INTERVAL 14 DAY AS VARCHAR) FROM "
             "read_parquet('%s/clickstream.pq')",
             directory);
    if (duckdb_query(connection, sql, &result) != DuckDBSuccess) {
        fprintf(stderr, "bench_load: %s\n", duckdb_result_error(&result));
        duckdb_destroy_result(&result);
        return false;
    }
    char *threshold = duckdb_value_varchar(&result, 0, 0);
    snprintf(sql, sizeof(sql),
             "SELECT cookie, node, count(*) FROM read_parquet('%s/clickstream.pq') WHERE "
             "event_date <= TIMESTAMP_NS '%s' GROUP BY ALL",
             directory, threshold);
    duckdb_free(threshold);
    duckdb_destroy_result(&result);
    const double begin = clock_seconds();
    const bool ok = drain(connection, sql, &out->rows);
    out->seconds = clock_seconds() - begin;
    return ok;
}

static void run_group_by(const struct job *job, struct outcome *out)
{
    char threads[16];
    duckdb_config config;
    duckdb_database database;
    duckdb_connection connection;

    snprintf(threads, sizeof(threads), "%d", job->threads);
    if (duckdb_create_config(&config) != DuckDBSuccess)
        return;
    duckdb_set_config(config, "threads", threads);
    duckdb_set_config(config, "preserve_insertion_order", "false");
    if (duckdb_open_ext(NULL, &database, config, NULL) == DuckDBSuccess) {
        if (duckdb_connect(database, &connection) == DuckDBSuccess) {
            out->ok = count_pairs(connection, job->directory, out);
            duckdb_disconnect(&connection);
        }
        duckdb_close(&database);
    }
    duckdb_destroy_config(&config);
}

/* Of all threads: a figure that other programs on the machine hardly change. */
static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static struct outcome run_in_child(void (*run)(const struct job *, struct outcome *),
                                   const struct job *job)
{
    struct outcome out = {0};
    int ends[2];
    if (pipe(ends) != 0)
        return out;
    const pid_t child = fork();
    if (child == 0) {
        run(job, &out);
        out.cpu_seconds = cpu_seconds();
        out.peak_rss_bytes = mem_peak_rss_bytes();
        _exit(write(ends[1], &out, sizeof(out)) == (ssize_t)sizeof(out) ? 0 : 1);
    }
    close(ends[1]);
    if (child < 0 || read(ends[0], &out, sizeof(out)) != (ssize_t)sizeof(out))
        out.ok = false;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return out;
}

static int compare_seconds(const void *a, const void *b)
{
    const double x = ((const struct outcome *)a)->seconds, y = ((const struct outcome *)b)->seconds;
    return (x > y) - (x < y);
}

static void print_outcomes(const char *name, struct outcome *outcomes, int runs)
{
    int64_t peak = 0;
    qsort(outcomes, (size_t)runs, sizeof(*outcomes), compare_seconds);
    for (int i = 0; i < runs; i++)
        peak = outcomes[i].peak_rss_bytes > peak ? outcomes[i].peak_rss_bytes : peak;
    const struct outcome *median = &outcomes[runs / 2];
    printf("  \"%s\": {\"seconds_best\": %.3f, \"seconds_median\": %.3f, \"cpu_seconds\": %.3f, "
           "\"load_seconds\": %.3f, "
           "\"split_seconds\": %.3f, \"pairs\": %" PRId64 ", \"peak_rss_bytes\": %" PRId64 "},\n",
           name, outcomes[0].seconds, median->seconds, median->cpu_seconds, median->load_seconds,
           median->split_seconds, median->rows, peak);
}

int main(int argc, char **argv)
{
    struct job job = {.threads = 2};
    int runs = 3;
    static struct outcome loads[RUNS_MAX], queries[RUNS_MAX];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            job.threads = (int)strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
            runs = (int)strtol(argv[++i], NULL, 10);
        else
            job.directory = argv[i];
    }
    if (job.directory == NULL || runs < 1 || runs > RUNS_MAX || job.threads < 1) {
        fprintf(stderr, "usage: bench_load DIRECTORY [--threads N] [--runs N]\n");
        return 2;
    }
    for (int i = 0; i < runs; i++) {
        loads[i] = run_in_child(run_load, &job);
        queries[i] = run_in_child(run_group_by, &job);
        if (!loads[i].ok || !queries[i].ok)
            return 1;
    }
    printf("{\n");
    print_outcomes("dataset_load", loads, runs);
    print_outcomes("duckdb_group_by", queries, runs);
    printf("  \"threads\": %d,\n  \"runs\": %d,\n  \"ratio_of_medians\": %.3f\n}\n", job.threads,
           runs, loads[runs / 2].seconds / queries[runs / 2].seconds);
    return 0;
}
