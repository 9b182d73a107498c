#include "store/models.h"

#include "store/job_record.h"

static const struct field model_fields[] = {
    {FIELD_INT, offsetof(struct model_record, model_id)},
    {FIELD_INT, offsetof(struct model_record, job_id)},
    {FIELD_INT, offsetof(struct model_record, user_id)},
    {FIELD_TEXT, offsetof(struct model_record, model_type)},
    {FIELD_TEXT, offsetof(struct model_record, path)},
    {FIELD_TEXT, offsetof(struct model_record, sha256)},
    {FIELD_INT, offsetof(struct model_record, size_bytes)},
    {FIELD_INT, offsetof(struct model_record, created_ms)},
    {FIELD_TEXT, offsetof(struct model_record, job_name)},
    {FIELD_TEXT, offsetof(struct model_record, metrics_json)},
    {FIELD_TEXT, offsetof(struct model_record, run_json)},
};
static const struct record_type model_type = {sizeof(struct model_record), model_fields, 11};

static enum err read_one(struct store *store, enum query query, int64_t id, int64_t user_id,
                         struct model_record **ret_model, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void *record = NULL;
    const struct arg args[] = {arg_int(id), arg_int(user_id)};
    TRY(store_run(store, TX_READ, query, args, 2, &rows, err));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_NOT_FOUND, "there is no such model");
        goto done;
    }
    TRY(record_of(&rows, 0, &model_type, &record, err));
    *ret_model = record;
done:
    rows_release(&rows);
    return rc;
}

enum err model_read(struct store *store, int64_t user_id, int64_t model_id,
                    struct model_record **ret_model, struct error *err)
{
    return read_one(store, QUERY_model_read, model_id, user_id, ret_model, err);
}

enum err model_of_job(struct store *store, int64_t user_id, int64_t job_id,
                      struct model_record **ret_model, struct error *err)
{
    return read_one(store, QUERY_model_of_job, job_id, user_id, ret_model, err);
}

enum err model_list(struct store *store, int64_t user_id, int64_t before_id, int32_t limit,
                    struct model_list *ret_list, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    const int32_t most = limit < 1 ? 1 : limit > STORE_LIST_MAX ? STORE_LIST_MAX : limit;
    TRY(STORE_RUN(store, TX_READ, model_list, &rows, arg_int(user_id),
                  arg_int(before_id > 0 ? before_id : INT64_MAX), arg_int(most)));
    TRY(record_list(&rows, most, &model_type, &list, &count, err));
    *ret_list = (struct model_list){(struct model_record **)list, count};
done:
    rows_release(&rows);
    return rc;
}

void model_list_release(struct model_list *list)
{
    record_list_free((void **)list->models, list->count);
    *list = (struct model_list){0};
}

enum err model_remove(struct store *store, int64_t user_id, int64_t model_id, struct error *err)
{
    struct rows rows = {0};
    enum err rc =
        STORE_RUN(store, TX_WRITE, model_remove, &rows, arg_int(model_id), arg_int(user_id));
    if (rc == ERR_OK && rows.changed == 0)
        rc = FAIL(err, ERR_NOT_FOUND, "there is no such model");
    rows_release(&rows);
    return rc;
}

enum err model_file_fate(struct store *store, int64_t job_id, const char *path,
                         enum model_file_fate *ret_fate, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    enum job_status status;
    TRY(STORE_RUN(store, TX_READ, model_file, &rows, arg_int(job_id), arg_text(path)));
    if (rows.count == 0) {
        *ret_fate = MODEL_FILE_FOREIGN;
        goto done;
    }
    TRY(status_of(&rows, 0, &status, err));
    const bool named = rows_int(&rows, 0, 1) > 0;
    *ret_fate = named || !job_status_is_terminal(status) ? MODEL_FILE_NAMED : MODEL_FILE_ORPHAN;
done:
    rows_release(&rows);
    return rc;
}
