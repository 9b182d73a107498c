#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/server_parts.h"

/*
 * One exchange, step by step, as libmicrohttpd calls us: the request line (begin), the headers, the
 * body piece by piece, all of it (go_on, each time), and the end. The step in the middle, running
 * the handler, may be taken by a worker: the connection is suspended until it is done.
 */

static struct link *link_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/* ---- the connection ---- */

static void write_address(const struct sockaddr *address, char *out, socklen_t out_size)
{
    union {
        const struct sockaddr *any;
        const struct sockaddr_in *v4;
        const struct sockaddr_in6 *v6;
    } from = {.any = address};
    out[0] = '\0';
    if (address->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &from.v4->sin_addr, out, out_size);
    else if (address->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&from.v6->sin6_addr))
        (void)inet_ntop(AF_INET, &from.v6->sin6_addr.s6_addr[12], out, out_size);
    else if (address->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &from.v6->sin6_addr, out, out_size);
}

void conversation_link(void *cls, struct MHD_Connection *connection, void **socket_context,
                       enum MHD_ConnectionNotificationCode what)
{
    struct http_server *server = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        char address[LINK_ADDRESS_SIZE] = "";
        const union MHD_ConnectionInfo *fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *client =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        if (client != NULL && client->client_addr != NULL)
            write_address(client->client_addr, address, sizeof(address));
        if (fd != NULL)
            *socket_context = link_add(&server->links, fd->connect_fd, address, LINK_HEADERS,
                                       link_now_ms() + server->config.limits.header_ms);
        http_metrics_add(server->metrics, HTTP_ACCEPTED, 1);
        http_metrics_add(server->metrics, HTTP_OPEN, 1);
    } else {
        if (*socket_context != NULL)
            link_remove(&server->links, *socket_context);
        *socket_context = NULL;
        http_metrics_add(server->metrics, HTTP_OPEN, -1);
    }
}

/* ---- the request line and the headers ---- */

void *conversation_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct error ignored;
    struct http_server *server = cls;
    struct exchange *exchange = mem_plain(sizeof(*exchange), &ignored);
    if (exchange == NULL)
        return NULL;
    *exchange = (struct exchange){.server = server,
                                  .connection = connection,
                                  .link = link_of(connection),
                                  .target_len = strlen(target)};
    arena_init(&exchange->arena, (size_t)server->config.limits.arena_bytes);
    request_init(&exchange->request, &exchange->arena, &server->around);
    response_init(&exchange->response, &exchange->arena, &server->around, &exchange->request);
    if (exchange->target_len > (size_t)server->config.limits.target_bytes)
        exchange->refused = 414;
    else /* a copy, since libmicrohttpd decodes in place */
        exchange->request.target_text =
            arena_text(&exchange->arena, target, exchange->target_len, &ignored);
    if (exchange->request.target_text == NULL) {
        exchange->request.target_text = "";
        exchange->refused = 503;
    }
    atomic_fetch_add(&server->active, 1);
    return exchange;
}

static int read_line(struct exchange *exchange, const char *url, const char *method,
                     const char *version, const char **ret_why)
{
    struct error ignored;
    struct request *request = &exchange->request;
    const size_t method_len = strlen(method);
    request->method = http_method_parse(method);
    if (request->method != HTTP_METHOD_COUNT)
        request->method_text = http_method_name(request->method);
    *ret_why = "the target of the request is too long";
    if (exchange->refused != 0)
        return exchange->refused;
    /* Were there a NUL or a second space in the line, the three would not be neighbours. */
    *ret_why = "the request line is malformed";
    if (url != method + method_len + 1 || version != url + exchange->target_len + 1 ||
        !header_is_token(method, method_len) ||
        !target_parse(request->target_text, &request->target))
        return 400;
    request->path_text =
        arena_text(&exchange->arena, request->target.path.ptr, request->target.path.len, &ignored);
    return request->path_text != NULL ? 0 : 503;
}

static int read_headers(struct exchange *exchange, const char *method, const char *version,
                        const char **ret_why)
{
    const struct http_limits *limits = &exchange->server->config.limits;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const size_t before = (size_t)(version - method);
    *ret_why = "the head of the request is malformed";
    if (info == NULL || info->header_size <= before)
        return 400;
    const size_t size = info->header_size - before;
    *ret_why = "the header fields are too long";
    if (size > (size_t)limits->header_bytes)
        return 431;
    const int status = headers_parse(&exchange->request.headers, &exchange->arena, version, size,
                                     limits->header_fields, ret_why);
    const int seen = MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, NULL, NULL);
    if (status == 0 && seen != exchange->request.headers.count) {
        *ret_why = "the head of the request is malformed";
        return 400; /* libmicrohttpd and we do not read the same */
    }
    return status;
}

static void find_client(struct exchange *exchange)
{
    struct error ignored;
    struct request *request = &exchange->request;
    const char *forwarded = headers_get(&request->headers, "X-Forwarded-For");
    request->client = exchange->link->address;
    if (!request->around->trust_forwarded || forwarded == NULL)
        return;
    const char *comma = strrchr(forwarded, ',');
    const char *last = comma != NULL ? comma + 1 : forwarded;
    last += strspn(last, " \t");
    unsigned char parsed[sizeof(struct in6_addr)];
    if (inet_pton(AF_INET, last, parsed) != 1 && inet_pton(AF_INET6, last, parsed) != 1)
        return;
    const char *copy = arena_text(&exchange->arena, last, strlen(last), &ignored);
    if (copy != NULL)
        request->client = copy;
}

/* What answers without a handler: OPTIONS, redirects, and what the table does not know. */
static void answer_without_route(struct exchange *exchange, int status)
{
    struct error err;
    char allow[64];
    const struct request *request = &exchange->request;
    struct response *response = &exchange->response;
    route_allow_text(request->match.allowed, allow, sizeof(allow));
    switch (status) {
    case 204:
        response_status(response, 204);
        break;
    case 308: {
        const struct str query = request->target.query;
        const char *to = arena_textf(&exchange->arena, &err, "%s%s%.*s", request->match.redirect,
                                     query.len > 0 ? "?" : "", (int)query.len, query.ptr);
        if (to == NULL || response_redirect(response, 308, to, &err) != ERR_OK)
            response_problem(response, 503, "unavailable", "out of memory");
        break;
    }
    case 404:
        response_problem(response, 404, "not_found", "there is nothing at this path");
        break;
    case 405:
        response_problem(response, 405, "method_not_allowed", "this path allows %s", allow);
        break;
    case 501:
        response_problem(response, 501, "method_unknown", "this method is not known here");
        break;
    case 503:
        response_problem(response, 503, "unavailable", "out of memory");
        break;
    default:
        response_problem(response, 400, "request_malformed", "the path is malformed");
        break;
    }
    if ((status == 204 || status == 405) &&
        response_header(response, "Allow", allow, &err) != ERR_OK)
        response_problem(response, 503, "unavailable", "out of memory");
}

/* 0, or the status that refuses the request; the connection is closed after it, since what follows
 * on it cannot be trusted, or is not wanted. */
static int check_head(struct exchange *exchange, const char *url, const char *method,
                      const char *version, const char **ret_why)
{
    struct request *request = &exchange->request;
    int status = read_line(exchange, url, method, version, ret_why);
    if (status == 0)
        status = read_headers(exchange, method, version, ret_why);
    request_trace(request);
    find_client(exchange);
    if (status != 0)
        return status;
    const int found =
        route_find(exchange->server->config.routes, &exchange->arena, request->method,
                   request->target.path.ptr, request->target.path.len, &request->match);
    if (found != 0)
        answer_without_route(exchange, found);
    const struct route *route = request->match.route;
    exchange->body_max = exchange->server->config.limits.body_bytes;
    if (route != NULL && route->body_max_bytes > 0)
        exchange->body_max = route->body_max_bytes;
    if (route != NULL && route->open_body != NULL)
        exchange->body_max = INT64_MAX; /* open_body says how much */
    *ret_why = "the body is too large";
    return request->headers.content_length > exchange->body_max ? 413 : 0;
}

static const char *refusal_code(int status)
{
    return status == 413   ? "body_too_large"
           : status == 414 ? "target_too_long"
           : status == 431 ? "headers_too_large"
           : status == 503 ? "unavailable"
                           : "request_malformed";
}

static void finish_response(struct exchange *exchange);

static void count_running(struct exchange *exchange)
{
    if (!exchange->is_running)
        http_metrics_add(exchange->server->metrics, HTTP_RUNNING, 1);
    exchange->is_running = true;
}

/* Another thread asks who sends the body and where it shall go; until then it waits. */
static enum MHD_Result await_admission(struct exchange *exchange)
{
    count_running(exchange);
    exchange->stage = STAGE_ADMITTING;
    MHD_suspend_connection(exchange->connection);
    if (workers_put(exchange->server->workers, exchange))
        return MHD_YES;
    response_problem(&exchange->response, 503, "overloaded", "the server is busy; try again later");
    exchange->stage = STAGE_ADMITTED;
    MHD_resume_connection(exchange->connection);
    return MHD_YES;
}

/* The connection is ours again: take the body, or say why not and close, since it is not wanted. */
static enum MHD_Result go_on_after_admission(struct exchange *exchange)
{
    exchange->began_ms = link_now_ms();
    if (exchange->response.status != 0) {
        exchange->response.must_close = true;
        finish_response(exchange);
        return exchange_send(exchange);
    }
    exchange->stage = STAGE_BODY;
    return link_await(exchange->link, LINK_BODY,
                      exchange->began_ms + exchange->server->config.limits.body_ms)
               ? MHD_YES
               : MHD_NO;
}

static enum MHD_Result take_head(struct exchange *exchange, const char *url, const char *method,
                                 const char *version)
{
    const char *why;
    const struct http_limits *limits = &exchange->server->config.limits;
    exchange->began = clock_seconds();
    exchange->began_ms = (int64_t)(exchange->began * 1000);
    if (exchange->link == NULL)
        return MHD_NO;
    const int refused = check_head(exchange, url, method, version, &why);
    const struct headers *headers = &exchange->request.headers;
    const bool has_body = headers->is_chunked || headers->content_length > 0;
    const struct route *route = exchange->request.match.route;
    const bool has_file = has_body && route != NULL && route->open_body != NULL;
    if (!link_await(exchange->link,
                    refused == 0 && has_body && !has_file ? LINK_BODY : LINK_NOTHING,
                    exchange->began_ms + limits->body_ms))
        return MHD_NO;
    if (refused != 0) {
        http_metrics_add(exchange->server->metrics, HTTP_REFUSED, 1);
        response_problem(&exchange->response, refused, refusal_code(refused), "%s", why);
        exchange->response.must_close = true;
        finish_response(exchange);
        return exchange_send(exchange);
    }
    if (has_file)
        return await_admission(exchange);
    strbuf_init(&exchange->request.body,
                exchange->body_max < INT64_MAX ? (size_t)exchange->body_max + 1 : 1);
    exchange->stage = STAGE_BODY;
    return MHD_YES;
}

/* ---- the body ---- */

/* A whole answer, that ends with the connection. */
#define LAST_WORDS(status, title, code, detail)                                                    \
    "HTTP/1.1 " status " " title "\r\nConnection: close\r\n"                                       \
    "Content-Type: application/problem+json\r\nX-Content-Type-Options: "                           \
    "nosniff\r\n\r\n" PROBLEM_WORDS(status, title, code, detail)

static enum MHD_Result take_body(struct exchange *exchange, const char *bytes, size_t *size)
{
    static const char too_large[] =
        LAST_WORDS("413", "Content Too Large", "body_too_large", "the body is too large");
    static const char no_memory[] =
        LAST_WORDS("503", "Service Unavailable", "unavailable", WITHOUT_MEMORY);
    const struct http_limits *limits = &exchange->server->config.limits;
    const bool is_kept = upload_keep(exchange, bytes, *size);
    *size = 0;
    if (!is_kept) { /* a chunked one, whose length was not known before; or memory is out */
        const bool is_long = exchange->request.body_size > exchange->body_max;
        http_metrics_add(exchange->server->metrics, HTTP_REFUSED, 1);
        exchange->response.status = is_long ? 413 : 503;
        link_cut(&exchange->server->links, exchange->link, is_long ? too_large : no_memory);
        return MHD_NO;
    }
    const int64_t earned_ms = 1000 * exchange->request.body_size / limits->body_bytes_per_second;
    return link_await(exchange->link, LINK_BODY, exchange->began_ms + limits->body_ms + earned_ms)
               ? MHD_YES
               : MHD_NO;
}

/* ---- the answer ---- */

/* Problems get their body last, when all their fields are known. */
static void finish_response(struct exchange *exchange)
{
    const struct http_config *config = &exchange->server->config;
    struct response *response = &exchange->response;
    if (response->status == 0)
        response->status = 200;
    if (response->problem_code == NULL || response->kind != BODY_NONE)
        return;
    if (config->problem_page != NULL && request_wants_html(&exchange->request))
        config->problem_page(config->app, &exchange->request, response, response->status,
                             response->problem_code, response->problem_detail);
    if (response->kind == BODY_NONE)
        response_problem_finish(response);
}

static void run_handler(struct exchange *exchange)
{
    struct error err;
    const struct http_config *config = &exchange->server->config;
    struct request *request = &exchange->request;
    struct response *response = &exchange->response;
    const struct route *route = request->match.route;
    enum err rc = ERR_OK;
    if (exchange->body_errno != 0)
        rc = FAIL_REASON(&err, ERR_IO, exchange->body_errno == ENOSPC ? "disk_full" : "",
                         "the body cannot be kept: %s", strerrordesc_np(exchange->body_errno));
    else if (config->before != NULL && !exchange->is_admitted)
        rc = config->before(config->app, request, response, &err);
    if (rc == ERR_OK && response->status == 0)
        rc = route->handle(config->app, request, response, &err);
    if (rc != ERR_OK)
        response_error(response, &err);
    finish_response(exchange);
}

/* Somebody who has to come back later, or to another server. */
static void refuse_while_stopping(struct exchange *exchange)
{
    struct error err;
    response_problem(&exchange->response, 503, "stopping", "the server is stopping");
    (void)!response_header(&exchange->response, "Retry-After", "2", &err);
    exchange->response.must_close = true;
    finish_response(exchange);
}

void conversation_handle(void *context)
{
    struct exchange *exchange = context;
    struct MHD_Connection *connection = exchange->connection;
    if (exchange->stage == STAGE_ADMITTING) {
        upload_admit(exchange);
        exchange->stage = STAGE_ADMITTED;
        MHD_resume_connection(connection);
        return;
    }
    if (atomic_load(&exchange->server->around.is_stopping))
        refuse_while_stopping(exchange);
    else
        run_handler(exchange);
    exchange->stage = STAGE_ANSWERED;
    MHD_resume_connection(connection); /* from here on the exchange is the connection's again */
}

static enum MHD_Result take_whole(struct exchange *exchange)
{
    struct http_server *server = exchange->server;
    const struct route *route = exchange->request.match.route;
    if (!link_await(exchange->link, LINK_NOTHING, 0))
        return MHD_NO;
    if (route == NULL) {
        finish_response(exchange);
        return exchange_send(exchange);
    }
    count_running(exchange);
    if (atomic_load(&server->around.is_draining)) {
        refuse_while_stopping(exchange);
        return exchange_send(exchange);
    }
    if ((route->flags & ROUTE_INLINE) != 0) {
        run_handler(exchange);
        return exchange_send(exchange);
    }
    exchange->stage = STAGE_HANDLING;
    MHD_suspend_connection(exchange->connection);
    if (workers_put(server->workers, exchange))
        return MHD_YES;
    response_problem(&exchange->response, 503, "overloaded", "the server is busy; try again later");
    struct error err;
    (void)!response_header(&exchange->response, "Retry-After", "1", &err);
    finish_response(exchange);
    exchange->stage = STAGE_ANSWERED;
    MHD_resume_connection(exchange->connection);
    return MHD_YES;
}

enum MHD_Result conversation_go_on(void *cls, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **context)
{
    struct exchange *exchange = *context;
    (void)cls;
    (void)connection;
    if (exchange == NULL)
        return MHD_NO; /* no memory for it */
    switch (exchange->stage) {
    case STAGE_LINE:
        return take_head(exchange, url, method, version);
    case STAGE_ADMITTED:
        return go_on_after_admission(exchange);
    case STAGE_BODY:
        return *upload_size > 0 ? take_body(exchange, upload, upload_size) : take_whole(exchange);
    case STAGE_ANSWERED:
        return exchange_send(exchange);
    case STAGE_ADMITTING:
    case STAGE_HANDLING:
    case STAGE_SENDING:
    default:
        return MHD_YES;
    }
}

void conversation_end(void *cls, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode why)
{
    struct http_server *server = cls;
    struct exchange *exchange = *context;
    (void)connection;
    (void)why;
    if (exchange == NULL)
        return;
    const double seconds = exchange->began > 0 ? clock_seconds() - exchange->began : 0;
    const struct request *request = &exchange->request;
    if (exchange->is_running)
        http_metrics_add(server->metrics, HTTP_RUNNING, -1);
    http_metrics_request(server->metrics, request->match.index, exchange->response.status, seconds);
    exchange_tell(exchange, seconds);
    if (exchange->link != NULL)
        (void)link_await(exchange->link, LINK_NEXT,
                         link_now_ms() + server->config.limits.keep_alive_ms);
    request_release(&exchange->request);
    response_release(&exchange->response);
    arena_release(&exchange->arena);
    mem_free(exchange);
    *context = NULL;
    atomic_fetch_sub(&server->active, 1);
}
