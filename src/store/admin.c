/* Counting, checking, tidying and backing up. */
#include <stdio.h>
#include <string.h>

#include "jobs/status.h"
#include "store/db.h"

static void add_count(struct job_counts *counts, const char *status, int64_t count)
{
    const struct {
        const char *name;
        int64_t *to;
    } places[] = {
        {"pending", &counts->pending},
        {"loading_data", &counts->loading_data},
        {"preprocessing", &counts->preprocessing},
        {"training", &counts->training},
        {"completed", &counts->completed},
        {"failed", &counts->failed},
        {"cancelled", &counts->cancelled},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strcmp(places[i].name, status) == 0)
            *places[i].to = count;
}

static enum err count_waits(struct store *store, enum job_task task, struct job_counts *counts,
                            struct error *err)
{
    struct rows rows = {0};
    const enum err rc =
        STORE_RUN(store, TX_READ, count_waits, &rows, arg_text(job_task_name(task)));
    if (rc == ERR_OK) {
        counts->cancelled_waiting = rows_int(&rows, 0, 0);
        counts->deaths = rows_int(&rows, 0, 1);
        counts->oldest_pending_ms = rows_int(&rows, 0, 2);
    }
    rows_release(&rows);
    return rc;
}

enum err store_counts(struct store *store, struct store_counts *ret_counts, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct store_counts counts = {0};
    TRY(STORE_RUN(store, TX_READ, count_jobs, &rows));
    for (int32_t i = 0; i < rows.count; i++) {
        const char *task = rows_text(&rows, i, 2);
        struct job_counts *jobs = strcmp(task, job_task_name(JOB_TRAIN)) == 0     ? &counts.train
                                  : strcmp(task, job_task_name(JOB_PREDICT)) == 0 ? &counts.predict
                                                                                  : NULL;
        if (jobs != NULL)
            add_count(jobs, rows_text(&rows, i, 0), rows_int(&rows, i, 1));
    }
    TRY(count_waits(store, JOB_TRAIN, &counts.train, err));
    TRY(count_waits(store, JOB_PREDICT, &counts.predict, err));
    TRY(STORE_RUN(store, TX_READ, count_rest, &rows));
    counts.users = rows_int(&rows, 0, 0);
    counts.sessions = rows_int(&rows, 0, 1);
    counts.models = rows_int(&rows, 0, 2);
    counts.outbox = rows_int(&rows, 0, 3);
    counts.workers = rows_int(&rows, 0, 4);
    *ret_counts = counts;
done:
    rows_release(&rows);
    return rc;
}

enum err store_durations(struct store *store, struct store_duration ret_list[STORE_DURATIONS_MAX],
                         int32_t *ret_count, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(STORE_RUN(store, TX_READ, count_durations, &rows));
    const int32_t count = rows.count < STORE_DURATIONS_MAX ? rows.count : STORE_DURATIONS_MAX;
    for (int32_t i = 0; i < count; i++) {
        snprintf(ret_list[i].model_type, STORE_TYPE_SIZE, "%s", rows_text(&rows, i, 0));
        ret_list[i].jobs = rows_int(&rows, i, 1);
        ret_list[i].total_ms = rows_int(&rows, i, 2);
    }
    *ret_count = count;
done:
    rows_release(&rows);
    return rc;
}

enum err store_tidy(struct store *store, struct error *err)
{
    static const enum query queries[] = {QUERY_tidy_sessions, QUERY_tidy_tokens, QUERY_tidy_keys,
                                         QUERY_tidy_events, QUERY_tidy_workers};
    enum err rc = ERR_OK;
    struct rows rows = {0};
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
        TRY(store_run(store, TX_WRITE, queries[i], NULL, 0, &rows, err));
done:
    rows_release(&rows);
    return rc;
}

static const struct {
    enum query query;
    const char *what, *fault;
} rules[] = {
    {QUERY_check_metrics, "job", "has metrics, but is not completed"},
    {QUERY_check_models, "job", "has a model, but is not completed, or it is another user's"},
    {QUERY_check_ended, "job", "has ended without a time, or has a time without having ended"},
    {QUERY_check_counts, "user", "has another number of jobs than is noted"},
    {QUERY_check_kept, "user", "has another number of models, or of their bytes, than is noted"},
    {QUERY_check_versions, "model",
     "is no version of a name of its user, or a later one than there are"},
    {QUERY_check_aliases, "model", "has an alias of a name that it is no version of"},
    {QUERY_check_moves, "model", "has an alias that its history does not tell of"},
};

enum err store_check(struct store *store, struct strbuf *report, int64_t *ret_faults,
                     struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    int64_t faults = 0;
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(store->backend->check(tx.db, report, &faults, err));
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        TRY(tx_run(&tx, rules[i].query, NULL, 0, &rows, err));
        for (int32_t row = 0; row < rows.count; row++, faults++)
            TRY(strbuf_addf(report, err, "%s %lld %s\n", rules[i].what,
                            (long long)rows_int(&rows, row, 0), rules[i].fault));
    }
    TRY(tx_commit(&tx, err));
    *ret_faults = faults;
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err store_backup(struct store *store, const char *path, struct error *err)
{
    enum err rc;
    struct tx tx;
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(store->backend->backup(tx.db, path, err));
    TRY(tx_commit(&tx, err));
done:
    tx_end(&tx);
    return rc;
}
