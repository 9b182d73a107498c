/* GET /api/v1/system: what runs, and how busy it is. Of others' jobs only counts are told, but to
 * administrators. */
#include <inttypes.h>
#include <string.h>

#include "api/identity.h"
#include "api/model_files.h"
#include "api/out.h"
#include "api/routes.h"
#include "queue/relay.h"
#include "store/jobs.h"
#include "store/work.h"

enum { VERSION_SIZE = 128 };

static enum err write_store(struct app *app, struct json_out *out, struct error *err)
{
    enum err rc;
    char version[VERSION_SIZE];
    TRY(store_version(app->store, version, sizeof(version), err));
    json_member_open(out, "store", '{');
    json_member_text(out, "kind",
                     store_url_is_postgres(config_store_url(app->config)) ? "postgresql"
                                                                          : "sqlite");
    json_member_text(out, "version", version);
    json_out_close(out, '}');
done:
    return rc;
}

static enum err write_queue(struct app *app, struct relay *relay, const char *key,
                            struct json_out *out, struct error *err)
{
    enum err rc = ERR_OK;
    struct queue_depth depth = {.is_broker = config_has_broker(app->config)};
    if (relay != NULL)
        TRY(queue_depth(relay, &depth, err));
    json_member_open(out, key, '{');
    json_member_text(out, "kind", depth.is_broker ? "rabbitmq" : "built_in");
    json_member_bool(out, "is_connected", depth.is_connected);
    json_member_bool(out, "is_blocked", depth.is_blocked);
    json_member_int(out, "messages", depth.messages);
    json_member_int(out, "consumers", depth.consumers);
    json_member_int(out, "dead", depth.dead);
    json_out_close(out, '}');
done:
    return rc;
}

static enum err write_counts(struct app *app, struct json_out *out, struct error *err)
{
    enum err rc;
    struct store_counts counts;
    TRY(store_counts(app->store, &counts, err));
    json_member_open(out, "counts", '{');
    json_member_int(out, "pending", counts.train.pending);
    json_member_int(out, "loading_data", counts.train.loading_data);
    json_member_int(out, "preprocessing", counts.train.preprocessing);
    json_member_int(out, "training", counts.train.training);
    json_member_int(out, "completed", counts.train.completed);
    json_member_int(out, "failed", counts.train.failed);
    json_member_int(out, "cancelled", counts.train.cancelled);
    json_out_close(out, '}');
    json_member_open(out, "prediction_counts", '{');
    json_member_int(out, "pending", counts.predict.pending);
    json_member_int(out, "loading_data",
                    counts.predict.loading_data + counts.predict.preprocessing);
    json_member_int(out, "predicting", counts.predict.training);
    json_member_int(out, "completed", counts.predict.completed);
    json_member_int(out, "failed", counts.predict.failed);
    json_member_int(out, "cancelled", counts.predict.cancelled);
    json_out_close(out, '}');
    json_out_key(out, "oldest_pending_seconds");
    if (counts.train.pending > 0)
        json_out_real(out, (double)counts.train.oldest_pending_ms / 1000);
    else
        json_out_null(out);
done:
    return rc;
}

/* Whose the worker's job is: *ret_is_mine. */
static enum err look_at_job(struct app *app, const struct identity *identity, int64_t job_id,
                            bool *ret_is_mine, struct error *err)
{
    struct job *job = NULL;
    *ret_is_mine = false;
    if (job_id == 0)
        return ERR_OK;
    const enum err rc =
        job_read_brief(app->store, identity->user_id, JOB_ANY_TASK, job_id, &job, err);
    *ret_is_mine = rc == ERR_OK;
    job_free(job);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err write_worker(struct app *app, const struct identity *identity,
                             const struct worker *worker, struct json_out *out, struct error *err)
{
    enum err rc;
    bool is_mine;
    TRY(look_at_job(app, identity, worker->job_id, &is_mine, err));
    json_out_open(out, '{');
    json_member_text(out, "worker_id", worker->worker_id);
    json_member_text(out, "host", worker->host);
    json_member_text(out, "version", worker->version);
    json_member_text(out, "task", job_task_name(worker->task));
    json_member_bool(out, "is_busy", worker->job_id != 0);
    json_member_nonzero(out, "job_id", is_mine || identity->is_admin ? worker->job_id : 0);
    json_member_bool(out, "is_mine", is_mine);
    json_member_bool(out, "is_draining", worker->is_draining);
    job_write_time(out, "started_at", worker->started_ms);
    job_write_time(out, "seen_at", worker->seen_ms);
    json_out_close(out, '}');
done:
    return rc;
}

static enum err write_workers(struct app *app, const struct identity *identity,
                              struct json_out *out, struct error *err)
{
    enum err rc;
    struct worker_list list = {0};
    TRY(worker_list(app->store, &list, err));
    json_member_open(out, "workers", '[');
    for (int32_t i = 0; i < list.count; i++)
        TRY(write_worker(app, identity, list.workers[i], out, err));
    json_out_close(out, ']');
done:
    worker_list_release(&list);
    return rc;
}

static enum err write_all(struct app *app, const struct identity *identity, struct json_out *out,
                          struct error *err)
{
    enum err rc;
    json_out_open(out, '{');
    json_member_text(out, "version", RECTRAIN_VERSION);
    job_write_time(out, "started_at", app->started_ms);
    TRY(write_store(app, out, err));
    TRY(write_queue(app, app->relay, "queue", out, err));
    TRY(write_queue(app, app->prediction_relay, "prediction_queue", out, err));
    TRY(write_counts(app, out, err));
    TRY(write_workers(app, identity, out, err));
    json_member_open(out, "disk", '{');
    json_member_int(out, "models_bytes_free", saved_model_disk_free(app->config));
    json_out_close(out, '}');
    json_member_int(out, "streams", hub_counts(app->hub).streams);
    json_out_close(out, '}');
done:
    return rc;
}

static enum err read_system(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    struct json_out out;
    out_begin(&out, OUT_FIRST_BYTES, err);
    const enum err rc = write_all(context, request_identity(request), &out, err);
    if (rc != ERR_OK)
        out.rc = rc;
    return response_out(response, 200, &out, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/system", .handle = read_system},
};
const struct route_group system_routes = {routes, sizeof(routes) / sizeof(routes[0])};
