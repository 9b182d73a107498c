#include "store/predictions.h"

#include "base/memory.h"
#include "store/job_record.h"

static const struct field prediction_fields[] = {
    JOB_WHOLE_FIELDS(offsetof(struct prediction, job)),
    {FIELD_INT, offsetof(struct prediction, model_id)},
    {FIELD_TEXT, offsetof(struct prediction, model_type)},
    {FIELD_TEXT, offsetof(struct prediction, model_name)},
    {FIELD_INT, offsetof(struct prediction, model_version)},
    {FIELD_TEXT, offsetof(struct prediction, model_path)},
    {FIELD_TEXT, offsetof(struct prediction, model_sha256)},
    {FIELD_INT, offsetof(struct prediction, model_bytes)},
    {FIELD_TEXT, offsetof(struct prediction, file_path)},
    {FIELD_TEXT, offsetof(struct prediction, file_sha256)},
    {FIELD_INT, offsetof(struct prediction, file_bytes)},
    {FIELD_INT, offsetof(struct prediction, file_rows)},
    {FIELD_INT, offsetof(struct prediction, file_users)},
};
static const struct record_type prediction_type = {sizeof(struct prediction), prediction_fields,
                                                   sizeof(prediction_fields) /
                                                       sizeof(prediction_fields[0])};

/* ---- with the job ---- */

enum err prediction_add(struct tx *tx, int64_t job_id, const struct job_new *job, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    const struct prediction_new *new = job->prediction;
    TRY(check_text("the list of users", new->user_ids, 0, PREDICTION_IDS_MAX, err));
    TRY(RUN(tx, prediction_add, &rows, arg_int(job_id), arg_int(new->model_id),
            arg_int(job->user_id)));
    if (rows.changed == 0)
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "there is no such model");
    else if (new->user_ids != NULL)
        rc = RUN(tx, prediction_users_add, &rows, arg_int(job_id), arg_text(new->user_ids));
done:
    rows_release(&rows);
    return rc;
}

enum err prediction_finish(struct tx *tx, int64_t job_id, const struct prediction_file *file,
                           struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(check_text("the file's path", file->path, 1, JOB_PATH_MAX, err));
    TRY(check_text("the file's checksum", file->sha256, 1, STORE_TEXT_MAX, err));
    TRY(RUN(tx, prediction_finish, &rows, arg_int(job_id), arg_text(file->path),
            arg_text(file->sha256), arg_int(file->bytes), arg_int(file->rows),
            arg_int(file->users)));
done:
    rows_release(&rows);
    return rc;
}

/* ---- read ---- */

enum err prediction_read(struct store *store, int64_t user_id, int64_t prediction_id, bool brief,
                         struct prediction **ret_prediction, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void *record = NULL;
    const struct arg args[] = {arg_int(prediction_id), arg_int(user_id)};
    TRY(store_run(store, TX_READ, brief ? QUERY_prediction_read_brief : QUERY_prediction_read, args,
                  2, &rows, err));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_NOT_FOUND, "there is no prediction %lld", (long long)prediction_id);
        goto done;
    }
    TRY(record_of(&rows, 0, &prediction_type, &record, err));
    *ret_prediction = record;
done:
    rows_release(&rows);
    return rc;
}

void prediction_free(struct prediction *prediction)
{
    mem_free(prediction);
}

enum err prediction_user_ids(struct store *store, int64_t prediction_id, char **ret_text,
                             struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    char *text = NULL;
    TRY(STORE_RUN(store, TX_READ, prediction_users_read, &rows, arg_int(prediction_id)));
    if (rows.count > 0)
        TRY_PTR(text = mem_dup_string(rows_text(&rows, 0, 0), err));
    *ret_text = text;
done:
    rows_release(&rows);
    return rc;
}

enum err prediction_list(struct store *store, const struct prediction_query *query,
                         struct prediction_list *ret_list, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    char statuses[256] = "";
    const int32_t most = list_limit(query->limit);
    TRY(check_text("the list of statuses", query->statuses, 0, 200, err));
    if (query->statuses != NULL)
        snprintf(statuses, sizeof(statuses), ",%s,", query->statuses);
    TRY(STORE_RUN(store, TX_READ, prediction_list, &rows, arg_int(query->user_id),
                  arg_int(query->before_id > 0 ? query->before_id : INT64_MAX), arg_text(statuses),
                  arg_int(query->model_id), arg_int(most)));
    TRY(record_list(&rows, most, &prediction_type, &list, &count, err));
    *ret_list = (struct prediction_list){(struct prediction **)list, count};
done:
    rows_release(&rows);
    return rc;
}

void prediction_list_release(struct prediction_list *list)
{
    record_list_free((void **)list->predictions, list->count);
    *list = (struct prediction_list){0};
}

enum err prediction_each(struct store *store, const struct prediction_query *query,
                         enum err (*visit)(void *context, const struct prediction *prediction,
                                           struct error *err),
                         void *context, struct error *err)
{
    enum err rc;
    struct prediction_list page = {0};
    struct prediction_query next = *query;
    do {
        prediction_list_release(&page);
        TRY(prediction_list(store, &next, &page, err));
        for (int32_t i = 0; i < page.count; i++) {
            next.before_id = page.predictions[i]->job.job_id;
            TRY(visit(context, page.predictions[i], err));
        }
    } while (page.count == list_limit(next.limit));
done:
    prediction_list_release(&page);
    return rc;
}

const char *prediction_status_name(const struct prediction *prediction)
{
    switch (prediction->job.status) {
    case JOB_PREPROCESSING:
        return job_status_name(JOB_LOADING_DATA);
    case JOB_TRAINING:
        return "predicting";
    default:
        return job_shown_status(&prediction->job);
    }
}
