/* A job as a page shows it, and the page of one job. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/identity.h"
#include "api/page.h"
#include "api/page_texts.h"
#include "api/routes.h"
#include "base/memory.h"
#include "store/jobs.h"
#include "store/models.h"
#include "worker/job_log.h"

enum { TEXT_BYTES = 64, EVENTS_SHOWN = 200, LOG_TAIL_BYTES = 16384, TITLE_BYTES = 256 };

/* ---- the parts of the page ---- */

static enum err add_params(json_t *context, const struct job *job, struct error *err)
{
    enum err rc;
    json_t *list = json_array(), *params = NULL, *run = NULL;
    TRY(json_read_stored("params", job->params_json, &params, err));
    TRY(json_read_stored("run", job->run_json, &run, err));
    TRY(page_add_members(list, params, err));
    TRY(page_add_members(list, run, err));
    TRY(json_set(context, "params", json_incref(list), err));
done:
    json_decref(list);
    json_decref(params);
    json_decref(run);
    return rc;
}

static enum err add_funnel(json_t *context, const struct job *job, struct error *err)
{
    enum err rc;
    json_t *list = json_array(), *result = NULL;
    TRY(json_read_stored("result", job->result_json, &result, err));
    TRY(page_add_members(list, json_object_get(result, "funnel"), err));
    TRY(json_set(context, "has_funnel", json_boolean(json_array_size(list) > 0), err));
    TRY(json_set(context, "funnel", json_incref(list), err));
done:
    json_decref(list);
    json_decref(result);
    return rc;
}

static enum err add_events(json_t *context, struct app *app, const struct job *job,
                           struct error *err)
{
    enum err rc;
    char at[TEXT_BYTES], text[TITLE_BYTES];
    struct job_event_list events = {0};
    json_t *list = json_array();
    TRY(job_events(app->store, job->user_id, job->job_id, 0, EVENTS_SHOWN, &events, err));
    for (int32_t i = 0; i < events.count; i++) {
        const struct job_event *event = events.events[i];
        snprintf(text, sizeof(text), "%s%s%s", event->kind, event->message != NULL ? ": " : "",
                 event->message != NULL ? event->message : "");
        TRY(json_append(list,
                        json_pack("{s:s,s:o}", "at", page_time(event->at_ms, at, sizeof(at)),
                                  "message", json_text(text)),
                        err));
    }
    TRY(json_set(context, "events", json_incref(list), err));
done:
    json_decref(list);
    job_event_list_release(&events);
    return rc;
}

/* The last lines of the log; a job that has not begun has none. */
static enum err add_log(json_t *context, struct app *app, const struct job *job, struct error *err)
{
    char path[JOB_LOG_PATH_MAX], tail[LOG_TAIL_BYTES + 1];
    const int64_t size = job_log_bytes(config_text(app->config, "MODEL_DIR"), job->job_id);
    const int fd = open(job_log_path(config_text(app->config, "MODEL_DIR"), job->job_id, path),
                        O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return json_set(context, "log", json_string(""), err);
    const off_t from = size > LOG_TAIL_BYTES ? (off_t)(size - LOG_TAIL_BYTES) : 0;
    const ssize_t got = pread(fd, tail, LOG_TAIL_BYTES, from);
    close(fd);
    tail[got > 0 ? got : 0] = '\0';
    const char *first = from > 0 ? strchr(tail, '\n') : NULL; /* not the half of a line */
    return json_set(context, "log", json_text(first != NULL ? first + 1 : tail), err);
}

static enum err add_model(json_t *context, struct app *app, const struct job *job,
                          struct error *err)
{
    enum err rc;
    char size[TEXT_BYTES], url[TEXT_BYTES];
    struct model_record *model = NULL;
    rc = model_of_job(app->store, job->user_id, job->job_id, &model, err);
    if (rc == ERR_NOT_FOUND)
        return ERR_OK;
    TRY(rc);
    snprintf(url, sizeof(url), "/api/v1/models/%" PRId64 "/download", model->model_id);
    TRY(json_set(context, "model_path", json_text(model->path), err));
    TRY(json_set(context, "model_size",
                 json_string(text_bytes(model->size_bytes, size, sizeof(size))), err));
    TRY(json_set(context, "model_sha256", json_text(model->sha256), err));
    TRY(json_set(context, "download_url", json_string(url), err));
done:
    mem_free(model);
    return rc;
}

/* ---- the page ---- */

static enum err job_page(void *context, struct request *request, struct response *response,
                         struct error *err)
{
    enum err rc;
    struct app *app = context;
    int64_t job_id;
    char title[TITLE_BYTES];
    struct job *job = NULL;
    struct timespec now;
    json_t *fields = NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_read(app->store, request_identity(request)->user_id, JOB_TRAIN, job_id, &job, err));
    fields = page_job_fields(job, (int64_t)now.tv_sec * 1000);
    const bool has_ended = job_status_is_terminal(job->status);
    TRY(json_set(fields, "can_cancel", json_boolean(!has_ended && !job->cancel_requested), err));
    TRY(json_set(fields, "can_retry", json_boolean(has_ended), err));
    TRY(json_set(fields, "can_delete", json_boolean(has_ended), err));
    TRY(add_params(fields, job, err));
    TRY(page_add_metrics(fields, job->metrics_json, job->run_json, err));
    TRY(add_funnel(fields, job, err));
    TRY(add_events(fields, app, job, err));
    TRY(add_log(fields, app, job, err));
    TRY(add_model(fields, app, job, err));
    snprintf(title, sizeof(title), "%s", job->name != NULL ? job->name : "");
    if (job->name == NULL)
        snprintf(title, sizeof(title), "Job %" PRId64, job_id);
    rc = page_answer(app, request, response, 200, "details", title, fields, err);
    fields = NULL;
done:
    json_decref(fields);
    job_free(job);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/training/{job_id}", .handle = job_page, .flags = ROUTE_PAGE},
};
const struct route_group page_job_routes = {routes, sizeof(routes) / sizeof(routes[0])};
