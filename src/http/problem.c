#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http/exchange.h"

static const struct {
    int status;
    const char *text;
} status_texts[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
};

const char *http_status_text(int status)
{
    for (size_t i = 0; i < sizeof(status_texts) / sizeof(status_texts[0]); i++)
        if (status_texts[i].status == status)
            return status_texts[i].text;
    return "Error";
}

void response_problem(struct response *response, int status, const char *code, const char *format,
                      ...)
{
    char detail[1024];
    struct error ignored;
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    response_drop_body(response);
    response_status(response, status);
    response->header_count = 0;
    response->etag = NULL;
    response->cache_control = NULL;
    response->problem_field_count = 0;
    response_problem_value(response, NULL, NULL);
    response->problem_code = arena_text(response->arena, code, strlen(code), &ignored);
    response->problem_detail = arena_text(response->arena, detail, strlen(detail), &ignored);
    if (response->problem_code == NULL || response->problem_detail == NULL) {
        response->problem_code = response->problem_detail = "";
        response->status = 503;
    }
}

void response_problem_field(struct response *response, const char *field, const char *format, ...)
{
    char message[512];
    struct error ignored;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (response->problem_field_count == PROBLEM_FIELDS_MAX)
        return;
    if (response->problem_fields == NULL)
        response->problem_fields = arena_alloc(
            response->arena, PROBLEM_FIELDS_MAX * sizeof(*response->problem_fields), &ignored);
    const char *name = arena_text(response->arena, field, strlen(field), &ignored);
    const char *text = arena_text(response->arena, message, strlen(message), &ignored);
    if (response->problem_fields == NULL || name == NULL || text == NULL)
        return;
    response->problem_fields[response->problem_field_count].field = name;
    response->problem_fields[response->problem_field_count++].message = text;
}

void response_problem_value(struct response *response, const char *name, json_t *value)
{
    json_decref(response->problem_value);
    response->problem_name = name;
    response->problem_value = value;
}

static json_t *fields_to_json(const struct response *response)
{
    struct error ignored;
    json_t *fields = json_array();
    for (int32_t i = 0; fields != NULL && i < response->problem_field_count; i++) {
        json_t *field = json_object();
        if (field == NULL ||
            json_set(field, "field", json_text(response->problem_fields[i].field), &ignored) !=
                ERR_OK ||
            json_set(field, "message", json_text(response->problem_fields[i].message), &ignored) !=
                ERR_OK) {
            json_decref(field);
            json_decref(fields);
            return NULL;
        }
        if (json_append(fields, field, &ignored) != ERR_OK) {
            json_decref(fields);
            return NULL;
        }
    }
    return fields;
}

static enum err fill_problem(const struct response *response, json_t *object, struct error *err)
{
    enum err rc;
    const char *about = response->around->problem_type;
    TRY(json_set(object, "type",
                 about != NULL ? json_sprintf("%s%s", about, response->problem_code)
                               : json_string("about:blank"),
                 err));
    TRY(json_set(object, "title", json_string(http_status_text(response->status)), err));
    TRY(json_set(object, "status", json_integer(response->status), err));
    TRY(json_set(object, "code", json_text(response->problem_code), err));
    TRY(json_set(object, "detail", json_text(response->problem_detail), err));
    TRY(json_set(object, "instance", json_text(response->request->id), err));
    if (response->problem_field_count > 0)
        TRY(json_set(object, "errors", fields_to_json(response), err));
    if (response->problem_value != NULL)
        TRY(json_set(object, response->problem_name, json_incref(response->problem_value), err));
done:
    return rc;
}

void response_problem_finish(struct response *response)
{
    static const char without_memory[] =
        PROBLEM_WORDS("503", "Service Unavailable", "unavailable", WITHOUT_MEMORY);
    static const char type[] = "application/problem+json";
    struct error err;
    struct strbuf text;
    strbuf_init(&text, (size_t)1 << 20);
    json_t *object = json_object();
    const bool is_made = object != NULL && fill_problem(response, object, &err) == ERR_OK &&
                         json_write(object, 0, &text, &err) == ERR_OK &&
                         strbuf_add(&text, "\n", 1, &err) == ERR_OK;
    json_decref(object);
    if (is_made) {
        response_take(response, type, &text);
    } else {
        response_status(response, 503);
        response_static(response, type, without_memory, sizeof(without_memory) - 1);
    }
    strbuf_release(&text);
}

/* How errors become statuses: by the reason where one is listed, else by the code. */
static int status_of(const struct error *error)
{
    static const struct {
        const char *reason;
        int status;
    } by_reason[] = {
        {"media_type", 415},        {"too_many_streams", 429}, {"too_many_requests", 429},
        {"overloaded", 503},        {"unavailable", 503},      {"conflict", 409},
        {"unauthorized", 401},      {"unprocessable", 422},    {"too_large", 413},
        {"precondition", 412},      {"key_reused", 422},       {"too_many_jobs", 429},
        {"store_unavailable", 503}, {"store_busy", 503},       {"disk_full", 503}};
    for (size_t i = 0; i < sizeof(by_reason) / sizeof(by_reason[0]); i++)
        if (strcmp(error->reason, by_reason[i].reason) == 0)
            return by_reason[i].status;
    switch (error->code) {
    case ERR_INVALID:
    case ERR_DATA:
        return 400;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_DENIED:
        return 403;
    case ERR_CONFLICT:
    case ERR_CANCELLED:
        return 409;
    case ERR_NOMEM:
        return 503;
    case ERR_OK:
    case ERR_CORRUPT:
    case ERR_IO:
    case ERR_NUMERIC:
    case ERR_INTERNAL:
    default: /* a code that came later is a fault of ours until this table knows it */
        return 500;
    }
}

void response_error(struct response *response, const struct error *error)
{
    struct error ignored;
    char code[32];
    const int status = status_of(error);
    const char *name = error->reason[0] != '\0' ? error->reason : error_code_name(error->code);
    size_t len = 0;
    for (; name[len] != '\0' && len + 1 < sizeof(code); len++)
        code[len] = (char)tolower((unsigned char)name[len]);
    code[len] = '\0';
    response->log_error =
        arena_text(response->arena, error->message, strlen(error->message), &ignored);
    if (status < 500)
        response_problem(response, status, code, "%s", error->message);
    else
        response_problem(response, status, status == 503 ? "unavailable" : "internal", "%s",
                         status == 503 ? "the server cannot do this now; try again later"
                                       : "the server failed to do this; its log says why");
    if (status == 503)
        (void)!response_header(response, "Retry-After", "1", &ignored);
}
