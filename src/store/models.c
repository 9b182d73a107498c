#include "store/models.h"

#include <stdio.h>
#include <string.h>

#include "jobs/job.h"
#include "jobs/model_ref.h"
#include "store/job_record.h"
#include "store/model_rows.h"

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
    {FIELD_TEXT, offsetof(struct model_record, params_json)},
    {FIELD_TEXT, offsetof(struct model_record, popular_metrics_json)},
    {FIELD_TEXT, offsetof(struct model_record, name)},
    {FIELD_INT, offsetof(struct model_record, version)},
    {FIELD_TEXT, offsetof(struct model_record, note)},
    {FIELD_TEXT, offsetof(struct model_record, source)},
    {FIELD_TEXT, offsetof(struct model_record, program_version)},
    {FIELD_TEXT, offsetof(struct model_record, aliases)},
    {FIELD_TEXT, offsetof(struct model_record, tags)},
    {FIELD_TEXT, offsetof(struct model_record, alias)},
};
const struct record_type model_row_type = {sizeof(struct model_record), model_fields,
                                           sizeof(model_fields) / sizeof(model_fields[0])};

static enum err no_model(struct error *err)
{
    return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "there is no such model");
}

/* ---- read ---- */

static enum err read_one(struct store *store, enum query query, int64_t id, int64_t user_id,
                         struct model_record **ret_model, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void *record = NULL;
    const struct arg args[] = {arg_int(id), arg_int(user_id)};
    TRY(store_run(store, TX_READ, query, args, 2, &rows, err));
    if (rows.count == 0) {
        rc = no_model(err);
        goto done;
    }
    TRY(record_of(&rows, 0, &model_row_type, &record, err));
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

enum err model_list(struct store *store, const struct model_query *query,
                    struct model_list *ret_list, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    const int32_t most = list_limit(query->limit);
    const int64_t before = query->before_id > 0 ? query->before_id : INT64_MAX;
    if (query->name == NULL && query->tag == NULL)
        TRY(STORE_RUN(store, TX_READ, model_list, &rows, arg_int(query->user_id), arg_int(before),
                      arg_int(most)));
    else
        TRY(STORE_RUN(store, TX_READ, model_list_filtered, &rows, arg_int(query->user_id),
                      arg_int(before), arg_int(most), arg_text(query->name), arg_text(query->tag)));
    TRY(record_list(&rows, most, &model_row_type, &list, &count, err));
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

enum err model_each(struct store *store, const struct model_query *query,
                    enum err (*visit)(void *context, const struct model_record *model,
                                      struct error *err),
                    void *context, struct error *err)
{
    enum err rc;
    struct model_list page = {0};
    struct model_query next = *query;
    do {
        model_list_release(&page);
        TRY(model_list(store, &next, &page, err));
        for (int32_t i = 0; i < page.count; i++) {
            next.before_id = page.models[i]->model_id;
            TRY(visit(context, page.models[i], err));
        }
    } while (page.count == list_limit(next.limit));
done:
    model_list_release(&page);
    return rc;
}

/* ---- what may be said of a model ---- */

/* A tag is a word: letters of any script, no commas, blanks or control characters. */
static bool tag_is_valid(const char *tag)
{
    const size_t len = strlen(tag);
    if (len == 0 || len > MODEL_TAG_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)tag[i] <= ' ' || tag[i] == ',' || tag[i] == 0x7F)
            return false;
    return true;
}

enum err model_edit_check(const struct model_edit *edit, struct error *err)
{
    if (edit->name != NULL && !model_name_is_valid(edit->name))
        return FAIL_REASON(err, ERR_INVALID, "fields", "name must be " MODEL_NAME_RULE);
    if (edit->note != NULL && strlen(edit->note) > MODEL_NOTE_MAX)
        return FAIL_REASON(err, ERR_INVALID, "fields", "note must have at most %d bytes",
                           MODEL_NOTE_MAX);
    if (edit->tags != NULL && edit->tag_count > MODEL_TAGS_MAX)
        return FAIL_REASON(err, ERR_INVALID, "fields", "tags must be at most %d", MODEL_TAGS_MAX);
    for (int32_t i = 0; edit->tags != NULL && i < edit->tag_count; i++)
        if (!tag_is_valid(edit->tags[i]))
            return FAIL_REASON(err, ERR_INVALID, "fields",
                               "tags must be words of 1 to %d bytes without blanks and commas",
                               MODEL_TAG_MAX);
    return ERR_OK;
}

/* ---- rows ---- */

/* How many models a user has, and how many bytes. */
static enum err count_models(struct tx *tx, int64_t user_id, int64_t models, int64_t bytes,
                             struct error *err)
{
    struct rows rows = {0};
    const enum err rc =
        RUN(tx, models_count, &rows, arg_int(user_id), arg_int(models), arg_int(bytes));
    rows_release(&rows);
    return rc;
}

/* The next version of a name. */
static enum err take_version(struct tx *tx, int64_t user_id, const char *name, int64_t *ret_name_id,
                             int64_t *ret_version, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, name_next, &rows, arg_int(user_id), arg_text(name)));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_NOT_FOUND, "there is no such user");
        goto done;
    }
    *ret_name_id = rows_int(&rows, 0, 0);
    *ret_version = rows_int(&rows, 0, 1);
done:
    rows_release(&rows);
    return rc;
}

enum err model_row_add(struct tx *tx, const struct model_new *model, int64_t *ret_model_id,
                       struct error *err)
{
    enum err rc;
    int64_t name_id, version;
    struct rows rows = {0};
    const char *name = model->name != NULL ? model->name : model->model_type;
    TRY(check_text("the model's path", model->path, 1, JOB_PATH_MAX, err));
    TRY(check_text("the model's checksum", model->sha256, 1, STORE_TEXT_MAX, err));
    TRY(check_text("the program's version", model->program_version, 0, STORE_TEXT_MAX, err));
    if (!model_name_is_valid(name)) {
        rc = FAIL_REASON(err, ERR_INVALID, "fields", "a model's name is " MODEL_NAME_RULE);
        goto done;
    }
    TRY(take_version(tx, model->user_id, name, &name_id, &version, err));
    rc = RUN(tx, model_add, &rows, arg_int(model->job_id), arg_int(model->user_id),
             arg_text(model->model_type), arg_text(model->path), arg_text(model->sha256),
             arg_int(model->size_bytes), arg_int(name_id), arg_int(version),
             arg_text(model->source), arg_text(model->program_version));
    if (rc == ERR_CONFLICT)
        rc = FAIL_REASON(err, ERR_CONFLICT, "model_exists",
                         "there is a model of job %lld, or at %.200s, already",
                         (long long)model->job_id, model->path);
    TRY(rc);
    *ret_model_id = rows_int(&rows, 0, 0);
    rc = count_models(tx, model->user_id, 1, model->size_bytes, err);
done:
    rows_release(&rows);
    return rc;
}

/* A model that somebody wants to change. */
struct owned_model {
    int64_t version, size_bytes, user_id;
    char name[MODEL_NAME_SIZE];
};

static enum err lock_model(struct tx *tx, int64_t user_id, int64_t model_id,
                           struct owned_model *ret_owned, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, model_owned, &rows, arg_int(model_id), arg_int(user_id)));
    if (rows.count == 0) {
        rc = no_model(err);
        goto done;
    }
    snprintf(ret_owned->name, sizeof(ret_owned->name), "%s", rows_text(&rows, 0, 0));
    ret_owned->version = rows_int(&rows, 0, 1);
    ret_owned->size_bytes = rows_int(&rows, 0, 2);
    ret_owned->user_id = rows_int(&rows, 0, 3);
done:
    rows_release(&rows);
    return rc;
}

/* `what` happens to no model that an alias points at. */
static enum err refuse_aliased(struct tx *tx, int64_t model_id, const struct owned_model *owned,
                               const char *what, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, model_first_alias, &rows, arg_int(model_id)));
    const char *alias = rows_text(&rows, 0, 0);
    if (alias != NULL)
        rc = FAIL_REASON(err, ERR_CONFLICT, "model_has_alias",
                         "%s:%lld is %s@%s: move or remove that alias before this version %s",
                         owned->name, (long long)owned->version, owned->name, alias, what);
done:
    rows_release(&rows);
    return rc;
}

enum err model_row_remove(struct tx *tx, int64_t user_id, int64_t model_id, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct owned_model owned;
    TRY(lock_model(tx, user_id, model_id, &owned, err));
    TRY(refuse_aliased(tx, model_id, &owned, "can be removed", err));
    TRY(RUN(tx, model_remove, &rows, arg_int(model_id)));
    TRY(count_models(tx, owned.user_id, -1, -owned.size_bytes, err));
done:
    rows_release(&rows);
    return rc;
}

/* The job of an import is of no use without its model. */
static enum err remove_import(struct tx *tx, int64_t job_id, struct error *err)
{
    enum err rc = ERR_OK;
    struct rows rows = {0};
    TRY(event_removed(tx, job_id, err));
    TRY(RUN(tx, job_remove, &rows, arg_int(job_id)));
done:
    rows_release(&rows);
    return rc;
}

enum err model_remove(struct store *store, int64_t user_id, int64_t model_id, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, import_of_model, &rows, arg_int(model_id)));
    TRY(model_row_remove(&tx, user_id, model_id, err));
    if (rows.count > 0)
        TRY(remove_import(&tx, rows_int(&rows, 0, 0), err));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

/* ---- edit ---- */

static enum err rename_model(struct tx *tx, int64_t model_id, const struct owned_model *owned,
                             const char *name, struct error *err)
{
    enum err rc;
    int64_t name_id, version;
    struct rows rows = {0};
    if (strcmp(owned->name, name) == 0)
        return ERR_OK;
    TRY(refuse_aliased(tx, model_id, owned, "gets another name", err));
    TRY(take_version(tx, owned->user_id, name, &name_id, &version, err));
    TRY(RUN(tx, model_place, &rows, arg_int(model_id), arg_int(name_id), arg_int(version)));
done:
    rows_release(&rows);
    return rc;
}

enum err model_edit(struct store *store, int64_t user_id, int64_t model_id,
                    const struct model_edit *edit, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    struct owned_model owned;
    if ((rc = model_edit_check(edit, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(lock_model(&tx, user_id, model_id, &owned, err));
    if (edit->name != NULL)
        TRY(rename_model(&tx, model_id, &owned, edit->name, err));
    if (edit->note != NULL)
        TRY(RUN(&tx, model_note, &rows, arg_int(model_id), arg_text(edit->note)));
    if (edit->tags != NULL)
        TRY(RUN(&tx, tags_clear, &rows, arg_int(model_id)));
    for (int32_t i = 0; edit->tags != NULL && i < edit->tag_count; i++)
        TRY(RUN(&tx, tag_add, &rows, arg_int(model_id), arg_text(edit->tags[i])));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
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
