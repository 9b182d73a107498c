/* Which workers there are, and which jobs they have. */
#include "store/record.h"
#include "store/work.h"

enum { NOW_COLUMN = 8 };

static const struct field worker_fields[] = {
    {FIELD_TEXT, offsetof(struct worker, worker_id)},
    {FIELD_TEXT, offsetof(struct worker, host)},
    {FIELD_TEXT, offsetof(struct worker, version)},
    {FIELD_INT, offsetof(struct worker, job_id)},
    {FIELD_BOOL, offsetof(struct worker, is_draining)},
    {FIELD_TASK, offsetof(struct worker, task)},
    {FIELD_INT, offsetof(struct worker, started_ms)},
    {FIELD_INT, offsetof(struct worker, seen_ms)},
};
static const struct record_type worker_type = {sizeof(struct worker), worker_fields, NOW_COLUMN};

enum err worker_seen(struct store *store, const struct worker *worker, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(check_text("the worker's name", worker->worker_id, 1, WORKER_NAME_MAX, err));
    TRY(check_text("the worker's host", worker->host, 1, STORE_TEXT_MAX, err));
    TRY(check_text("the worker's version", worker->version, 1, STORE_TEXT_MAX, err));
    TRY(STORE_RUN(store, TX_LAX, worker_seen, &rows, arg_text(worker->worker_id),
                  arg_text(worker->host), arg_text(worker->version), arg_int(worker->job_id),
                  arg_int(worker->is_draining), arg_text(job_task_name(worker->task))));
done:
    rows_release(&rows);
    return rc;
}

enum err worker_gone(struct store *store, const char *worker_id, struct error *err)
{
    struct rows rows = {0};
    const enum err rc = STORE_RUN(store, TX_LAX, worker_gone, &rows, arg_text(worker_id));
    rows_release(&rows);
    return rc;
}

enum err worker_list(struct store *store, struct worker_list *ret_list, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct worker_list list = {0};
    void **workers = NULL;
    TRY(store_now(store, &list.now_ms, err));
    TRY(STORE_RUN(store, TX_READ, worker_list, &rows));
    TRY(record_list(&rows, STORE_LIST_MAX, &worker_type, &workers, &list.count, err));
    list.workers = (struct worker **)workers;
    *ret_list = list;
done:
    rows_release(&rows);
    return rc;
}

void worker_list_release(struct worker_list *list)
{
    record_list_free((void **)list->workers, list->count);
    *list = (struct worker_list){0};
}

static const struct field active_fields[] = {
    {FIELD_INT, offsetof(struct active_job, job_id)},
    {FIELD_INT, offsetof(struct active_job, epoch)},
    {FIELD_INT, offsetof(struct active_job, user_id)},
    {FIELD_TEXT, offsetof(struct active_job, owner)},
    {FIELD_INT, offsetof(struct active_job, lease_until_ms)},
};
static const struct record_type active_type = {sizeof(struct active_job), active_fields, 5};

enum err active_job_list(struct store *store, struct active_job_list *ret_list, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void **jobs = NULL;
    int32_t count = 0;
    TRY(STORE_RUN(store, TX_READ, active_list, &rows));
    TRY(record_list(&rows, rows.count, &active_type, &jobs, &count, err));
    *ret_list = (struct active_job_list){(struct active_job **)jobs, count};
done:
    rows_release(&rows);
    return rc;
}

void active_job_list_release(struct active_job_list *list)
{
    record_list_free((void **)list->jobs, list->count);
    *list = (struct active_job_list){0};
}

enum err job_was_removed(struct store *store, int64_t job_id, bool *ret_removed, struct error *err)
{
    struct rows rows = {0};
    const enum err rc = STORE_RUN(store, TX_READ, job_was_removed, &rows, arg_int(job_id));
    if (rc == ERR_OK)
        *ret_removed = rows_int(&rows, 0, 0) > 0;
    rows_release(&rows);
    return rc;
}
