#include "store/work.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/model_ref.h"
#include "jobs/problem.h"
#include "store/job_record.h"
#include "store/model_rows.h"

static enum err fenced_off(struct fence fence, struct error *err)
{
    return FAIL_REASON(err, ERR_CONFLICT, "fenced",
                       "job %lld is no longer ours: claim %lld of it is over",
                       (long long)fence.job_id, (long long)fence.epoch);
}

/* What a write behind the fence must know of its job. */
struct held {
    enum job_status status;
    bool cancel_requested;
    int64_t attempt, deaths, user_id;
    char model_type[64], model_name[MODEL_NAME_SIZE];
};

/* Lock the job if the fence still holds it. */
static enum err hold(struct tx *tx, struct fence fence, struct held *ret_held, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, job_fenced, &rows, arg_int(fence.job_id), arg_int(fence.epoch)));
    if (rows.count == 0) {
        rc = fenced_off(fence, err);
        goto done;
    }
    TRY(status_of(&rows, 0, &ret_held->status, err));
    ret_held->cancel_requested = rows_int(&rows, 0, 1) != 0;
    ret_held->attempt = rows_int(&rows, 0, 2);
    ret_held->deaths = rows_int(&rows, 0, 3);
    ret_held->user_id = rows_int(&rows, 0, 4);
    snprintf(ret_held->model_type, sizeof(ret_held->model_type), "%s", rows_text(&rows, 0, 5));
    const char *name = rows_text(&rows, 0, 6);
    snprintf(ret_held->model_name, sizeof(ret_held->model_name), "%s", name != NULL ? name : "");
done:
    rows_release(&rows);
    return rc;
}

enum err job_claim(struct store *store, enum job_task task, const char *owner, int64_t lease_ms,
                   struct job **ret_job, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    void *record = NULL;
    if ((rc = check_text("the worker's name", owner, 1, WORKER_NAME_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, job_claim, &rows, arg_text(owner), arg_int(lease_ms),
            arg_text(job_task_name(task))));
    if (rows.count > 0) {
        TRY(record_of(&rows, 0, &job_type, &record, err));
        TRY(event_add(&tx, rows_int(&rows, 0, 0), "claimed", owner, err));
        TRY(tx_commit(&tx, err));
    }
    *ret_job = record;
    record = NULL;
done:
    mem_free(record);
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err job_renew(struct store *store, struct fence fence, int64_t lease_ms, bool *ret_cancel,
                   struct error *err)
{
    struct rows rows = {0};
    enum err rc = STORE_RUN(store, TX_LAX, job_renew, &rows, arg_int(fence.job_id),
                            arg_int(fence.epoch), arg_int(lease_ms));
    if (rc == ERR_OK && rows.count == 0)
        rc = fenced_off(fence, err);
    else if (rc == ERR_OK)
        *ret_cancel = rows_int(&rows, 0, 0) != 0;
    rows_release(&rows);
    return rc;
}

enum err job_asked_to_stop(struct store *store, struct fence fence, bool *ret_cancel,
                           struct error *err)
{
    struct rows rows = {0};
    enum err rc =
        STORE_RUN(store, TX_READ, job_asked, &rows, arg_int(fence.job_id), arg_int(fence.epoch));
    if (rc == ERR_OK && rows.count == 0)
        rc = fenced_off(fence, err);
    else if (rc == ERR_OK)
        *ret_cancel = rows_int(&rows, 0, 0) != 0;
    rows_release(&rows);
    return rc;
}

enum err job_advance(struct store *store, struct fence fence, enum progress_phase phase,
                     const char *message, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct held held;
    struct rows rows = {0};
    const enum job_status status = job_phase_status(phase);
    if ((rc = check_text("the message", message, 0, STORE_TEXT_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(hold(&tx, fence, &held, err));
    if (!job_status_may_become(held.status, status)) {
        rc = FAIL_REASON(err, ERR_INVALID, "status_backward", "job %lld is %s: it cannot become %s",
                         (long long)fence.job_id, job_status_name(held.status),
                         job_status_name(status));
        goto done;
    }
    TRY(RUN(&tx, job_advance, &rows, arg_int(fence.job_id), arg_text(job_status_name(status)),
            arg_text(job_phase_name(phase)), arg_text(message)));
    TRY(event_add(&tx, fence.job_id, "status", job_phase_name(phase), err));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

/* One statement that names the fence itself, lost with the power at worst. */
static enum err run_lax(struct store *store, enum query query, struct fence fence,
                        const struct arg *args, int32_t count, struct error *err)
{
    struct rows rows = {0};
    enum err rc = store_run(store, TX_LAX, query, args, count, &rows, err);
    if (rc == ERR_OK && rows.changed == 0)
        rc = fenced_off(fence, err);
    rows_release(&rows);
    return rc;
}

enum err job_progress(struct store *store, struct fence fence, double progress, int64_t iteration,
                      const char *message, struct error *err)
{
    const enum err rc = check_text("the message", message, 0, STORE_TEXT_MAX, err);
    const struct arg args[] = {arg_int(fence.job_id), arg_int(fence.epoch),
                               arg_real(isfinite(progress) ? progress : 0), arg_int(iteration),
                               arg_text(message)};
    return rc != ERR_OK ? rc : run_lax(store, QUERY_job_progress, fence, args, 5, err);
}

enum err job_add_point(struct store *store, struct fence fence, const char *name, int64_t step,
                       double value, struct error *err)
{
    const enum err rc = check_text("the curve's name", name, 1, 64, err);
    const struct arg args[] = {arg_int(fence.job_id), arg_int(fence.epoch), arg_text(name),
                               arg_int(step), arg_real(value)};
    if (rc != ERR_OK || !isfinite(value))
        return rc;
    return run_lax(store, QUERY_point_add, fence, args, 5, err);
}

enum err job_note(struct store *store, struct fence fence, const char *message, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct held held;
    if ((rc = check_text("the message", message, 1, STORE_TEXT_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_LAX, err));
    TRY(hold(&tx, fence, &held, err));
    TRY(event_add(&tx, fence.job_id, "message", message, err));
    TRY(tx_commit(&tx, err));
done:
    tx_end(&tx);
    return rc;
}

/* ---- ends ---- */

static bool is_metric(const json_t *value)
{
    return json_is_number(value) && isfinite(json_number_value(value));
}

/* Metrics by name as one object, for reading. */
static enum err metrics_text(const json_t *metrics, struct strbuf *text, struct error *err)
{
    enum err rc = ERR_OK;
    const char *name;
    json_t *value, *kept = json_object();
    json_object_foreach((json_t *)metrics, name, value)
    {
        if (is_metric(value))
            TRY(json_set(kept, name, json_real(json_number_value(value)), err));
    }
    TRY(json_write(kept, 0, text, err));
done:
    json_decref(kept);
    return rc;
}

/* And one row each, for sorting. */
static enum err add_metrics(struct tx *tx, int64_t job_id, const json_t *metrics, struct error *err)
{
    enum err rc = ERR_OK;
    const char *name;
    json_t *value;
    struct rows rows = {0};
    json_object_foreach((json_t *)metrics, name, value)
    {
        if (is_metric(value))
            TRY(RUN(tx, metric_add, &rows, arg_int(job_id), arg_text(name),
                    arg_real(json_number_value(value))));
    }
done:
    rows_release(&rows);
    return rc;
}

static enum err add_model(struct tx *tx, struct fence fence, const struct held *held,
                          const struct job_outcome *outcome, struct error *err)
{
    int64_t model_id;
    const struct model_new model = {
        .job_id = fence.job_id,
        .user_id = held->user_id,
        .name = held->model_name[0] != '\0' ? held->model_name : NULL,
        .model_type = held->model_type,
        .path = outcome->model_path,
        .sha256 = outcome->model_sha256,
        .size_bytes = outcome->model_bytes,
        .source = "training",
        .program_version = outcome->program_version,
    };
    return model_row_add(tx, &model, &model_id, err);
}

enum err job_finish(struct store *store, struct fence fence, const struct job_outcome *outcome,
                    struct error *err)
{
    enum err rc;
    struct tx tx;
    struct held held;
    struct rows rows = {0};
    struct strbuf metrics, floor;
    if ((rc = check_text("the result", outcome->result_json, 1, JOB_RESULT_MAX, err)) != ERR_OK)
        return rc;
    strbuf_init(&metrics, JOB_JSON_MAX);
    strbuf_init(&floor, JOB_JSON_MAX);
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(hold(&tx, fence, &held, err));
    if (!job_status_may_become(held.status, JOB_COMPLETED)) {
        rc = FAIL_REASON(err, ERR_INVALID, "status_skipped",
                         "job %lld is %s: it cannot be completed", (long long)fence.job_id,
                         job_status_name(held.status));
        goto done;
    }
    TRY(metrics_text(outcome->metrics, &metrics, err));
    if (outcome->popular_metrics != NULL)
        TRY(metrics_text(outcome->popular_metrics, &floor, err));
    TRY(add_metrics(&tx, fence.job_id, outcome->metrics, err));
    if (outcome->model_path != NULL)
        TRY(add_model(&tx, fence, &held, outcome, err));
    if (outcome->file != NULL)
        TRY(prediction_finish(&tx, fence.job_id, outcome->file, err));
    TRY(RUN(&tx, job_complete, &rows, arg_int(fence.job_id), arg_text(metrics.ptr),
            arg_text(floor.ptr)));
    TRY(RUN(&tx, result_add, &rows, arg_int(fence.job_id), arg_text(outcome->result_json)));
    TRY(event_add(&tx, fence.job_id, "completed", NULL, err));
    TRY(tx_commit(&tx, err));
done:
    strbuf_release(&floor);
    strbuf_release(&metrics);
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

static enum err fail_in(struct tx *tx, int64_t job_id, const char *code, const char *message,
                        struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, job_fail, &rows, arg_int(job_id), arg_text(code), arg_text(message)));
    TRY(event_add(tx, job_id, "failed", code, err));
done:
    rows_release(&rows);
    return rc;
}

enum err job_fail(struct store *store, struct fence fence, const char *code, const char *message,
                  struct error *err)
{
    enum err rc;
    struct tx tx;
    struct held held;
    if ((rc = check_text("the code", code, 1, 64, err)) != ERR_OK ||
        (rc = check_text("the message", message, 0, STORE_TEXT_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(hold(&tx, fence, &held, err));
    TRY(fail_in(&tx, fence.job_id, code, message, err));
    TRY(tx_commit(&tx, err));
done:
    tx_end(&tx);
    return rc;
}

/* Pending again, with a message in the outbox. `died`: the attempt counts, and as a death. */
static enum err give_back(struct tx *tx, int64_t job_id, bool died, const char *how,
                          struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, job_return, &rows, arg_int(job_id), arg_int(!died), arg_int(died)));
    TRY(RUN(tx, outbox_add, &rows, arg_int(job_id), arg_text(NULL)));
    TRY(event_add(tx, job_id, died ? "worker_died" : "released", how, err));
done:
    rows_release(&rows);
    return rc;
}

enum err job_release(struct store *store, struct fence fence, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct held held;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(hold(&tx, fence, &held, err));
    if (held.cancel_requested)
        TRY(fail_in(&tx, fence.job_id, JOB_CANCELLED, "cancelled", err));
    else
        TRY(give_back(&tx, fence.job_id, false, NULL, err));
    TRY(tx_commit(&tx, err));
done:
    tx_end(&tx);
    return rc;
}

/* What becomes of a job whose worker died. */
static enum err bury(struct tx *tx, struct fence fence, const struct held *held, const char *how,
                     struct reaped *reaped, struct error *err)
{
    char message[256];
    if (held->cancel_requested) {
        reaped->cancelled++;
        return fail_in(tx, fence.job_id, JOB_CANCELLED, "cancelled", err);
    }
    if (held->deaths + 1 < JOB_DEATHS_MAX) {
        reaped->returned++;
        return give_back(tx, fence.job_id, true, how, err);
    }
    reaped->failed++;
    snprintf(message, sizeof(message), "the worker died %d times, the last time in %s: %.150s",
             JOB_DEATHS_MAX, job_status_name(held->status), how);
    return fail_in(tx, fence.job_id, JOB_WORKER_DIED, message, err);
}

enum err job_died(struct store *store, struct fence fence, const char *how, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct held held;
    struct reaped reaped = {0};
    if ((rc = check_text("the words", how, 1, STORE_TEXT_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(hold(&tx, fence, &held, err));
    TRY(bury(&tx, fence, &held, how, &reaped, err));
    TRY(tx_commit(&tx, err));
done:
    tx_end(&tx);
    return rc;
}

enum err jobs_reap(struct store *store, struct reaped *ret_reaped, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    struct reaped reaped = {0};
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, lease_trim, &rows));
    TRY(RUN(&tx, lease_over, &rows));
    for (int32_t i = 0; i < rows.count; i++) {
        const struct fence fence = {rows_int(&rows, i, 0), rows_int(&rows, i, 1)};
        struct held held;
        TRY(hold(&tx, fence, &held, err));
        TRY(bury(&tx, fence, &held, "its lease ran out", &reaped, err));
    }
    TRY(tx_commit(&tx, err));
    *ret_reaped = reaped;
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}
