/* Predictions: started, listed, told of, stopped, tried again, removed. */
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/job_body.h"
#include "api/out.h"
#include "api/prediction_actions.h"
#include "api/prediction_json.h"
#include "api/routes.h"
#include "base/memory.h"
#include "store/registry.h"
#include "worker/job_log.h"

enum { LIMIT_DEFAULT = 50, PREDICTION_BYTES = 1024 };

static enum err answer(struct request *request, struct response *response,
                       const struct prediction *prediction, struct error *err)
{
    enum err rc;
    struct json_out out;
    const char *location = arena_textf(request_arena(request), err, "/api/v1/predictions/%lld",
                                       (long long)prediction->job.job_id);
    if (location == NULL)
        return ERR_NOMEM;
    out_begin(&out, PREDICTION_BYTES, err);
    prediction_write(&out, prediction);
    TRY(response_out(response, 202, &out, err));
    TRY(response_header(response, "Location", location, err));
done:
    return rc;
}

static enum err start(void *context, struct request *request, struct response *response,
                      struct error *err)
{
    enum err rc;
    struct prediction *made = NULL;
    struct job_field_errors *errors = NULL;
    TRY_PTR(errors = mem_array(1, sizeof(*errors), err));
    TRY(prediction_start(context, request, &made, errors, err));
    if (errors->count > 0)
        job_body_refuse(response, errors);
    else
        rc = answer(request, response, made, err);
done:
    prediction_free(made);
    mem_free(errors);
    return rc;
}

/* ---- the list ---- */

static enum err check_statuses(const char *statuses, struct error *err)
{
    static const char *const known[] = {"pending",   "loading_data", "predicting",
                                        "completed", "failed",       "cancelled"};
    for (const char *at = statuses; at != NULL && *at != '\0';) {
        const size_t len = strcspn(at, ",");
        bool found = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            found = found || (strlen(known[i]) == len && memcmp(known[i], at, len) == 0);
        if (!found)
            return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                               "status is %.60s, but it must be pending, loading_data, predicting, "
                               "completed, failed or cancelled, with commas between",
                               statuses);
        at += len + (at[len] == ',');
    }
    return ERR_OK;
}

/* The model of ?model=, 0 where none is named. */
static enum err read_model(struct app *app, struct request *request, int64_t *ret_model_id,
                           struct error *err)
{
    enum err rc;
    const char *ref;
    struct model_record *model = NULL;
    *ret_model_id = 0;
    TRY(query_text(request, "model", &ref, err));
    if (ref == NULL || ref[0] == '\0')
        goto done;
    TRY(registry_resolve(app->store, request_identity(request)->user_id, ref, &model, err));
    *ret_model_id = model->model_id;
done:
    mem_free(model);
    return rc;
}

static void write_list(struct json_out *out, const struct prediction_list *list, int32_t count)
{
    json_out_open(out, '{');
    json_member_open(out, "predictions", '[');
    for (int32_t i = 0; i < count; i++)
        prediction_write(out, list->predictions[i]);
    json_out_close(out, ']');
    json_member_nonzero(out, "next",
                        list->count > count ? list->predictions[count - 1]->job.job_id : 0);
    json_out_close(out, '}');
}

static enum err list(void *context, struct request *request, struct response *response,
                     struct error *err)
{
    static const char *const known[] = {"status", "model", "limit", "cursor", NULL};
    enum err rc;
    struct app *app = context;
    int64_t limit;
    struct json_out out;
    struct prediction_list found = {0};
    struct prediction_query query = {.user_id = request_identity(request)->user_id};
    TRY(query_check(request, known, err));
    TRY(query_text(request, "status", &query.statuses, err));
    if (query.statuses != NULL && query.statuses[0] == '\0')
        query.statuses = NULL;
    TRY(check_statuses(query.statuses, err));
    TRY(query_int(request, "limit", LIMIT_DEFAULT, 1, STORE_LIST_MAX - 1, &limit, err));
    TRY(query_int(request, "cursor", 0, 1, INT64_MAX, &query.before_id, err));
    TRY(read_model(app, request, &query.model_id, err));
    query.limit = (int32_t)limit + 1; /* is there another one? */
    TRY(prediction_list(app->store, &query, &found, err));
    const int32_t count = found.count > limit ? (int32_t)limit : found.count;
    out_begin(&out, PREDICTION_BYTES * (size_t)(count + 1), err);
    write_list(&out, &found, count);
    rc = response_out_tagged(response, &out, err);
done:
    prediction_list_release(&found);
    return rc;
}

/* ---- one ---- */

static enum err read_one(void *context, struct request *request, struct response *response,
                         struct error *err)
{
    enum err rc;
    int64_t id;
    struct app *app = context;
    struct json_out out;
    struct prediction *prediction = NULL;
    TRY(request_param_id(request, "prediction_id", &id, err));
    TRY(prediction_read(app->store, request_identity(request)->user_id, id, true, &prediction,
                        err));
    out_begin(&out, PREDICTION_BYTES, err);
    prediction_write(&out, prediction);
    rc = response_out_tagged(response, &out, err);
done:
    prediction_free(prediction);
    return rc;
}

static enum err remove_one(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    int64_t id;
    TRY(request_param_id(request, "prediction_id", &id, err));
    TRY(prediction_delete(context, request_identity(request), id, err));
    response_none(response);
done:
    return rc;
}

static enum err cancel(void *context, struct request *request, struct response *response,
                       struct error *err)
{
    enum err rc;
    int64_t id;
    struct app *app = context;
    struct prediction *prediction = NULL;
    TRY(request_param_id(request, "prediction_id", &id, err));
    TRY(prediction_stop(app, request_identity(request), id, err));
    TRY(prediction_read(app->store, request_identity(request)->user_id, id, true, &prediction,
                        err));
    TRY(answer(request, response, prediction, err));
done:
    prediction_free(prediction);
    return rc;
}

static enum err retry(void *context, struct request *request, struct response *response,
                      struct error *err)
{
    enum err rc;
    int64_t id;
    struct prediction *made = NULL;
    TRY(request_param_id(request, "prediction_id", &id, err));
    TRY(prediction_retry(context, request, id, &made, err));
    TRY(answer(request, response, made, err));
done:
    prediction_free(made);
    return rc;
}

#define ONE "/api/v1/predictions/{prediction_id}"
static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/predictions", .handle = list},
    {.method = HTTP_POST, .pattern = "/api/v1/predictions", .handle = start, .flags = ROUTE_WRITE},
    {.method = HTTP_GET, .pattern = ONE, .handle = read_one, .flags = ROUTE_QUICK},
    {.method = HTTP_DELETE, .pattern = ONE, .handle = remove_one, .flags = ROUTE_WRITE},
    {.method = HTTP_POST, .pattern = ONE "/cancel", .handle = cancel, .flags = ROUTE_WRITE},
    {.method = HTTP_POST, .pattern = ONE "/retry", .handle = retry, .flags = ROUTE_WRITE},
};
const struct route_group prediction_routes = {routes, sizeof(routes) / sizeof(routes[0])};
