#include "store/jobs.h"

#include <string.h>

#include "base/memory.h"
#include "jobs/problem.h"
#include "store/job_record.h"
#include "store/model_rows.h"

/* As {job_columns} of sql/common.sql, then the result and the queue position. */
static const struct field job_fields[] = {JOB_WHOLE_FIELDS(0)};
enum { JOB_FIELDS = sizeof(job_fields) / sizeof(job_fields[0]) };

const struct record_type job_type = {sizeof(struct job), job_fields, JOB_FIELDS - 2};
const struct record_type job_whole_type = {sizeof(struct job), job_fields, JOB_FIELDS};

enum err event_add(struct tx *tx, int64_t job_id, const char *kind, const char *message,
                   struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    if (!tx->store->backend->one_writer)
        TRY(RUN(tx, event_order, &rows));
    TRY(RUN(tx, event_add, &rows, arg_int(job_id), arg_text(kind), arg_text(message)));
done:
    rows_release(&rows);
    return rc;
}

enum err status_of(const struct rows *rows, int32_t column, enum job_status *ret_status,
                   struct error *err)
{
    const char *text = rows_text(rows, 0, column);
    if (text == NULL || !job_status_find(text, ret_status))
        return FAIL(err, ERR_CORRUPT, "the store has a status %s", text != NULL ? text : "null");
    return ERR_OK;
}

/* ---- read ---- */

static enum err read_by(struct store *store, enum query query, int64_t user_id, enum job_task task,
                        int64_t job_id, struct job **ret_job, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void *record = NULL;
    const struct arg args[] = {arg_int(job_id), arg_int(user_id), arg_text(job_task_name(task))};
    TRY(store_run(store, TX_READ, query, args, query == QUERY_job_read_any ? 1 : 3, &rows, err));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_NOT_FOUND, "there is no job %lld", (long long)job_id);
        goto done;
    }
    TRY(record_of(&rows, 0, &job_whole_type, &record, err));
    *ret_job = record;
done:
    rows_release(&rows);
    return rc;
}

enum err job_read(struct store *store, int64_t user_id, enum job_task task, int64_t job_id,
                  struct job **ret_job, struct error *err)
{
    return read_by(store, user_id == 0 ? QUERY_job_read_any : QUERY_job_read, user_id, task, job_id,
                   ret_job, err);
}

enum err job_read_brief(struct store *store, int64_t user_id, enum job_task task, int64_t job_id,
                        struct job **ret_job, struct error *err)
{
    return read_by(store, QUERY_job_read_brief, user_id, task, job_id, ret_job, err);
}

/* ---- events and points ---- */

static const struct field event_fields[] = {
    {FIELD_INT, offsetof(struct job_event, event_id)},
    {FIELD_INT, offsetof(struct job_event, job_id)},
    {FIELD_TEXT, offsetof(struct job_event, kind)},
    {FIELD_TEXT, offsetof(struct job_event, message)},
    {FIELD_INT, offsetof(struct job_event, at_ms)},
};
static const struct record_type event_type = {sizeof(struct job_event), event_fields, 5};

enum err job_events(struct store *store, int64_t user_id, int64_t job_id, int64_t after_id,
                    int32_t limit, struct job_event_list *ret_list, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    const int32_t most = list_limit(limit);
    if (job_id == 0)
        TRY(STORE_RUN(store, TX_READ, event_list, &rows, arg_int(user_id), arg_int(after_id),
                      arg_int(most)));
    else
        TRY(STORE_RUN(store, TX_READ, event_list_of_job, &rows, arg_int(user_id), arg_int(after_id),
                      arg_int(most), arg_int(job_id)));
    TRY(record_list(&rows, most, &event_type, &list, &count, err));
    *ret_list = (struct job_event_list){(struct job_event **)list, count};
done:
    rows_release(&rows);
    return rc;
}

void job_event_list_release(struct job_event_list *list)
{
    record_list_free((void **)list->events, list->count);
    *list = (struct job_event_list){0};
}

enum err job_last_event(struct store *store, int64_t *ret_event_id, struct error *err)
{
    struct rows rows = {0};
    const enum err rc = STORE_RUN(store, TX_READ, event_last, &rows);
    if (rc == ERR_OK)
        *ret_event_id = rows_int(&rows, 0, 0);
    rows_release(&rows);
    return rc;
}

static const struct field point_fields[] = {
    {FIELD_INT, offsetof(struct job_point, attempt)},
    {FIELD_TEXT, offsetof(struct job_point, name)},
    {FIELD_INT, offsetof(struct job_point, step)},
    {FIELD_REAL, offsetof(struct job_point, value)},
    {FIELD_INT, offsetof(struct job_point, at_ms)},
};
const struct record_type point_type = {sizeof(struct job_point), point_fields, 5};

struct job_owner {
    int64_t user_id; /* 0: anybody's, of any task */
    enum job_task task;
};

/* The status of a job that must be the owner's. Locks the row. */
static enum err lock_owned(struct tx *tx, struct job_owner owner, int64_t job_id, struct rows *rows,
                           enum job_status *ret_status, struct error *err)
{
    enum err rc;
    if (owner.user_id == 0)
        TRY(RUN(tx, job_owned_any, rows, arg_int(job_id)));
    else
        TRY(RUN(tx, job_owned, rows, arg_int(job_id), arg_int(owner.user_id),
                arg_text(job_task_name(owner.task))));
    if (rows->count == 0)
        rc = FAIL(err, ERR_NOT_FOUND, "there is no job %lld", (long long)job_id);
    else
        rc = status_of(rows, 0, ret_status, err);
done:
    return rc;
}

enum err job_points(struct store *store, int64_t user_id, enum job_task task, int64_t job_id,
                    struct job_point_list *ret_list, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(RUN(&tx, job_there, &rows, arg_int(job_id), arg_int(user_id),
            arg_text(job_task_name(task))));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_NOT_FOUND, "there is no job %lld", (long long)job_id);
        goto done;
    }
    TRY(RUN(&tx, point_list, &rows, arg_int(job_id)));
    TRY(record_list(&rows, 10 * STORE_LIST_MAX, &point_type, &list, &count, err));
    *ret_list = (struct job_point_list){(struct job_point **)list, count};
    rc = ERR_OK;
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

void job_point_list_release(struct job_point_list *list)
{
    record_list_free((void **)list->points, list->count);
    *list = (struct job_point_list){0};
}

/* ---- cancel and remove ---- */

enum err event_removed(struct tx *tx, int64_t job_id, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    if (!tx->store->backend->one_writer)
        TRY(RUN(tx, event_order, &rows));
    TRY(RUN(tx, event_removed, &rows, arg_int(job_id)));
done:
    rows_release(&rows);
    return rc;
}

enum err job_cancel(struct store *store, int64_t user_id, enum job_task task, int64_t job_id,
                    bool *ret_ended, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    enum job_status status;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(lock_owned(&tx, (struct job_owner){user_id, task}, job_id, &rows, &status, err));
    const bool asked = rows_int(&rows, 0, 1) != 0;
    if (job_status_is_terminal(status)) {
        rc = FAIL_REASON(err, ERR_CONFLICT, "job_ended", "job %lld has ended: it is %s",
                         (long long)job_id, job_status_name(status));
        goto done;
    }
    if (status == JOB_PENDING) {
        TRY(RUN(&tx, job_fail, &rows, arg_int(job_id), arg_text(JOB_CANCELLED),
                arg_text("cancelled before it began")));
        TRY(event_add(&tx, job_id, "failed", JOB_CANCELLED, err));
    } else if (!asked) {
        TRY(RUN(&tx, job_ask_cancel, &rows, arg_int(job_id)));
        TRY(event_add(&tx, job_id, "cancel_requested", NULL, err));
    }
    TRY(tx_commit(&tx, err));
    *ret_ended = status == JOB_PENDING;
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err job_rename(struct store *store, int64_t user_id, int64_t job_id, const char *name,
                    int64_t as_of_ms, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    enum job_status status;
    if ((rc = check_text("the name", name, 0, JOB_NAME_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(lock_owned(&tx, (struct job_owner){user_id, JOB_TRAIN}, job_id, &rows, &status, err));
    TRY(RUN(&tx, job_rename, &rows, arg_int(job_id), arg_int(user_id), arg_text(name),
            arg_int(as_of_ms)));
    if (rows.changed == 0) {
        rc =
            FAIL_REASON(err, ERR_CONFLICT, "precondition",
                        "job %lld was changed since it was read: read it again", (long long)job_id);
        goto done;
    }
    TRY(event_add(&tx, job_id, "renamed", name, err));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

/* The model that the job made goes with it, unless an alias points there. */
static enum err remove_model(struct tx *tx, int64_t job_id, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, model_id_of_job, &rows, arg_int(job_id)));
    if (rows.count > 0)
        TRY(model_row_remove(tx, 0, rows_int(&rows, 0, 0), err));
done:
    rows_release(&rows);
    return rc;
}

enum err job_remove(struct store *store, int64_t user_id, enum job_task task, int64_t job_id,
                    struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    enum job_status status;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(lock_owned(&tx, (struct job_owner){user_id, task}, job_id, &rows, &status, err));
    if (!job_status_is_terminal(status)) {
        rc = FAIL_REASON(err, ERR_CONFLICT, "job_running",
                         "job %lld has not ended: cancel it first", (long long)job_id);
        goto done;
    }
    TRY(remove_model(&tx, job_id, err));
    TRY(RUN(&tx, job_remove_events, &rows, arg_int(job_id)));
    TRY(RUN(&tx, job_uncount, &rows, arg_int(job_id)));
    TRY(event_removed(&tx, job_id, err));
    TRY(RUN(&tx, job_remove, &rows, arg_int(job_id)));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}
