#include "rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/test.h"

static enum err health(void *app, struct request *request, struct response *response,
                       struct error *err)
{
    (void)app;
    (void)request;
    return response_json(response, 200, json_pack("{s:s}", "status", "ok"), err);
}

static enum err add_form(json_t *out, const char *key, const struct form *form, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *fields = json_object();
    for (int32_t i = 0; i < form->count; i++)
        TRY(json_set(fields, form->fields[i].name, json_string(form->fields[i].value), err));
    return json_set(out, key, fields, err);
done:
    json_decref(fields);
    return rc;
}

/* What the request holds, as JSON. */
static enum err echo(void *app, struct request *request, struct response *response,
                     struct error *err)
{
    enum err rc;
    const struct form *form;
    json_t *value, *out = json_object();
    const char *cookie = request_cookie(request, "sid"), *bearer = request_bearer(request);
    (void)app;
    TRY(request_query(request, &form, err));
    TRY(add_form(out, "query", form, err));
    if (request_has_json(request)) {
        TRY(request_json(request, &value, err));
        TRY(json_set(out, "json", json_incref(value), err));
    } else {
        TRY(request_form(request, &form, err));
        TRY(add_form(out, "form", form, err));
    }
    TRY(json_set(out, "id", json_text(request_param(request, "id")), err));
    TRY(json_set(out, "cookie", cookie != NULL ? json_text(cookie) : json_null(), err));
    TRY(json_set(out, "bearer", bearer != NULL ? json_text(bearer) : json_null(), err));
    TRY(json_set(out, "client", json_text(request_client(request)), err));
    TRY(json_set(out, "trace", json_text(request_traceparent(request)), err));
    TRY(json_set(out, "html", json_boolean(request_wants_html(request)), err));
    TRY(json_set(out, "same_site", json_boolean(request_is_same_site(request)), err));
    TRY(json_set(out, "method", json_text(http_method_name(request_method(request))), err));
    TRY(json_set(out, "path", json_text(request_path(request)), err));
    return response_json(response, 200, out, err);
done:
    json_decref(out);
    return rc;
}

static enum err by_id(void *app, struct request *request, struct response *response,
                      struct error *err)
{
    int64_t id;
    enum err rc;
    (void)app;
    TRY(request_param_id(request, "id", &id, err));
    return response_json(response, 200, json_pack("{s:I}", "id", (json_int_t)id), err);
done:
    return rc;
}

static enum err held(void *app, struct request *request, struct response *response,
                     struct error *err)
{
    struct rig *rig = app;
    const struct timespec pause = {.tv_nsec = 2000000};
    while (atomic_load(&rig->hold) && !request_is_cancelled(request))
        nanosleep(&pause, NULL);
    return response_text(response, "text/plain", "held\n", err);
}

static enum err failing(void *app, struct request *request, struct response *response,
                        struct error *err)
{
    const char *how = request_param(request, "how");
    (void)app;
    (void)response;
    if (strcmp(how, "secret") == 0)
        return FAIL(err, ERR_INTERNAL, "the password of the store is 123");
    if (strcmp(how, "denied") == 0)
        return FAIL(err, ERR_DENIED, "not yours");
    if (strcmp(how, "conflict") == 0)
        return FAIL_REASON(err, ERR_INVALID, "conflict", "there is one already");
    if (strcmp(how, "fields") == 0) {
        response_problem(response, 422, "parameters_wrong", "2 parameters are wrong");
        response_problem_field(response, "factors", "must be %d to %d", 1, 512);
        response_problem_field(response, "iterations", "is \"\xFF\"");
        return ERR_OK;
    }
    return FAIL(err, ERR_NOT_FOUND, "there is no %s", how);
}

static enum err file(void *app, struct request *request, struct response *response,
                     struct error *err)
{
    enum err rc;
    bool is_fresh;
    char path[] = "/tmp/rectrain_http_XXXXXX";
    const int fd = mkstemp(path);
    (void)app;
    unlink(path);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    rc = response_etag(response, "v1", &is_fresh, err);
    if (rc != ERR_OK || is_fresh) {
        close(fd);
        return rc;
    }
    return response_file(response, fd, "application/octet-stream", request_param(request, "name"),
                         err);
}

static enum err set_cookie(void *app, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    (void)app;
    (void)request;
    TRY(response_cookie(response, "sid", "abc", 60, err));
    TRY(response_redirect(response, 303, "/health", err));
done:
    return rc;
}

static enum err stream(void *app, struct request *request, struct response *response,
                       struct error *err)
{
    struct rig *rig = app;
    const struct hub_stream wanted = {.topics = {request_param(request, "topic")},
                                      .owner = request_param(request, "topic"),
                                      .last_event_id = request_header(request, "Last-Event-ID")};
    return response_stream(response, rig->hub, &wanted, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/health", .handle = health, .flags = ROUTE_INLINE},
    {.method = HTTP_GET, .pattern = "/health/worker", .handle = health},
    {.method = HTTP_GET, .pattern = "/items/{id}", .handle = by_id},
    {.method = HTTP_DELETE, .pattern = "/items/{id}", .handle = by_id},
    {.method = HTTP_POST, .pattern = "/echo", .handle = echo},
    {.method = HTTP_GET, .pattern = "/echo", .handle = echo},
    {.method = HTTP_GET, .pattern = "/echo/{id}", .handle = echo, .flags = ROUTE_INLINE},
    {.method = HTTP_POST, .pattern = "/large", .handle = echo, .body_max_bytes = 1 << 20},
    {.method = HTTP_POST, .pattern = "/start/", .handle = echo},
    {.method = HTTP_GET, .pattern = "/held", .handle = held},
    {.method = HTTP_GET, .pattern = "/fail/{how}", .handle = failing},
    {.method = HTTP_GET, .pattern = "/file/{name}", .handle = file},
    {.method = HTTP_GET, .pattern = "/cookie", .handle = set_cookie},
    {.method = HTTP_GET, .pattern = "/stream/{topic}", .handle = stream, .flags = ROUTE_INLINE},
};

static void note(void *app, const struct http_access *access)
{
    struct rig *rig = app;
    (void)access;
    atomic_fetch_add(&rig->logged, 1);
}

void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    json_init();
    rig->config = (struct http_config){
        .listen = "127.0.0.1:0", .app = rig, .io_threads = 2, .handler_threads = 4, .log = note};
    http_limits_init(&rig->config.limits);
    rig->config.limits.connections_per_address = 0;
    hub_limits_init(&rig->hub_limits);
}

void rig_start(struct rig *rig)
{
    struct error err;
    assert_ok(route_table_create(routes, sizeof(routes) / sizeof(routes[0]), &rig->table, &err));
    assert_ok(hub_create(&rig->hub_limits, &rig->hub, &err));
    rig->config.routes = rig->table;
    rig->config.hub = rig->hub;
    assert_ok(http_server_open(&rig->config, &rig->server, &err));
}

void rig_stop(struct rig *rig, int grace_ms)
{
    http_server_close(rig->server, grace_ms);
    hub_free(rig->hub);
    route_table_free(rig->table);
}

int rig_group_start(void **state)
{
    static struct rig rig;
    rig_init(&rig);
    rig_start(&rig);
    *state = &rig;
    return 0;
}

int rig_group_stop(void **state)
{
    rig_stop(*state, 2000);
    return 0;
}

int client_open(const struct rig *rig)
{
    return client_connect(http_server_port(rig->server));
}

int client_connect(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
    return fd;
}

void client_send(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        const ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server refused it before it was all sent; the reply says so */
        at += sent;
        len -= (size_t)sent;
    }
}

void client_send_text(int fd, const char *text)
{
    client_send(fd, text, strlen(text));
}

const char *reply_field(const struct reply *reply, const char *name)
{
    static char value[4096];
    const size_t name_len = strlen(name);
    for (const char *line = reply->head; line != NULL; line = strstr(line, "\r\n")) {
        line += line == reply->head ? 0 : 2;
        if (strncasecmp(line, name, name_len) != 0 || line[name_len] != ':')
            continue;
        line += name_len + 1;
        line += strspn(line, " ");
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
        return value;
    }
    return "";
}

/* Cut the bytes into head and body once the head is all there; a 100 before it is dropped. */
static void find_parts(struct reply *reply)
{
    char *end = strstr(reply->bytes, "\r\n\r\n");
    if (end != NULL && reply->body == NULL && strncmp(reply->bytes + 9, "100", 3) == 0) {
        reply->len -= (size_t)(end + 4 - reply->bytes);
        memmove(reply->bytes, end + 4, reply->len + 1);
        end = strstr(reply->bytes, "\r\n\r\n");
    }
    if (end == NULL || reply->body != NULL)
        return;
    *end = '\0';
    reply->head = reply->bytes;
    reply->body = end + 4;
    reply->status = reply->len > 12 ? (int)strtol(reply->bytes + 9, NULL, 10) : 0;
}

static bool has_all(struct reply *reply)
{
    find_parts(reply);
    if (reply->body == NULL)
        return false;
    const char *length = reply_field(reply, "Content-Length");
    if (reply->status == 204 || reply->status == 304)
        return true;
    if (*length != '\0')
        return reply->len - (size_t)(reply->body - reply->bytes) >=
               (size_t)strtol(length, NULL, 10);
    return strstr(reply->body, "0\r\n\r\n") != NULL;
}

static void read_until(int fd, struct reply *reply, int timeout_ms, bool to_end)
{
    const double until = clock_seconds() + 1e-3 * timeout_ms;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (!reply->is_closed && (to_end || !has_all(reply))) {
        const double left_seconds = until - clock_seconds();
        const int left_ms = (int)(left_seconds * 1000) + 1;
        if (left_seconds <= 0 || poll(&poll_fd, 1, left_ms) <= 0)
            break;
        const size_t room = sizeof(reply->bytes) - 1 - reply->len;
        const ssize_t got = recv(fd, reply->bytes + reply->len, room, 0);
        if (got <= 0) {
            reply->is_closed = true;
            break;
        }
        reply->len += (size_t)got;
        reply->bytes[reply->len] = '\0';
    }
    (void)has_all(reply);
}

static void reply_clear(struct reply *reply)
{
    reply->status = 0;
    reply->is_closed = false;
    reply->len = 0;
    reply->head = reply->body = NULL;
    reply->bytes[0] = '\0';
}

void client_read(int fd, struct reply *reply, int timeout_ms)
{
    reply_clear(reply);
    read_until(fd, reply, timeout_ms, false);
}

void client_read_to_end(int fd, struct reply *reply, int timeout_ms)
{
    reply_clear(reply);
    read_until(fd, reply, timeout_ms, true);
}

void client_ask(const struct rig *rig, const char *text, struct reply *reply)
{
    const int fd = client_open(rig);
    client_send_text(fd, text);
    client_read(fd, reply, 5000);
    close(fd);
}
