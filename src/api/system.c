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

static void write_int(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_int(out, value);
}

static void write_time(struct json_out *out, const char *key, int64_t time_ms)
{
    char text[JOB_TIME_SIZE];
    json_out_key(out, key);
    json_out_text(out, job_time_rfc3339(time_ms, text));
}

static enum err write_store(struct app *app, struct json_out *out, struct error *err)
{
    enum err rc;
    char version[VERSION_SIZE];
    TRY(store_version(app->store, version, sizeof(version), err));
    json_out_key(out, "store");
    json_out_open(out, '{');
    json_out_key(out, "kind");
    json_out_text(out,
                  store_url_is_postgres(config_store_url(app->config)) ? "postgresql" : "sqlite");
    json_out_key(out, "version");
    json_out_text(out, version);
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
    json_out_key(out, key);
    json_out_open(out, '{');
    json_out_key(out, "kind");
    json_out_text(out, depth.is_broker ? "rabbitmq" : "built_in");
    json_out_key(out, "is_connected");
    json_out_bool(out, depth.is_connected);
    json_out_key(out, "is_blocked");
    json_out_bool(out, depth.is_blocked);
    write_int(out, "messages", depth.messages);
    write_int(out, "consumers", depth.consumers);
    write_int(out, "dead", depth.dead);
    json_out_close(out, '}');
done:
    return rc;
}

static enum err write_counts(struct app *app, struct json_out *out, struct error *err)
{
    enum err rc;
    struct store_counts counts;
    TRY(store_counts(app->store, &counts, err));
    json_out_key(out, "counts");
    json_out_open(out, '{');
    write_int(out, "pending", counts.train.pending);
    write_int(out, "loading_data", counts.train.loading_data);
    write_int(out, "preprocessing", counts.train.preprocessing);
    write_int(out, "training", counts.train.training);
    write_int(out, "completed", counts.train.completed);
    write_int(out, "failed", counts.train.failed);
    write_int(out, "cancelled", counts.train.cancelled);
    json_out_close(out, '}');
    json_out_key(out, "prediction_counts");
    json_out_open(out, '{');
    write_int(out, "pending", counts.predict.pending);
    write_int(out, "loading_data", counts.predict.loading_data + counts.predict.preprocessing);
    write_int(out, "predicting", counts.predict.training);
    write_int(out, "completed", counts.predict.completed);
    write_int(out, "failed", counts.predict.failed);
    write_int(out, "cancelled", counts.predict.cancelled);
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
    json_out_key(out, "worker_id");
    json_out_text(out, worker->worker_id);
    json_out_key(out, "host");
    json_out_text(out, worker->host);
    json_out_key(out, "version");
    json_out_text(out, worker->version);
    json_out_key(out, "task");
    json_out_text(out, job_task_name(worker->task));
    json_out_key(out, "is_busy");
    json_out_bool(out, worker->job_id != 0);
    json_out_key(out, "job_id");
    if (worker->job_id != 0 && (is_mine || identity->is_admin))
        json_out_int(out, worker->job_id);
    else
        json_out_null(out);
    json_out_key(out, "is_mine");
    json_out_bool(out, is_mine);
    json_out_key(out, "is_draining");
    json_out_bool(out, worker->is_draining);
    write_time(out, "started_at", worker->started_ms);
    write_time(out, "seen_at", worker->seen_ms);
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
    json_out_key(out, "workers");
    json_out_open(out, '[');
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
    json_out_key(out, "version");
    json_out_text(out, RECTRAIN_VERSION);
    write_time(out, "started_at", app->started_ms);
    TRY(write_store(app, out, err));
    TRY(write_queue(app, app->relay, "queue", out, err));
    TRY(write_queue(app, app->prediction_relay, "prediction_queue", out, err));
    TRY(write_counts(app, out, err));
    TRY(write_workers(app, identity, out, err));
    json_out_key(out, "disk");
    json_out_open(out, '{');
    write_int(out, "models_bytes_free", saved_model_disk_free(app->config));
    json_out_close(out, '}');
    write_int(out, "streams", hub_counts(app->hub).streams);
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
