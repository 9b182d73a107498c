/* How a job comes into being. */
#include <string.h>

#include "base/memory.h"
#include "jobs/model_ref.h"
#include "store/job_record.h"
#include "store/jobs.h"
#include "store/model_rows.h"

static enum err check_new(const struct job_new *job, struct error *err)
{
    enum err rc;
    TRY(check_text("the name", job->name, 0, JOB_NAME_MAX, err));
    TRY(check_text("model_type", job->model_type, 1, STORE_TEXT_MAX, err));
    TRY(check_text("data_path", job->data_path, job->task == JOB_TRAIN, JOB_PATH_MAX, err));
    TRY(check_text("params", job->params_json, 1, JOB_JSON_MAX, err));
    TRY(check_text("run", job->run_json, 1, JOB_JSON_MAX, err));
    TRY(check_text("the idempotency key", job->key, job->key != NULL, IDEMPOTENCY_KEY_MAX, err));
    if (job->model_name != NULL && !model_name_is_valid(job->model_name)) {
        rc = FAIL_REASON(err, ERR_INVALID, "fields", "model_name must be " MODEL_NAME_RULE);
        goto done;
    }
    TRY(check_text("traceparent", job->traceparent, 0, TRACEPARENT_MAX, err));
    TRY(check_text("the body's hash", job->body_hash, job->key != NULL, STORE_TEXT_MAX, err));
done:
    return rc;
}

/* Has this key made a job already? *ret_job_id is 0 where it has not. */
static enum err find_key(struct tx *tx, int64_t user_id, const char *key, const char *body_hash,
                         int64_t *ret_job_id, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    *ret_job_id = 0;
    TRY(RUN(tx, key_find, &rows, arg_int(user_id), arg_text(key)));
    if (rows.count == 0)
        goto done;
    if (strcmp(rows_text(&rows, 0, 1), body_hash) != 0)
        rc = FAIL_REASON(err, ERR_CONFLICT, "key_reused",
                         "this idempotency key came with another request before");
    else
        *ret_job_id = rows_int(&rows, 0, 0);
done:
    rows_release(&rows);
    return rc;
}

static enum err check_open(struct tx *tx, const struct job_new *job, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    if (job->open_max <= 0)
        return ERR_OK;
    TRY(RUN(tx, job_count_open, &rows, arg_int(job->user_id), arg_int(job->open_max),
            arg_text(job_task_name(job->task))));
    if (rows_int(&rows, 0, 0) >= job->open_max)
        rc = FAIL_REASON(err, ERR_CONFLICT, "too_many_jobs",
                         "%lld of your jobs have not ended, and no more are allowed at once: wait "
                         "for some, or cancel them",
                         (long long)rows_int(&rows, 0, 0));
done:
    rows_release(&rows);
    return rc;
}

/* How much a user keeps, from the row that was locked (see job_turn). Open jobs are counted only
 * where there may be too many. */
static enum err check_kept(struct tx *tx, const struct job_new *job, const struct rows *user,
                           struct error *err)
{
    enum err rc = ERR_OK;
    struct rows rows = {0};
    const int64_t jobs = rows_int(user, 0, 1), models = rows_int(user, 0, 2);
    const int64_t bytes = rows_int(user, 0, 3);
    int64_t kept = models;
    if (job->model_bytes_max > 0 && bytes >= job->model_bytes_max)
        return FAIL_REASON(err, ERR_CONFLICT, "model_space_full",
                           "your models take %lld bytes, and no more than %lld are allowed: remove "
                           "some that nobody needs",
                           (long long)bytes, (long long)job->model_bytes_max);
    if (job->models_max > 0 && models < job->models_max && models + jobs > job->models_max) {
        TRY(RUN(tx, job_count_open, &rows, arg_int(job->user_id), arg_int(job->models_max),
                arg_text(job_task_name(job->task))));
        kept += rows_int(&rows, 0, 0);
    }
    if (job->models_max > 0 && kept >= job->models_max)
        rc = FAIL_REASON(err, ERR_CONFLICT, "too_many_models",
                         "you keep %lld models, those that are being made among them, and no more "
                         "are allowed: remove some that nobody needs",
                         (long long)kept);
done:
    rows_release(&rows);
    return rc;
}

static enum err insert_job(struct tx *tx, const struct job_new *job, int64_t turn,
                           int64_t *ret_job_id, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, job_create, &rows, arg_int(job->user_id), arg_text(job->name),
            arg_text(job->model_type), arg_text(job->data_path), arg_text(job->params_json),
            arg_text(job->run_json), arg_int(job->source_id), arg_int(turn),
            arg_text(job_task_name(job->task)), arg_text(job->model_name)));
    const int64_t job_id = rows_int(&rows, 0, 0);
    if (job->prediction != NULL)
        TRY(prediction_add(tx, job_id, job, err));
    TRY(RUN(tx, outbox_add, &rows, arg_int(job_id), arg_text(job->traceparent)));
    if (job->key != NULL)
        TRY(RUN(tx, key_add, &rows, arg_int(job->user_id), arg_text(job->key),
                arg_text(job->body_hash), arg_int(job_id)));
    TRY(event_add(tx, job_id, "created", NULL, err));
    *ret_job_id = job_id;
done:
    rows_release(&rows);
    return rc;
}

/* What was made, as readers will see it. */
static enum err read_made(struct tx *tx, int64_t user_id, int64_t job_id, struct job **ret_job,
                          struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void *record = NULL;
    TRY(RUN(tx, job_read_brief, &rows, arg_int(job_id), arg_int(user_id), arg_text("")));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_INTERNAL, "job %lld is gone before it was there", (long long)job_id);
        goto done;
    }
    TRY(record_of(&rows, 0, &job_whole_type, &record, err));
    *ret_job = record;
done:
    rows_release(&rows);
    return rc;
}

/* One creation, by whichever thread. */
struct creation {
    const struct job_new *job;
    struct job *made;
    int64_t known_id; /* of the job that the key made before, or 0 */
};

static enum err create_in(struct tx *tx, void *context, bool *ret_keeps, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct creation *creation = context;
    const struct job_new *job = creation->job;
    int64_t job_id;
    /* Locks the user: keys are safe too. */
    if (job->task == JOB_PREDICT)
        TRY(RUN(tx, job_turn_predict, &rows, arg_int(job->user_id)));
    else
        TRY(RUN(tx, job_turn, &rows, arg_int(job->user_id)));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_NOT_FOUND, "there is no such user");
        goto done;
    }
    if (job->key != NULL)
        TRY(find_key(tx, job->user_id, job->key, job->body_hash, &creation->known_id, err));
    if (creation->known_id != 0)
        goto done;
    /* Who has no more jobs than may be open has no more open ones: nothing to count then. */
    if (rows_int(&rows, 0, 1) > job->open_max)
        TRY(check_open(tx, job, err));
    if (job->task == JOB_TRAIN)
        TRY(check_kept(tx, job, &rows, err));
    TRY(insert_job(tx, job, rows_int(&rows, 0, 0), &job_id, err));
    TRY(read_made(tx, job->user_id, job_id, &creation->made, err));
    *ret_keeps = true;
done:
    rows_release(&rows);
    return rc;
}

enum err job_create_read(struct store *store, const struct job_new *job, struct job **ret_job,
                         bool *ret_is_new, struct error *err)
{
    enum err rc;
    struct creation creation = {.job = job};
    const struct combined work = {create_in, &creation};
    TRY(check_new(job, err));
    TRY(tx_combine(store, &work, err));
    *ret_is_new = creation.known_id == 0;
    if (creation.known_id != 0) {
        /* The writers before, whose work was seen, are on disk too: they share that commit. */
        return job_read_brief(store, job->user_id, job->task, creation.known_id, ret_job, err);
    }
    *ret_job = creation.made;
    creation.made = NULL;
done:
    job_free(creation.made);
    return rc;
}

enum err job_create(struct store *store, const struct job_new *job, int64_t *ret_job_id,
                    bool *ret_is_new, struct error *err)
{
    struct job *made;
    const enum err rc = job_create_read(store, job, &made, ret_is_new, err);
    if (rc != ERR_OK)
        return rc;
    *ret_job_id = made->job_id;
    job_free(made);
    return ERR_OK;
}

enum err job_find_key(struct store *store, int64_t user_id, const char *key, const char *body_hash,
                      int64_t *ret_job_id, struct error *err)
{
    enum err rc;
    struct tx tx;
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(find_key(&tx, user_id, key, body_hash, ret_job_id, err));
done:
    tx_end(&tx);
    return rc;
}
