/* The models that jobs made: listed, told of, sent, removed. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/model_files.h"
#include "api/out.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/json.h"
#include "base/memory.h"
#include "jobs/job.h"
#include "store/models.h"

enum { LIMIT_DEFAULT = 50, MODEL_BYTES = 768 };

/* The length of the lists that the model was judged on, of the run's parameters. */
static void write_k(struct json_out *out, const struct model_record *model)
{
    json_t *run = json_loads(model->run_json, 0, NULL);
    json_out_key(out, "k");
    if (json_is_integer(json_object_get(run, "k")))
        json_out_int(out, json_integer_value(json_object_get(run, "k")));
    else
        json_out_null(out);
    json_decref(run);
}

static void write_model(struct json_out *out, const struct model_record *model)
{
    char at[JOB_TIME_SIZE];
    json_out_open(out, '{');
    json_out_key(out, "model_id");
    json_out_int(out, model->model_id);
    json_out_key(out, "job_id");
    json_out_int(out, model->job_id);
    json_out_key(out, "job_name");
    json_out_text(out, model->job_name);
    json_out_key(out, "model_type");
    json_out_text(out, model->model_type);
    json_out_key(out, "path");
    json_out_text(out, model->path);
    json_out_key(out, "file_name");
    json_out_text(out, saved_model_name(model->path));
    json_out_key(out, "size_bytes");
    json_out_int(out, model->size_bytes);
    json_out_key(out, "sha256");
    json_out_text(out, model->sha256);
    json_out_key(out, "created_at");
    json_out_text(out, job_time_rfc3339(model->created_ms, at));
    json_out_key(out, "metrics");
    json_out_raw(out, "metrics", model->metrics_json);
    write_k(out, model);
    json_out_close(out, '}');
}

static enum err list_models(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    enum err rc;
    struct app *app = context;
    int64_t limit, before;
    struct model_list list = {0};
    struct json_out out;
    TRY(query_check(request, known, err));
    TRY(query_int(request, "limit", LIMIT_DEFAULT, 1, STORE_LIST_MAX - 1, &limit, err));
    TRY(query_int(request, "cursor", 0, 1, INT64_MAX, &before, err));
    /* One more than the page holds: is there another one? */
    const struct model_query query = {.user_id = request_identity(request)->user_id,
                                      .before_id = before,
                                      .limit = (int32_t)limit + 1};
    TRY(model_list(app->store, &query, &list, err));
    const int32_t count = list.count > limit ? (int32_t)limit : list.count;
    out_begin(&out, MODEL_BYTES * (size_t)(count + 1), err);
    json_out_open(&out, '{');
    json_out_key(&out, "models");
    json_out_open(&out, '[');
    for (int32_t i = 0; i < count; i++)
        write_model(&out, list.models[i]);
    json_out_close(&out, ']');
    json_out_key(&out, "next");
    if (list.count > count)
        json_out_int(&out, list.models[count - 1]->model_id);
    else
        json_out_null(&out);
    json_out_close(&out, '}');
    rc = response_out_tagged(response, &out, err);
done:
    model_list_release(&list);
    return rc;
}

static enum err find_model(struct app *app, struct request *request,
                           struct model_record **ret_model, struct error *err)
{
    enum err rc;
    int64_t model_id;
    TRY(request_param_id(request, "model_id", &model_id, err));
    rc = model_read(app->store, request_identity(request)->user_id, model_id, ret_model, err);
done:
    return rc;
}

static enum err read_model(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct model_record *model = NULL;
    struct json_out out;
    TRY(find_model(context, request, &model, err));
    out_begin(&out, MODEL_BYTES, err);
    write_model(&out, model);
    rc = response_out_tagged(response, &out, err);
done:
    mem_free(model);
    return rc;
}

static enum err remove_model(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct model_record *model = NULL;
    TRY(find_model(app, request, &model, err));
    TRY(model_remove(app->store, request_identity(request)->user_id, model->model_id, err));
    served_changed(app, request_identity(request)->user_id);
    served_drop(app, model->model_id);
    TRY(saved_model_remove(app->config, model->path, err));
    response_none(response);
done:
    mem_free(model);
    return rc;
}

/* The file as it is, whose ETag is its checksum; a range of it where one is asked for. */
static enum err download_model(void *context, struct request *request, struct response *response,
                               struct error *err)
{
    enum err rc;
    int fd = -1;
    bool is_fresh;
    struct stat info;
    struct app *app = context;
    struct model_record *model = NULL;
    TRY(find_model(app, request, &model, err));
    rc = saved_model_open(app->config, model->path, &fd, err);
    if (rc == ERR_NOT_FOUND) {
        response_problem(response, 410, "model_file_missing",
                         "the file %s of this model is not there any more: somebody removed it, or "
                         "MODEL_DIR is another directory than the worker's",
                         saved_model_name(model->path));
        rc = ERR_OK;
        goto done;
    }
    TRY(rc);
    if (fstat(fd, &info) != 0 || info.st_size != model->size_bytes) {
        response_problem(response, 410, "model_file_changed",
                         "the file %s has not the size any more that the model had when it was "
                         "saved, so it is not sent",
                         saved_model_name(model->path));
        goto done;
    }
    TRY(response_etag(response, model->sha256, &is_fresh, err));
    response_cache(response, "private, no-cache");
    if (is_fresh)
        goto done;
    const char *name = saved_model_name(model->path);
    const int sent = fd;
    fd = -1; /* the response's from now on */
    rc = response_file(response, sent, "application/octet-stream", name, err);
done:
    if (fd >= 0)
        close(fd);
    mem_free(model);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/models", .handle = list_models},
    {.method = HTTP_GET, .pattern = "/api/v1/models/{model_id}", .handle = read_model},
    {.method = HTTP_DELETE,
     .pattern = "/api/v1/models/{model_id}",
     .handle = remove_model,
     .flags = ROUTE_WRITE},
    {.method = HTTP_GET, .pattern = "/api/v1/models/{model_id}/download", .handle = download_model},
};
const struct route_group models_routes = {routes, sizeof(routes) / sizeof(routes[0])};
