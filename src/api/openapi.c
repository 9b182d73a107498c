#include "api/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/routes.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/params.h"
#include "eval/metrics.h"
#include "model/model.h"
#include "train/run.h"

enum { TEXT_BYTES_MAX = 8 << 20, PATH_BYTES = 256, METHOD_BYTES = 16, NAME_BYTES = 80 };

extern const char openapi_json[]; /* embedded, with a NUL */
extern const unsigned long openapi_json_size;

struct openapi {
    struct strbuf text;
    char tag[HASH_HEX_SIZE];
};

/* ---- schemas from tables ---- */

static const char *json_type_of(const struct param_info *param)
{
    switch (param->type) {
    case PARAM_INT:
        return "integer";
    case PARAM_REAL:
        return "number";
    case PARAM_CHOICE:
    case PARAM_TEXT:
    default:
        return "string";
    }
}

static json_t *initial_of(const struct param_info *param)
{
    int64_t integer;
    double real;
    if (param->initial == NULL)
        return json_null();
    if (param->type == PARAM_INT && text_int(param->initial, &integer))
        return json_integer(integer);
    if (param->type == PARAM_REAL && text_real(param->initial, &real))
        return json_number(real);
    return json_text(param->initial);
}

static enum err add_choices(json_t *schema, const struct param_info *param, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *choices = json_array();
    for (const char *at = param->choices; *at != '\0';) {
        const size_t len = strcspn(at, "|");
        TRY(json_append(choices, json_stringn(at, len), err));
        at += len + (at[len] == '|');
    }
    TRY(json_append(choices, json_null(), err));
    return json_set(schema, "enum", choices, err);
done:
    json_decref(choices);
    return rc;
}

/* A parameter as a property; null, or leaving it out, means its default. */
static enum err add_param(json_t *properties, const struct param_info *param, struct error *err)
{
    enum err rc;
    json_t *schema = json_pack("{s:[s,s],s:s,s:o}", "type", json_type_of(param), "null",
                               "description", param->help, "default", initial_of(param));
    if (schema == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a schema");
    if (param->type == PARAM_INT || param->type == PARAM_REAL) {
        const bool is_whole = param->type == PARAM_INT;
        TRY(json_set(schema, param->above_min ? "exclusiveMinimum" : "minimum",
                     is_whole ? json_integer((json_int_t)param->min) : json_number(param->min),
                     err));
        TRY(json_set(schema, "maximum",
                     is_whole ? json_integer((json_int_t)param->max) : json_number(param->max),
                     err));
    }
    if (param->type == PARAM_CHOICE)
        TRY(add_choices(schema, param, err));
    return json_set(properties, param->name, schema, err);
done:
    json_decref(schema);
    return rc;
}

static enum err add_table(json_t *properties, const struct param_table *table, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = 0; i < table->count; i++)
        TRY(add_param(properties, &table->params[i], err));
done:
    return rc;
}

static json_t *schema_of(json_t *document, const char *name)
{
    return json_object_get(json_object_get(json_object_get(document, "components"), "schemas"),
                           name);
}

static json_t *properties_of(json_t *document, const char *name)
{
    return json_object_get(schema_of(document, name), "properties");
}

static enum err fill_kinds(json_t *document, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *names = json_array();
    for (int32_t i = 0; i < model_kind_count(); i++) {
        const struct model_kind *kind = model_kind_at(i);
        TRY(json_append(names, json_string(kind->name), err));
        TRY(add_table(properties_of(document, "Params"), &kind->params, err));
        TRY(add_table(properties_of(document, "JobRequest"), &kind->params, err));
    }
    TRY(add_table(properties_of(document, "RunParams"), &run_param_table, err));
    TRY(add_table(properties_of(document, "JobRequest"), &run_param_table, err));
    return json_set(schema_of(document, "ModelTypeName"), "enum", names, err);
done:
    json_decref(names);
    return rc;
}

static enum err fill_metrics(json_t *document, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = 0; i < metric_count(); i++) {
        const struct metric *metric = metric_at(i);
        TRY(json_set(
            properties_of(document, "Metrics"), metric->name,
            json_pack("{s:[s,s],s:s}", "type", "number", "null", "description", metric->help),
            err));
    }
done:
    return rc;
}

/* ---- operations from routes ---- */

const char *openapi_path(const char *pattern, char *out, size_t out_size)
{
    const char *rest = strstr(pattern, "...}");
    const int until = rest != NULL ? (int)(rest - pattern) : (int)strlen(pattern);
    snprintf(out, out_size, "%.*s%s", until, pattern, rest != NULL ? "}" : "");
    return out;
}

static json_t *operation_of(json_t *document, const struct route *route)
{
    char path[PATH_BYTES], method[METHOD_BYTES];
    snprintf(method, sizeof(method), "%s", http_method_name(route->method));
    for (char *c = method; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return json_object_get(json_object_get(json_object_get(document, "paths"),
                                           openapi_path(route->pattern, path, sizeof(path))),
                           method);
}

static json_t *security_of(uint32_t flags)
{
    if ((flags & ROUTE_PUBLIC) != 0)
        return json_array();
    if ((flags & ROUTE_SESSION) != 0)
        return json_pack("[{s:[]}]", "session");
    return json_pack("[{s:[]},{s:[s]}]", "session", "token",
                     (flags & ROUTE_WRITE) != 0 ? "write" : "read");
}

/* A problem of the hook before handlers, where the document does not tell of it itself. */
static enum err add_problem(json_t *operation, const char *status, struct error *err)
{
    json_t *responses = json_object_get(operation, "responses");
    if (json_object_get(responses, status) != NULL)
        return ERR_OK;
    return json_set(responses, status, json_pack("{s:s}", "$ref", "#/components/responses/Problem"),
                    err);
}

static enum err fill_operation(json_t *operation, const struct route *route, struct error *err)
{
    enum err rc;
    const bool may_be_denied =
        route->method != HTTP_GET || (route->flags & (ROUTE_SESSION | ROUTE_ADMIN)) != 0;
    TRY(json_set(operation, "security", security_of(route->flags), err));
    if ((route->flags & ROUTE_ADMIN) != 0)
        TRY(json_set(operation, "x-admin", json_true(), err));
    if ((route->flags & ROUTE_PUBLIC) == 0)
        TRY(add_problem(operation, "401", err));
    if (may_be_denied)
        TRY(add_problem(operation, "403", err));
done:
    return rc;
}

/* ---- the whole ---- */

static enum err make_tag(struct openapi *openapi, struct error *err)
{
    struct hash *hash;
    unsigned char sum[HASH_BYTES];
    const enum err rc = hash_create(&hash, err);
    if (rc != ERR_OK)
        return rc;
    hash_add(hash, openapi->text.ptr, openapi->text.len);
    hash_finish(hash, sum);
    hash_free(hash);
    hash_hex(sum, openapi->tag);
    return ERR_OK;
}

static enum err fill(json_t *document, const struct route *routes, int32_t count, struct error *err)
{
    enum err rc;
    TRY(json_set(json_object_get(document, "info"), "version", json_string(RECTRAIN_VERSION), err));
    TRY(fill_kinds(document, err));
    TRY(fill_metrics(document, err));
    for (int32_t i = 0; i < count; i++) {
        json_t *operation = operation_of(document, &routes[i]);
        if (operation != NULL) /* a test sees to it that it is there */
            TRY(fill_operation(operation, &routes[i], err));
    }
done:
    return rc;
}

enum err openapi_create(const struct route *routes, int32_t count, struct openapi **ret_openapi,
                        struct error *err)
{
    enum err rc;
    struct openapi *openapi = NULL;
    json_t *document = NULL;
    TRY(json_read(openapi_json, openapi_json_size, JSON_REJECT_DUPLICATES, &document, err));
    TRY_PTR(openapi = mem_array(1, sizeof(*openapi), err));
    strbuf_init(&openapi->text, TEXT_BYTES_MAX);
    TRY(fill(document, routes, count, err));
    TRY(json_write(document, 0, &openapi->text, err));
    TRY(make_tag(openapi, err));
    *ret_openapi = openapi;
    openapi = NULL;
done:
    openapi_free(openapi);
    json_decref(document);
    return rc;
}

void openapi_free(struct openapi *openapi)
{
    if (openapi == NULL)
        return;
    strbuf_release(&openapi->text);
    mem_free(openapi);
}

const char *openapi_text(const struct openapi *openapi)
{
    return openapi->text.ptr;
}

enum err openapi_answer(const struct openapi *openapi, struct response *response, struct error *err)
{
    enum err rc;
    bool is_fresh;
    response_cache(response, "no-cache");
    TRY(response_etag(response, openapi->tag, &is_fresh, err));
    if (!is_fresh) /* the text lives as long as the server */
        response_static(response, "application/json", openapi->text.ptr, openapi->text.len);
done:
    return rc;
}

static enum err read_openapi(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    const struct app *app = context;
    (void)request;
    return openapi_answer(app->openapi, response, err);
}

static const struct route routes_here[] = {
    {.method = HTTP_GET,
     .pattern = "/openapi.json",
     .handle = read_openapi,
     .flags = ROUTE_PUBLIC | ROUTE_INLINE},
};
const struct route_group openapi_routes = {routes_here,
                                           sizeof(routes_here) / sizeof(routes_here[0])};
