#include "http/request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "http/exchange.h"

enum { JSON_LEVELS_MAX = 32, KEY_MAX = 128 };

void request_init(struct request *request, struct arena *arena, const struct surroundings *around)
{
    request->arena = arena;
    request->around = around;
    request->match.index = -1;
    request->body_fd = -1;
    request->method_text = "?";
    request->target_text = "";
    request->client = "";
}

void request_release(struct request *request)
{
    if (request->release_user != NULL && request->user != NULL)
        request->release_user(request->user);
    strbuf_release(&request->body);
    if (request->body_fd >= 0)
        close(request->body_fd);
    json_decref(request->json);
}

/* ---- who and which ---- */

static bool is_hex(const char *text, size_t len)
{
    return strspn(text, "0123456789abcdef") >= len;
}

/* "00-<32 hex>-<16 hex>-<2 hex>", neither id all zeros (W3C Trace Context, section 3.2). */
static bool is_traceparent(const char *text)
{
    return strlen(text) == TRACEPARENT_SIZE - 1 && memcmp(text, "00-", 3) == 0 &&
           is_hex(text + 3, 32) && text[35] == '-' && is_hex(text + 36, 16) && text[52] == '-' &&
           is_hex(text + 53, 2) && strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}

/* Numbers that do not come again: a start from the kernel for each thread, then a sequence. */
static uint64_t fresh_number(void)
{
    static _Thread_local uint64_t seed, used;
    if (seed == 0 && getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = (uint64_t)(uintptr_t)&seed;
    return random_bits(seed, 0, used++);
}

void request_trace(struct request *request)
{
    const char *given = headers_get(&request->headers, "traceparent");
    if (given != NULL && is_traceparent(given)) {
        memcpy(request->traceparent, given, TRACEPARENT_SIZE);
    } else {
        const uint64_t span = fresh_number() | 1;
        snprintf(request->traceparent, TRACEPARENT_SIZE, "00-%016llx%016llx-%016llx-00",
                 (unsigned long long)(fresh_number() | 1), (unsigned long long)fresh_number(),
                 (unsigned long long)span);
    }
    memcpy(request->id, request->traceparent + 3, REQUEST_ID_SIZE - 1);
    request->id[REQUEST_ID_SIZE - 1] = '\0';
}

const char *request_client(const struct request *request)
{
    return request->client;
}

const char *request_id(const struct request *request)
{
    return request->id;
}

const char *request_traceparent(const struct request *request)
{
    return request->traceparent;
}

/* ---- the line and the fields ---- */

enum http_method request_method(const struct request *request)
{
    return request->method;
}

const char *request_path(const struct request *request)
{
    return request->path_text;
}

const char *request_target(const struct request *request)
{
    return request->target_text;
}

const struct route *request_route(const struct request *request)
{
    return request->match.route;
}

const char *request_param(const struct request *request, const char *name)
{
    return route_value(&request->match, name);
}

enum err request_param_id(const struct request *request, const char *name, int64_t *ret_id,
                          struct error *err)
{
    const char *text = request_param(request, name);
    int64_t id;
    if (text[0] < '1' || text[0] > '9' || !text_int(text, &id))
        return FAIL(err, ERR_NOT_FOUND, "there is no %s like that", name);
    *ret_id = id;
    return ERR_OK;
}

const char *request_header(const struct request *request, const char *name)
{
    return headers_get(&request->headers, name);
}

const char *request_bearer(const struct request *request)
{
    const char *value = headers_get(&request->headers, "Authorization");
    if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
        return NULL;
    value += 7 + strspn(value + 7, " ");
    for (const char *c = value; *c != '\0'; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F)
            return NULL;
    return *value != '\0' ? value : NULL;
}

bool request_wants_html(const struct request *request)
{
    return accept_wants_html(headers_get(&request->headers, "Accept"));
}

const char *request_cookie(struct request *request, const char *name)
{
    struct error ignored;
    struct str value;
    char prefixed[128];
    if (request->around->is_https) {
        snprintf(prefixed, sizeof(prefixed), "__Host-%s", name);
        name = prefixed;
    }
    if (!cookie_find(headers_get(&request->headers, "Cookie"), name, &value))
        return NULL;
    return arena_text(request->arena, value.ptr, value.len, &ignored);
}

/* Whether the origin names the host that was asked. The scheme is not compared: behind a proxy that
 * ends TLS it differs; an attacker's page cannot have our host by either scheme. */
static bool is_own_origin(const struct request *request, const char *origin)
{
    const char *host = headers_get(&request->headers, "Host");
    const char *rest = strstr(origin, "://");
    if (request->around->public_origin[0] != '\0' &&
        strcasecmp(origin, request->around->public_origin) == 0)
        return true;
    return rest != NULL && host != NULL && strcasecmp(rest + 3, host) == 0;
}

bool request_is_same_site(const struct request *request)
{
    const char *site = headers_get(&request->headers, "Sec-Fetch-Site");
    const char *origin = headers_get(&request->headers, "Origin");
    if (site != NULL)
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    return origin == NULL || is_own_origin(request, origin);
}

enum err request_idempotency_key(struct request *request, const char **ret_key, struct error *err)
{
    const char *key = headers_get(&request->headers, "Idempotency-Key");
    if (key == NULL) {
        *ret_key = NULL;
        return ERR_OK;
    }
    size_t len = strlen(key);
    if (len >= 2 && key[0] == '"' && key[len - 1] == '"') {
        key++;
        len -= 2;
    }
    bool is_proper = len >= 1 && len <= KEY_MAX;
    for (size_t i = 0; i < len && is_proper; i++)
        is_proper = key[i] > 0x20 && key[i] < 0x7F && key[i] != '"';
    if (!is_proper)
        return FAIL_REASON(err, ERR_INVALID, "header_malformed",
                           "Idempotency-Key must be 1 to %d printable characters", KEY_MAX);
    *ret_key = arena_text(request->arena, key, len, err);
    return *ret_key != NULL ? ERR_OK : ERR_NOMEM;
}

/* ---- query and body ---- */

enum err request_query(struct request *request, const struct form **ret_form, struct error *err)
{
    enum err rc = ERR_OK;
    if (!request->has_query)
        TRY(form_parse(request->arena, request->target.query.ptr, request->target.query.len,
                       &request->query, err));
    request->has_query = true;
    *ret_form = &request->query;
done:
    return rc;
}

int request_body_file(const struct request *request, int64_t *ret_size)
{
    *ret_size = request->body_size;
    return request->body_fd;
}

struct str request_body(const struct request *request)
{
    return (struct str){request->body.ptr != NULL ? request->body.ptr : "", request->body.len};
}

/* Whether the Content-Type, without its parameters, is `type`. */
static bool has_type(const struct request *request, const char *type)
{
    const char *given = headers_get(&request->headers, "Content-Type");
    const size_t len = strlen(type);
    return given != NULL && strncasecmp(given, type, len) == 0 &&
           (given[len] == '\0' || given[len] == ';' || given[len] == ' ');
}

bool request_has_json(const struct request *request)
{
    const char *given = headers_get(&request->headers, "Content-Type");
    const size_t len = given != NULL ? strcspn(given, "; ") : 0;
    return has_type(request, "application/json") ||
           (len > 17 && strncasecmp(given, "application/", 12) == 0 &&
            strncasecmp(given + len - 5, "+json", 5) == 0);
}

bool request_has_form(const struct request *request)
{
    return has_type(request, "application/x-www-form-urlencoded");
}

enum err request_form(struct request *request, const struct form **ret_form, struct error *err)
{
    enum err rc = ERR_OK;
    const struct str body = request_body(request);
    if (body.len > 0 && !request_has_form(request))
        return FAIL_REASON(err, ERR_INVALID, "media_type",
                           "a form is sent as application/x-www-form-urlencoded");
    if (!request->has_form)
        TRY(form_parse(request->arena, body.ptr, body.len, &request->form, err));
    request->has_form = true;
    *ret_form = &request->form;
done:
    return rc;
}

/* How deep the text nests, whatever else it is: jansson's own limit is 2,048 levels of the stack.
 */
static int nesting(const char *text, size_t len)
{
    int level = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == '{' || text[i] == '['))
            deepest = ++level > deepest ? level : deepest;
        else if (!in_string && (text[i] == '}' || text[i] == ']'))
            level--;
    }
    return deepest;
}

enum err request_json(struct request *request, json_t **ret_value, struct error *err)
{
    enum err rc = ERR_OK;
    const struct str body = request_body(request);
    if (!request_has_json(request))
        return FAIL_REASON(err, ERR_INVALID, "media_type", "JSON is sent as application/json");
    if (nesting(body.ptr, body.len) > JSON_LEVELS_MAX)
        return FAIL_REASON(err, ERR_INVALID, "json_malformed",
                           "the JSON nests more than %d levels deep", JSON_LEVELS_MAX);
    if (request->json == NULL)
        TRY(json_read(body.ptr, body.len, JSON_REJECT_DUPLICATES, &request->json, err));
    *ret_value = request->json;
done:
    return rc;
}

/* ---- the rest ---- */

struct arena *request_arena(struct request *request)
{
    return request->arena;
}

bool request_is_cancelled(const struct request *request)
{
    return atomic_load(&request->around->is_stopping);
}

void request_set_user(struct request *request, void *user, void (*release)(void *user))
{
    request->user = user;
    request->release_user = release;
}

void *request_user(const struct request *request)
{
    return request->user;
}
