/* Models that were trained elsewhere. */
#include "jobs/job.h"
#include "store/job_record.h"
#include "store/model_rows.h"

static enum err check_import(const struct model_import *import, struct error *err)
{
    enum err rc;
    const struct model_edit edit = {.name = import->name, .note = import->note};
    TRY(model_edit_check(&edit, err));
    TRY(check_text("the file's name", import->file_name, 0, JOB_NAME_MAX, err));
    TRY(check_text("params", import->params_json, 1, JOB_JSON_MAX, err));
    TRY(check_text("run", import->run_json, 1, JOB_JSON_MAX, err));
    TRY(check_text("metrics", import->metrics_json, 1, JOB_JSON_MAX, err));
    TRY(check_text("the result", import->result_json, 1, JOB_RESULT_MAX, err));
done:
    return rc;
}

/* With the new one counted, which locked the user's row after the name's, as all do. */
static enum err check_room(struct tx *tx, const struct model_import *import, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, user_kept, &rows, arg_int(import->user_id)));
    const int64_t models = rows_int(&rows, 0, 0), bytes = rows_int(&rows, 0, 1);
    if (import->models_max > 0 && models > import->models_max)
        rc = FAIL_REASON(err, ERR_CONFLICT, "too_many_models",
                         "you keep %lld models, and no more are allowed: remove some that nobody "
                         "needs",
                         (long long)(models - 1));
    else if (import->model_bytes_max > 0 && bytes > import->model_bytes_max)
        rc = FAIL_REASON(err, ERR_CONFLICT, "model_space_full",
                         "your models would take %lld bytes, and no more than %lld are allowed: "
                         "remove some that nobody needs",
                         (long long)bytes, (long long)import->model_bytes_max);
done:
    rows_release(&rows);
    return rc;
}

static enum err import_in(struct tx *tx, const struct model_import *import, int64_t *ret_model_id,
                          struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    const char *place = import->file_name != NULL ? import->file_name : "import";
    TRY(RUN(tx, import_add, &rows, arg_int(import->user_id), arg_text(NULL),
            arg_text(import->model_type), arg_text(place), arg_text(import->params_json),
            arg_text(import->run_json), arg_text(import->metrics_json)));
    struct model_new model = {.job_id = rows_int(&rows, 0, 0),
                              .user_id = import->user_id,
                              .name = import->name,
                              .model_type = import->model_type,
                              .sha256 = import->sha256,
                              .size_bytes = import->size_bytes,
                              .source = "import",
                              .program_version = import->program_version};
    TRY(RUN(tx, result_add, &rows, arg_int(model.job_id), arg_text(import->result_json)));
    TRY(import->place(import->context, model.job_id, &model.path, err));
    TRY(model_row_add(tx, &model, ret_model_id, err));
    TRY(check_room(tx, import, err));
    if (import->note != NULL)
        TRY(RUN(tx, model_note, &rows, arg_int(*ret_model_id), arg_text(import->note)));
done:
    rows_release(&rows);
    return rc;
}

enum err model_import(struct store *store, const struct model_import *import, int64_t *ret_model_id,
                      struct error *err)
{
    enum err rc;
    struct tx tx;
    int64_t model_id;
    if ((rc = check_import(import, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(import_in(&tx, import, &model_id, err));
    TRY(tx_commit(&tx, err));
    *ret_model_id = model_id;
done:
    tx_end(&tx);
    return rc;
}
