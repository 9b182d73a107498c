/* The names of models, their gates, and where their aliases point. */
#include <string.h>

#include "api/answer.h"
#include "api/ask_body.h"
#include "api/identity.h"
#include "api/job_body.h"
#include "api/model_out.h"
#include "api/out.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/json.h"
#include "base/memory.h"
#include "store/registry.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200, NAME_BYTES = 512 };

static enum err list_names(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    static const char *const known[] = {"limit", "cursor", NULL};
    enum err rc;
    struct app *app = context;
    int64_t limit;
    const char *after;
    struct registry_list list = {0};
    struct json_out out;
    TRY(query_check(request, known, err));
    TRY(query_int(request, "limit", LIMIT_DEFAULT, 1, LIMIT_MAX, &limit, err));
    TRY(query_text(request, "cursor", &after, err));
    if (after != NULL && !model_name_is_valid(after))
        return FAIL_REASON(err, ERR_INVALID, "cursor", "that is no cursor of this list");
    TRY(registry_list(app->store, request_identity(request)->user_id, after, (int32_t)limit + 1,
                      &list, err));
    const int32_t count = list.count > limit ? (int32_t)limit : list.count;
    out_begin(&out, NAME_BYTES * (size_t)(count + 1), err);
    json_out_open(&out, '{');
    json_member_open(&out, "names", '[');
    for (int32_t i = 0; i < count; i++)
        name_out(&out, &list, i);
    json_out_close(&out, ']');
    json_member_text(&out, "next", list.count > count ? list.names[count - 1]->name : NULL);
    json_out_close(&out, '}');
    rc = response_out_tagged(response, &out, err);
done:
    registry_list_release(&list);
    return rc;
}

static enum err read_name(void *context, struct request *request, struct response *response,
                          struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct registry_list list = {0};
    struct json_out out;
    TRY(registry_read(app->store, request_identity(request)->user_id,
                      request_param(request, "name"), &list, err));
    out_begin(&out, NAME_BYTES, err);
    name_out(&out, &list, 0);
    rc = response_out_tagged(response, &out, err);
done:
    registry_list_release(&list);
    return rc;
}

static void read_gate(const json_t *object, bool *gate, double *margin,
                      struct job_field_errors *errors)
{
    const json_t *wanted = json_object_get(object, "gate");
    const json_t *by = json_object_get(object, "margin");
    if (json_is_boolean(wanted))
        *gate = json_is_true(wanted);
    else if (wanted != NULL && !json_is_null(wanted))
        job_field_complain(errors, "gate", "type", "gate must be true or false");
    if (json_is_number(by) && json_number_value(by) >= 0 && json_number_value(by) <= 1)
        *margin = json_number_value(by);
    else if (by != NULL && !json_is_null(by))
        job_field_complain(errors, "margin", "range", "margin must be a number from 0 to 1");
}

static enum err change_name(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    static const char *const known[] = {"gate", "margin", NULL};
    enum err rc;
    struct app *app = context;
    json_t *object;
    struct job_field_errors errors = {.count = 0};
    struct registry_list list = {0};
    const char *name = request_param(request, "name");
    const int64_t user_id = request_identity(request)->user_id;
    TRY(registry_read(app->store, user_id, name, &list, err));
    TRY(ask_object(request, known, &object, &errors, err));
    bool gate = list.names[0]->gate;
    double margin = list.names[0]->margin;
    read_gate(object, &gate, &margin, &errors);
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        goto done;
    }
    TRY(registry_set_gate(app->store, user_id, name, gate, margin, err));
    rc = read_name(context, request, response, err);
done:
    registry_list_release(&list);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/registry", .handle = list_names},
    {.method = HTTP_GET, .pattern = "/api/v1/registry/{name}", .handle = read_name},
    {.method = HTTP_PATCH,
     .pattern = "/api/v1/registry/{name}",
     .handle = change_name,
     .flags = ROUTE_WRITE},
};
const struct route_group registry_routes = {routes, sizeof(routes) / sizeof(routes[0])};
