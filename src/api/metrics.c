/* GET /metrics: what is counted, in the text format of Prometheus (version 0.0.4). Names follow its
 * advice: one prefix, base units, _total for counters; no user or job is a label. */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "api/app.h"
#include "api/identity.h"
#include "api/model_files.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/memory.h"
#include "predict/model_cache.h"
#include "queue/relay.h"
#include "store/work.h"

enum { METRICS_BYTES_MAX = 8 << 20 };

/* The first failure is kept, so that the lines below need no check each. */
struct writer {
    struct strbuf text;
    enum err rc;
    struct error *err;
};

#define ADD(writer, ...)                                                                           \
    do {                                                                                           \
        if ((writer)->rc == ERR_OK)                                                                \
            (writer)->rc = strbuf_addf(&(writer)->text, (writer)->err, __VA_ARGS__);               \
    } while (0)

static void add_head(struct writer *writer, const char *name, const char *type, const char *help)
{
    ADD(writer, "# HELP rectrain_%s %s\n# TYPE rectrain_%s %s\n", name, help, name, type);
}

static void add_number(struct writer *writer, const char *name, const char *type, const char *help,
                       double value)
{
    add_head(writer, name, type, help);
    ADD(writer, "rectrain_%s %.15g\n", name, value);
}

/* ---- requests ---- */

static void add_requests(struct writer *writer, const struct http_metrics *metrics,
                         const struct route_table *table)
{
    struct http_route_counts counts;
    int32_t count;
    const struct route *routes = route_table_list(table, &count);
    add_head(writer, "http_requests_total", "counter", "Finished requests.");
    for (int32_t i = -1; i < count; i++) {
        http_metrics_route(metrics, i, &counts);
        for (int32_t s = 0; s < counts.status_count; s++)
            ADD(writer,
                "rectrain_http_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"} %" PRId64
                "\n",
                i < 0 ? "" : http_method_name(routes[i].method), i < 0 ? "" : routes[i].pattern,
                counts.statuses[s].status, counts.statuses[s].count);
    }
}

static void add_durations(struct writer *writer, const struct http_metrics *metrics,
                          const struct route_table *table)
{
    static const char name[] = "http_request_duration_seconds";
    struct http_route_counts counts;
    int32_t count;
    const struct route *routes = route_table_list(table, &count);
    add_head(writer, name, "histogram",
             "From the end of a request's head to the end of its answer.");
    for (int32_t i = 0; i < count; i++) {
        http_metrics_route(metrics, i, &counts);
        const int64_t all = counts.buckets[HTTP_DURATION_BUCKETS - 1];
        const char *method = http_method_name(routes[i].method), *route = routes[i].pattern;
        for (int b = 0; all > 0 && b < HTTP_DURATION_BUCKETS; b++) {
            char bound[32] = "+Inf";
            if (isfinite(http_duration_bounds[b]))
                snprintf(bound, sizeof(bound), "%g", http_duration_bounds[b]);
            ADD(writer, "rectrain_%s_bucket{method=\"%s\",route=\"%s\",le=\"%s\"} %" PRId64 "\n",
                name, method, route, bound, counts.buckets[b]);
        }
        if (all > 0)
            ADD(writer,
                "rectrain_%s_sum{method=\"%s\",route=\"%s\"} %.6f\n"
                "rectrain_%s_count{method=\"%s\",route=\"%s\"} %" PRId64 "\n",
                name, method, route, counts.seconds, name, method, route, all);
    }
}

static void add_connections(struct writer *writer, const struct http_metrics *metrics)
{
    struct http_connection_counts counts;
    http_metrics_connections(metrics, &counts);
    add_number(writer, "http_connections", "gauge", "Connections that are open.",
               (double)counts.open);
    add_number(writer, "http_connections_accepted_total", "counter", "Connections taken.",
               (double)counts.accepted);
    add_number(writer, "http_connections_timed_out_total", "counter",
               "Connections cut since they were too slow or idle.", (double)counts.timed_out);
    add_number(writer, "http_requests_refused_total", "counter",
               "Requests that were malformed or over a limit.", (double)counts.refused);
    add_number(writer, "http_requests_running", "gauge", "Requests that are being handled.",
               (double)counts.running);
}

static void add_streams(struct writer *writer, struct hub *hub)
{
    const struct hub_counts counts = hub_counts(hub);
    add_number(writer, "event_streams", "gauge", "Event streams that are open.",
               (double)counts.streams);
    add_number(writer, "events_published_total", "counter", "Events published to streams.",
               (double)counts.published);
    add_number(writer, "events_delivered_total", "counter", "Events put into a stream.",
               (double)counts.delivered);
    add_number(writer, "event_streams_cut_total", "counter", "Streams that were too slow.",
               (double)counts.cut);
}

/* ---- the store, the queue and the workers ---- */

static enum err add_store(struct writer *writer, struct store *store, struct error *err)
{
    struct store_counts counts;
    const enum err rc = store_counts(store, &counts, err);
    if (rc != ERR_OK)
        return rc;
    const struct {
        const char *status;
        int64_t count;
    } jobs[] = {{"pending", counts.train.pending},
                {"loading_data", counts.train.loading_data},
                {"preprocessing", counts.train.preprocessing},
                {"training", counts.train.training},
                {"completed", counts.train.completed},
                {"failed", counts.train.failed},
                {"cancelled", counts.train.cancelled}};
    add_head(writer, "jobs", "gauge", "Jobs in the store.");
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        ADD(writer, "rectrain_jobs{status=\"%s\"} %" PRId64 "\n", jobs[i].status, jobs[i].count);
    const struct {
        const char *status;
        int64_t count;
    } predictions[] = {{"pending", counts.predict.pending},
                       {"loading_data", counts.predict.loading_data + counts.predict.preprocessing},
                       {"predicting", counts.predict.training},
                       {"completed", counts.predict.completed},
                       {"failed", counts.predict.failed},
                       {"cancelled", counts.predict.cancelled}};
    add_head(writer, "predictions", "gauge", "Predictions in the store.");
    for (size_t i = 0; i < sizeof(predictions) / sizeof(predictions[0]); i++)
        ADD(writer, "rectrain_predictions{status=\"%s\"} %" PRId64 "\n", predictions[i].status,
            predictions[i].count);
    add_number(writer, "oldest_pending_prediction_seconds", "gauge",
               "Age of the prediction that waits longest.",
               (double)counts.predict.oldest_pending_ms / 1000);
    add_number(writer, "oldest_pending_seconds", "gauge", "Age of the job that waits longest.",
               (double)counts.train.oldest_pending_ms / 1000);
    add_number(writer, "jobs_stopping", "gauge", "Jobs that were asked to stop and still run.",
               (double)(counts.train.cancelled_waiting + counts.predict.cancelled_waiting));
    add_number(writer, "worker_deaths", "gauge", "Deaths of workers, over the jobs in the store.",
               (double)(counts.train.deaths + counts.predict.deaths));
    add_number(writer, "users", "gauge", "Accounts.", (double)counts.users);
    add_number(writer, "sessions", "gauge", "Logins.", (double)counts.sessions);
    add_number(writer, "models", "gauge", "Models.", (double)counts.models);
    add_number(writer, "outbox_messages", "gauge", "Messages that are not sent yet.",
               (double)counts.outbox);
    return ERR_OK;
}

static enum err add_job_durations(struct writer *writer, struct store *store, struct error *err)
{
    static const char name[] = "job_duration_seconds";
    struct store_duration list[STORE_DURATIONS_MAX];
    int32_t count;
    const enum err rc = store_durations(store, list, &count, err);
    if (rc != ERR_OK)
        return rc;
    add_head(writer, name, "summary", "From the first claim to the end, of completed jobs.");
    for (int32_t i = 0; i < count; i++)
        ADD(writer,
            "rectrain_%s_sum{model_type=\"%s\"} %.3f\n"
            "rectrain_%s_count{model_type=\"%s\"} %" PRId64 "\n",
            name, list[i].model_type, (double)list[i].total_ms / 1000, name, list[i].model_type,
            list[i].jobs);
    return ERR_OK;
}

static enum err add_queue(struct writer *writer, struct relay *relay, struct error *err)
{
    struct queue_depth depth;
    const enum err rc = queue_depth(relay, &depth, err);
    if (rc != ERR_OK)
        return rc;
    add_number(writer, "queue_connected", "gauge", "1 where the queue can be reached.",
               depth.is_connected);
    add_number(writer, "queue_blocked", "gauge", "1 where the broker takes no messages.",
               depth.is_blocked);
    add_number(writer, "queue_depth", "gauge", "Messages that wait.", (double)depth.messages);
    add_number(writer, "queue_consumers", "gauge", "Workers that listen.", (double)depth.consumers);
    add_number(writer, "queue_dead_letters", "gauge", "Messages of jobs that killed their workers.",
               (double)depth.dead);
    add_number(writer, "queue_published_total", "counter", "Messages that the broker confirmed.",
               (double)depth.published);
    add_number(writer, "queue_returned_total", "counter", "Messages that it did not take.",
               (double)depth.returned);
    return ERR_OK;
}

/* The same of predictions, as far as it differs. */
static enum err add_prediction_queue(struct writer *writer, struct relay *relay, struct error *err)
{
    struct queue_depth depth;
    const enum err rc = queue_depth(relay, &depth, err);
    if (rc != ERR_OK)
        return rc;
    add_number(writer, "prediction_queue_depth", "gauge", "Messages of predictions that wait.",
               (double)depth.messages);
    add_number(writer, "prediction_queue_consumers", "gauge", "Prediction workers that listen.",
               (double)depth.consumers);
    add_number(writer, "prediction_queue_dead_letters", "gauge",
               "Messages of predictions that killed their workers.", (double)depth.dead);
    return ERR_OK;
}

static enum err add_workers(struct writer *writer, struct store *store, struct error *err)
{
    struct worker_list list;
    int64_t busy = 0, oldest_ms = 0;
    const enum err rc = worker_list(store, &list, err);
    if (rc != ERR_OK)
        return rc;
    for (int32_t i = 0; i < list.count; i++) {
        const int64_t age_ms = list.now_ms - list.workers[i]->seen_ms;
        busy += list.workers[i]->job_id != 0;
        oldest_ms = age_ms > oldest_ms ? age_ms : oldest_ms;
    }
    add_number(writer, "workers", "gauge", "Training processes that told of themselves.",
               list.count);
    add_number(writer, "workers_busy", "gauge", "Those that have a job.", (double)busy);
    add_number(writer, "worker_heartbeat_age_seconds", "gauge",
               "How long ago the most silent of them was heard.", (double)oldest_ms / 1000);
    worker_list_release(&list);
    return ERR_OK;
}

/* ---- the models that answer ---- */

static void add_served(struct writer *writer, const struct app *app)
{
    const struct model_cache_stats stats = served_stats(app);
    add_number(writer, "open_models", "gauge", "Models that are mapped to answer with.",
               stats.models);
    add_number(writer, "open_model_bytes", "gauge",
               "Bytes of their files and of what is made of "
               "them.",
               (double)stats.bytes);
    add_number(writer, "model_hits_total", "counter", "Questions to a model that was open.",
               (double)stats.hits);
    add_number(writer, "model_loads_total", "counter", "Models that were opened.",
               (double)stats.loads);
    add_number(writer, "model_verifications_total", "counter",
               "Files that were read whole to be "
               "verified.",
               (double)stats.verifications);
    add_number(writer, "model_evictions_total", "counter",
               "Models that were closed to make room, "
               "or since nobody asked them.",
               (double)stats.evictions);
    add_number(writer, "model_load_failures_total", "counter", "Models that could not be opened.",
               (double)stats.failures);
}

static void add_disk(struct writer *writer, const struct app *app)
{
    const int64_t bytes = saved_model_disk_free(app->config);
    if (bytes >= 0)
        add_number(writer, "model_disk_free_bytes", "gauge",
                   "What is left on the disk of "
                   "MODEL_DIR.",
                   (double)bytes);
}

/* ---- the process ---- */

static int count_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory != NULL && readdir(directory) != NULL)
        count++;
    if (directory != NULL)
        closedir(directory);
    return count > 3 ? count - 3 : 0; /* ".", ".." and its own */
}

static void add_process(struct writer *writer, const struct app *app)
{
    add_head(writer, "build_info", "gauge", "The program; always 1.");
    ADD(writer, "rectrain_build_info{version=\"%s\"} 1\n", RECTRAIN_VERSION);
    ADD(writer,
        "# HELP process_start_time_seconds Since 1970 UTC.\n"
        "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds %.3f\n"
        "# HELP process_resident_memory_bytes Resident memory.\n"
        "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %" PRId64 "\n"
        "# HELP process_open_fds Open file descriptors.\n"
        "# TYPE process_open_fds gauge\nprocess_open_fds %d\n",
        (double)app->started_ms / 1000, mem_rss_bytes(), count_descriptors());
}

/* ---- who may read it ---- */

/* From this machine itself, not through a proxy on it. */
static bool is_local(const struct app *app, const struct request *request)
{
    const char *client = request_client(request);
    const bool is_forwarded = request_header(request, "X-Forwarded-For") != NULL ||
                              request_header(request, "Forwarded") != NULL;
    if (is_forwarded && !config_flag_is_on(app->config, "TRUST_FORWARDED"))
        return false;
    return strncmp(client, "127.", 4) == 0 || strcmp(client, "::1") == 0;
}

static enum err may_read(struct app *app, struct request *request, bool *ret_may, struct error *err)
{
    enum err rc;
    const struct identity *identity;
    const char *who = config_text(app->config, "METRICS");
    *ret_may = strcmp(who, "open") == 0 || (strcmp(who, "local") == 0 && is_local(app, request));
    if (*ret_may)
        return ERR_OK;
    TRY(identity_find(app, request, &identity, err));
    *ret_may = identity != NULL && identity->is_admin;
done:
    return rc;
}

static enum err metrics(void *context, struct request *request, struct response *response,
                        struct error *err)
{
    enum err rc;
    bool may;
    struct app *app = context;
    struct writer writer = {.rc = ERR_OK, .err = err};
    strbuf_init(&writer.text, METRICS_BYTES_MAX);
    TRY(may_read(app, request, &may, err));
    if (!may) {
        response_problem(response, 403, "metrics_closed",
                         "metrics are for this machine or for an administrator's token");
        return ERR_OK;
    }
    struct http_server *server = app->server;
    if (server == NULL)
        return FAIL_REASON(err, ERR_NOMEM, "unavailable", "the server has only just started");
    const struct http_metrics *counted = http_server_metrics(server);
    add_process(&writer, app);
    add_requests(&writer, counted, app->routes);
    add_durations(&writer, counted, app->routes);
    add_connections(&writer, counted);
    add_streams(&writer, app->hub);
    add_served(&writer, app);
    add_disk(&writer, app);
    TRY(add_store(&writer, app->store, err));
    TRY(add_job_durations(&writer, app->store, err));
    TRY(add_queue(&writer, app->relay, err));
    TRY(add_prediction_queue(&writer, app->prediction_relay, err));
    TRY(add_workers(&writer, app->store, err));
    TRY(writer.rc);
    response_take(response, "text/plain; version=0.0.4; charset=utf-8", &writer.text);
done:
    strbuf_release(&writer.text);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/metrics", .handle = metrics, .flags = ROUTE_PUBLIC},
};
const struct route_group metrics_routes = {routes, sizeof(routes) / sizeof(routes[0])};
