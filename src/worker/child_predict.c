#include "worker/child_predict.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/id_list.h"
#include "model/file.h"
#include "predict/batch.h"
#include "predict/batch_users.h"
#include "train/hits.h"

enum { PREVIEW_TEXT_MAX = 200 };

/* One prediction, from the open files to the result. */
struct work {
    const struct child_spec *spec;
    const struct progress *progress;
    int32_t threads;
    struct model_file *file;
    const struct model_record *record;
    struct predictor *predictor;
    struct batch_users list; /* where the users are a list */
    int32_t *judged;         /* where they are those of the evaluation */
    const int32_t *users;    /* [count] of the two; NULL: all */
    int32_t count;
};

static void tell(const struct work *work, enum progress_phase phase, double done, double total)
{
    const struct progress_update update = {
        .phase = phase, .done = done, .total = total, .loss = NAN, .seconds = NAN, .recall = NAN};
    progress_report(work->progress, &update);
}

static void warn(const struct work *work, const char *message)
{
    const struct progress_update update = {
        .message = message, .loss = NAN, .seconds = NAN, .recall = NAN};
    progress_report(work->progress, &update);
}

static enum err open_model(struct work *work, struct error *err)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", CHILD_DATA_FD);
    const enum err rc = model_file_open(path, true, &work->file, err);
    if (rc == ERR_CORRUPT)
        err->reason = "model_file_corrupt";
    if (rc == ERR_OK)
        work->record = model_file_record(work->file);
    return rc;
}

/* ---- the users ---- */

/* A list that was pasted lies in memory, behind the descriptor. */
static enum err read_pasted(struct work *work, struct error *err)
{
    enum err rc = ERR_OK;
    struct stat status;
    char *text = NULL;
    size_t used = 0;
    if (fstat(CHILD_USERS_FD, &status) != 0 || status.st_size > PREDICTION_IDS_MAX)
        return FAIL(err, ERR_INTERNAL, "the list of users was not handed over");
    TRY_PTR(text = mem_plain((size_t)status.st_size + 1, err));
    while (used < (size_t)status.st_size) {
        const ssize_t got =
            pread(CHILD_USERS_FD, text + used, (size_t)status.st_size - used, (off_t)used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    text[used] = '\0';
    TRY(pasted_ids(text, work->spec->prediction.column, batch_users_take, &work->list, err));
done:
    mem_free(text);
    return rc;
}

static void tell_left_out(const struct work *work)
{
    char message[200];
    const struct batch_users *list = &work->list;
    if (list->unknown > 0) {
        snprintf(message, sizeof(message),
                 "Left out %" PRId64 " of the list, whom the model does not know: it has %d users, "
                 "and not %s among them",
                 list->unknown, list->ids->count, list->first_unknown);
        warn(work, message);
    }
    if (list->repeated > 0) {
        snprintf(message, sizeof(message),
                 "%" PRId64 " rows of the list name users that it named before: each gets one list",
                 list->repeated);
        warn(work, message);
    }
}

static enum err read_list(struct work *work, struct error *err)
{
    enum err rc;
    const struct child_prediction *wanted = &work->spec->prediction;
    const struct id_list_spec spec = {.fd = CHILD_USERS_FD,
                                      .name = wanted->list_name,
                                      .column = wanted->column,
                                      .threads = work->threads,
                                      .memory_limit_bytes = work->spec->memory_bytes / 2,
                                      .progress = work->progress,
                                      .take = batch_users_take,
                                      .context = &work->list};
    TRY(batch_users_init(&work->list, work->record->users, err));
    TRY(wanted->list_name != NULL ? id_list_read(&spec, err) : read_pasted(work, err));
    TRY(batch_users_check(&work->list, err));
    tell_left_out(work);
    work->users = work->list.users;
    work->count = work->list.count;
done:
    return rc;
}

static enum err find_users(struct work *work, struct error *err)
{
    enum err rc = ERR_OK;
    work->count = work->record->model->users;
    if (work->spec->prediction.users == PREDICTION_LIST)
        return read_list(work, err);
    if (work->spec->prediction.users == PREDICTION_EVALUATION) {
        TRY(hits_read_users(CHILD_USERS_FD, work->record->model->users, &work->judged, &work->count,
                            err));
        work->users = work->judged;
    }
done:
    return rc;
}

/* ---- the result ---- */

static json_t *id_json(const struct idmap *ids, int32_t index)
{
    char text[PREVIEW_TEXT_MAX];
    if (ids->kind == ID_INT64)
        return json_integer(ids->ints[index]);
    if (ids->kind == ID_UINT64)
        return json_text(idmap_text(ids, index, text, sizeof(text)));
    const struct str id = idmap_string(ids, index);
    size_t used = 0;
    while (used < id.len) { /* whole characters, as many as there is room for */
        const size_t length = text_utf8_length(id.ptr + used), step = length > 0 ? length : 1;
        if (used + step >= sizeof(text))
            break;
        memcpy(text + used, id.ptr + used, step);
        used += step;
    }
    text[used] = '\0';
    return json_text(text);
}

static enum err add_rows(const struct work *work, int32_t user, const struct recommendation *items,
                         int32_t count, json_t *rows, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = 0; i < count && json_array_size(rows) < PREVIEW_ROWS; i++) {
        json_t *row = json_array();
        TRY(json_append(rows, row, err));
        TRY(json_append(row, id_json(work->record->users, user), err));
        TRY(json_append(row, id_json(work->record->items, items[i].item), err));
        TRY(json_append(row, json_integer(i + 1), err));
        TRY(json_append(row, json_number((double)items[i].score), err));
    }
done:
    return rc;
}

/* The first rows of the file, for people to look at. */
static enum err make_preview(const struct work *work, json_t *rows, struct error *err)
{
    enum err rc = ERR_OK;
    enum basis basis;
    const int32_t wanted = work->spec->prediction.k;
    const int32_t k = wanted < PREVIEW_ROWS ? wanted : PREVIEW_ROWS;
    struct recommendation items[PREVIEW_ROWS];
    for (int32_t i = 0; i < work->count && json_array_size(rows) < PREVIEW_ROWS; i++) {
        int32_t count = 0;
        const struct recommend_query query = {.user = work->users != NULL ? work->users[i] : i,
                                              .k = k,
                                              .with_seen = work->spec->prediction.with_seen};
        TRY(predict_recommend(work->predictor, &query, items, &count, &basis, err));
        TRY(add_rows(work, query.user, items, count, rows, err));
        if (count == 0 && i >= PREVIEW_ROWS)
            break; /* users who have touched everything */
    }
done:
    return rc;
}

static enum err make_result(const struct work *work, const struct batch_result *batch,
                            json_t **ret_result, struct error *err)
{
    enum err rc;
    json_t *result = json_object(), *preview;
    TRY(json_set(result, "file_name", json_text(work->spec->prediction.file_name), err));
    TRY(json_set(result, "users", json_integer(batch->users), err));
    TRY(json_set(result, "rows", json_integer(batch->rows), err));
    TRY(json_set(result, "bytes", json_integer(batch->bytes), err));
    TRY(json_set(result, "unknown_users", json_integer(work->list.unknown), err));
    TRY(json_set(result, "repeated_users", json_integer(work->list.repeated), err));
    TRY(json_set(result, "seconds", json_number(batch->seconds), err));
    TRY(json_set(result, "scored_share", json_number(batch->scored_share), err));
    TRY(json_set(result, "preview", preview = json_array(), err));
    TRY(make_preview(work, preview, err));
    *ret_result = result;
    result = NULL;
done:
    json_decref(result);
    return rc;
}

static enum err run(struct work *work, json_t **ret_result, struct error *err)
{
    enum err rc;
    struct batch_result result;
    const struct child_prediction *wanted = &work->spec->prediction;
    tell(work, PHASE_LOAD, 0, 0);
    TRY(open_model(work, err));
    TRY(find_users(work, err));
    TRY(predictor_create(work->record, work->threads, &work->predictor, err));
    const struct batch_spec batch = {
        .predictor = work->predictor,
        .users = work->users,
        .count = work->count,
        .k = wanted->k,
        .with_seen = wanted->with_seen,
        .threads = work->threads,
        .format = wanted->is_csv ? BATCH_CSV : BATCH_PARQUET,
        .directory = work->spec->output_directory,
        .name = wanted->file_name,
        .progress = work->progress,
    };
    TRY(batch_write(&batch, &result, err));
    tell(work, PHASE_SAVE, 0, 0);
    TRY(make_result(work, &result, ret_result, err));
done:
    return rc;
}

enum err child_predict(const struct child_spec *spec, int32_t threads,
                       const struct progress *progress, json_t **ret_result, struct error *err)
{
    struct work work = {.spec = spec, .progress = progress, .threads = threads};
    const enum err rc = run(&work, ret_result, err);
    batch_users_release(&work.list);
    mem_free(work.judged);
    predictor_free(work.predictor);
    model_file_close(work.file);
    return rc;
}
