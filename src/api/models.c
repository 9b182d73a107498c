/* Models: listed, told of, weighed, changed, removed. */
#include <string.h>

#include "api/answer.h"
#include "api/ask_body.h"
#include "api/identity.h"
#include "api/job_body.h"
#include "api/model_files.h"
#include "api/model_out.h"
#include "api/out.h"
#include "api/promote.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/json.h"
#include "base/memory.h"
#include "store/jobs.h"
#include "store/registry.h"

enum { LIMIT_DEFAULT = 50, WHOLE_BYTES = 8192 };

static enum err list_models(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    static const char *const known[] = {"limit", "cursor", "name", "tag", NULL};
    enum err rc;
    struct app *app = context;
    int64_t limit;
    struct model_query query = {.user_id = request_identity(request)->user_id};
    struct model_list list = {0};
    struct json_out out;
    TRY(query_check(request, known, err));
    TRY(query_int(request, "limit", LIMIT_DEFAULT, 1, STORE_LIST_MAX - 1, &limit, err));
    TRY(query_int(request, "cursor", 0, 1, INT64_MAX, &query.before_id, err));
    TRY(query_text(request, "name", &query.name, err));
    TRY(query_text(request, "tag", &query.tag, err));
    query.limit = (int32_t)limit + 1; /* one more than the page holds: is there another one? */
    TRY(model_list(app->store, &query, &list, err));
    const int32_t count = list.count > limit ? (int32_t)limit : list.count;
    out_begin(&out, MODEL_OUT_BYTES * (size_t)(count + 1), err);
    json_out_open(&out, '{');
    json_member_open(&out, "models", '[');
    for (int32_t i = 0; i < count; i++)
        model_out(&out, list.models[i], NULL);
    json_out_close(&out, ']');
    json_member_nonzero(&out, "next", list.count > count ? list.models[count - 1]->model_id : 0);
    json_out_close(&out, '}');
    rc = response_out_tagged(response, &out, err);
done:
    model_list_release(&list);
    return rc;
}

static enum err find_model(struct app *app, struct request *request,
                           struct model_record **ret_model, struct error *err)
{
    return registry_resolve(app->store, request_identity(request)->user_id,
                            request_param(request, "ref"), ret_model, err);
}

/* All of a model, as its job told it. */
static enum err write_whole(struct app *app, const struct model_record *model, struct json_out *out,
                            struct error *err)
{
    struct job *job = NULL;
    const enum err rc =
        job_read(app->store, model->user_id, JOB_ANY_TASK, model->job_id, &job, err);
    if (rc != ERR_OK)
        return rc;
    out_begin(out, WHOLE_BYTES, err);
    model_out(out, model, job->result_json != NULL ? job->result_json : "{}");
    job_free(job);
    return ERR_OK;
}

static enum err read_model(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct model_record *model = NULL;
    struct json_out out;
    TRY(find_model(context, request, &model, err));
    TRY(write_whole(context, model, &out, err));
    rc = response_out_tagged(response, &out, err);
done:
    mem_free(model);
    return rc;
}

/* ---- change ---- */

/* A field that is a text; NULL where it is not given. */
static const char *read_text(const json_t *object, const char *key, struct job_field_errors *errors)
{
    const json_t *value = json_object_get(object, key);
    if (value != NULL && !json_is_null(value) && !json_is_string(value))
        ask_complain(errors, key, "type", "%s must be a text", key);
    return json_string_value(value);
}

static void read_tags(const json_t *object, const char *tags[MODEL_TAGS_MAX],
                      struct model_edit *edit, struct job_field_errors *errors)
{
    const json_t *value = json_object_get(object, "tags");
    size_t i;
    json_t *tag;
    if (value == NULL || json_is_null(value))
        return;
    if (!json_is_array(value) || json_array_size(value) > MODEL_TAGS_MAX) {
        ask_complain(errors, "tags", "type", "tags must be a list of at most %d texts",
                     (int)MODEL_TAGS_MAX);
        return;
    }
    json_array_foreach(value, i, tag)
    {
        tags[i] = json_string_value(tag);
        if (tags[i] == NULL) {
            job_field_complain(errors, "tags", "type", "tags must be texts");
            return;
        }
    }
    edit->tags = tags;
    edit->tag_count = (int32_t)json_array_size(value);
}

static enum err change_model(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    static const char *const known[] = {"name", "note", "tags", NULL};
    enum err rc;
    struct app *app = context;
    json_t *object;
    const char *tags[MODEL_TAGS_MAX];
    struct model_edit edit = {0};
    struct job_field_errors errors = {.count = 0};
    struct model_record *model = NULL, *changed = NULL;
    struct json_out out;
    const int64_t user_id = request_identity(request)->user_id;
    TRY(find_model(app, request, &model, err));
    TRY(ask_object(request, known, &object, &errors, err));
    edit.name = read_text(object, "name", &errors);
    edit.note = read_text(object, "note", &errors);
    if (json_is_null(json_object_get(object, "note")))
        edit.note = ""; /* none any more */
    read_tags(object, tags, &edit, &errors);
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        goto done;
    }
    TRY(model_edit(app->store, user_id, model->model_id, &edit, err));
    served_changed(app, user_id);
    TRY(model_read(app->store, user_id, model->model_id, &changed, err));
    TRY(write_whole(app, changed, &out, err));
    rc = response_out(response, 200, &out, err);
done:
    mem_free(changed);
    mem_free(model);
    return rc;
}

static enum err remove_model(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct model_record *model = NULL;
    const int64_t user_id = request_identity(request)->user_id;
    TRY(find_model(app, request, &model, err));
    TRY(model_remove(app->store, user_id, model->model_id, err));
    served_changed(app, user_id);
    served_drop(app, model->model_id);
    TRY(saved_file_remove(app->config, SAVED_MODEL, model->path, err));
    response_none(response);
done:
    mem_free(model);
    return rc;
}

static enum err read_verdict(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    static const char *const known[] = {"against", NULL};
    enum err rc;
    struct app *app = context;
    const char *against;
    struct verdict verdict;
    struct model_record *model = NULL;
    struct json_out out;
    TRY(find_model(app, request, &model, err));
    TRY(query_check(request, known, err));
    TRY(query_text(request, "against", &against, err));
    TRY(promotion_verdict(app->config, app->store, model, against, &verdict, err));
    out_begin(&out, MODEL_OUT_BYTES, err);
    verdict_write(&out, &verdict);
    rc = response_out_tagged(response, &out, err);
done:
    mem_free(model);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/models", .handle = list_models},
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}", .handle = read_model},
    {.method = HTTP_DELETE,
     .pattern = "/api/v1/models/{ref}",
     .handle = remove_model,
     .flags = ROUTE_WRITE},
    {.method = HTTP_PATCH,
     .pattern = "/api/v1/models/{ref}",
     .handle = change_model,
     .flags = ROUTE_WRITE},
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/verdict", .handle = read_verdict},
};
const struct route_group models_routes = {routes, sizeof(routes) / sizeof(routes[0])};
