/* What happened to a job, or to a prediction: its events, its log, its curves. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/out.h"
#include "api/routes.h"
#include "store/jobs.h"
#include "worker/job_log.h"

enum { EVENTS_DEFAULT = 200, NAME_SIZE = 64 };

/* ERR_NOT_FOUND unless the job of the path is the user's, and of this task. */
static enum err check_owner(struct app *app, struct request *request, enum job_task task,
                            int64_t *ret_job_id, struct error *err)
{
    enum err rc;
    struct job *job = NULL;
    TRY(request_param_id(request, task == JOB_PREDICT ? "prediction_id" : "job_id", ret_job_id,
                         err));
    TRY(job_read_brief(app->store, request_identity(request)->user_id, task, *ret_job_id, &job,
                       err));
done:
    job_free(job);
    return rc;
}

/* ---- GET …/events?after=&limit= ---- */

static void write_event(struct json_out *out, const struct job_event *event)
{
    json_out_open(out, '{');
    json_member_int(out, "event_id", event->event_id);
    json_member_int(out, "job_id", event->job_id);
    json_member_text(out, "kind", event->kind);
    json_member_text(out, "message", event->message);
    job_write_time(out, "at", event->at_ms);
    json_out_close(out, '}');
}

static enum err list_events(struct app *app, struct request *request, struct response *response,
                            enum job_task task, struct error *err)
{
    static const char *const known[] = {"after", "limit", NULL};
    enum err rc;
    int64_t job_id, after, limit;
    struct job_event_list list = {0};
    struct json_out out;
    TRY(query_check(request, known, err));
    TRY(query_int(request, "after", 0, 0, INT64_MAX, &after, err));
    TRY(query_int(request, "limit", EVENTS_DEFAULT, 1, STORE_LIST_MAX, &limit, err));
    TRY(check_owner(app, request, task, &job_id, err));
    TRY(job_events(app->store, request_identity(request)->user_id, job_id, after, (int32_t)limit,
                   &list, err));
    out_begin(&out, OUT_FIRST_BYTES, err);
    json_out_open(&out, '{');
    json_member_open(&out, "events", '[');
    for (int32_t i = 0; i < list.count; i++)
        write_event(&out, list.events[i]);
    json_out_close(&out, ']');
    json_member_nonzero(&out, "next",
                        list.count == limit ? list.events[list.count - 1]->event_id : 0);
    json_out_close(&out, '}');
    rc = response_out_tagged(response, &out, err);
done:
    job_event_list_release(&list);
    return rc;
}

/* ---- GET …/log?download=1 ---- */

static enum err read_log(struct app *app, struct request *request, struct response *response,
                         enum job_task task, struct error *err)
{
    static const char *const known[] = {"download", NULL};
    enum err rc;
    int64_t job_id, download;
    char path[JOB_LOG_PATH_MAX], name[NAME_SIZE];
    TRY(query_check(request, known, err));
    TRY(query_int(request, "download", 0, 0, 1, &download, err));
    TRY(check_owner(app, request, task, &job_id, err));
    job_log_path(config_text(app->config, "MODEL_DIR"), job_id, path);
    snprintf(name, sizeof(name), "job_%lld.log", (long long)job_id);
    const int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return FAIL(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    if (fd < 0) /* nothing was logged yet */
        return response_text(response, "text/plain; charset=utf-8", "", err);
    rc = response_file(response, fd, "text/plain; charset=utf-8", download ? name : NULL, err);
done:
    return rc;
}

/* ---- GET …/metrics: the curves ---- */

/* Points come by name and step: each name begins a series. */
static void write_series(struct json_out *out, const struct job_point_list *list)
{
    const char *name = NULL;
    for (int32_t i = 0; i < list->count; i++) {
        const struct job_point *point = list->points[i];
        if (name == NULL || strcmp(name, point->name) != 0) {
            if (name != NULL) {
                json_out_close(out, ']');
                json_out_close(out, '}');
            }
            name = point->name;
            json_out_open(out, '{');
            json_member_text(out, "name", name);
            json_member_open(out, "points", '[');
        }
        json_out_open(out, '[');
        json_out_int(out, point->step);
        json_out_real(out, point->value);
        json_out_close(out, ']');
    }
    if (name != NULL) {
        json_out_close(out, ']');
        json_out_close(out, '}');
    }
}

static enum err read_curves(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    enum err rc;
    struct app *app = context;
    int64_t job_id;
    struct job_point_list list = {0};
    struct json_out out;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_points(app->store, request_identity(request)->user_id, JOB_TRAIN, job_id, &list, err));
    out_begin(&out, OUT_FIRST_BYTES, err);
    json_out_open(&out, '{');
    json_out_key(&out, "attempt");
    if (list.count > 0)
        json_out_int(&out, list.points[0]->attempt);
    else
        json_out_null(&out);
    json_member_open(&out, "series", '[');
    write_series(&out, &list);
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    rc = response_out_tagged(response, &out, err);
done:
    job_point_list_release(&list);
    return rc;
}

static enum err events_of_job(void *context, struct request *request, struct response *response,
                              struct error *err)
{
    return list_events(context, request, response, JOB_TRAIN, err);
}

static enum err log_of_job(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    return read_log(context, request, response, JOB_TRAIN, err);
}

static enum err events_of_prediction(void *context, struct request *request,
                                     struct response *response, struct error *err)
{
    return list_events(context, request, response, JOB_PREDICT, err);
}

static enum err log_of_prediction(void *context, struct request *request, struct response *response,
                                  struct error *err)
{
    return read_log(context, request, response, JOB_PREDICT, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/api/v1/predictions/{prediction_id}/events",
     .handle = events_of_prediction},
    {.method = HTTP_GET,
     .pattern = "/api/v1/predictions/{prediction_id}/log",
     .handle = log_of_prediction},
    {.method = HTTP_GET, .pattern = "/api/v1/jobs/{job_id}/events", .handle = events_of_job},
    {.method = HTTP_GET, .pattern = "/api/v1/jobs/{job_id}/log", .handle = log_of_job},
    {.method = HTTP_GET, .pattern = "/api/v1/jobs/{job_id}/metrics", .handle = read_curves},
};
const struct route_group job_history_routes = {routes, sizeof(routes) / sizeof(routes[0])};
