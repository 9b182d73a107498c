#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

/*
 * The server: one listening socket, a few threads that wait for connections (epoll), and a pool of
 * threads that run the handlers. On libmicrohttpd, which no other room sees.
 *
 *   struct http_config config = {.listen = "127.0.0.1:8080", .routes = table, .app = app};
 *   http_limits_init(&config.limits);
 *   TRY(http_server_open(&config, &server, err));
 *   …
 *   http_server_close(server, 10000);
 *
 * The room writes no log: each finished request is told to the hook `log`.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "http/hub.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/response.h"
#include "http/route.h"

enum { HTTP_HANDLER_THREADS = 64 }; /* of a server that was told no other number */

/* What a client may ask of us. Every one has a default that http_limits_init sets. */
struct http_limits {
    int32_t connections;             /* at once, 4,096; one more is closed unheard */
    int32_t connections_per_address; /* 128; 0: no limit (all come from one proxy) */
    int32_t target_bytes;            /* of the request line's target, 8 KiB: 414 */
    int32_t header_bytes;            /* of all header fields, 16 KiB: 431 */
    int32_t header_fields;           /* 64, at most HEADERS_MAX: 431 */
    int64_t body_bytes;              /* 64 KiB unless the route says otherwise: 413 */
    int32_t header_ms;               /* from connecting to the end of the headers, 10 s: 408 */
    int32_t keep_alive_ms;           /* from a response to the next request's headers, 30 s */
    int32_t body_ms;                 /* to begin with, 10 s: 408 */
    int32_t body_bytes_per_second;   /* and as much time more as what has come is worth, 1 KiB/s */
    int32_t queued_requests;         /* that wait for a handler's thread, 1,024: 503 */
    int64_t arena_bytes;             /* of a request's own memory, 8 MiB: 503 */
};

/* One finished request, for the log. All borrowed for the call. */
struct http_access {
    const char *method;     /* as sent; "?" when it is none that is known */
    const char *target;     /* as sent, with the query; may hold anything printable */
    const char *route;      /* its pattern, "" when there is none */
    int status;             /* 0: the client left, or was cut, before an answer */
    int64_t body_bytes;     /* of the response, as announced; -1 for a stream */
    double seconds;         /* from the end of the headers to the end of the response */
    const char *client;     /* address */
    const char *request_id; /* 32 hex digits; "" when the headers never came */
    const char *error;      /* for people: why it failed; also what the client was not told */
    const void *user;       /* as set by request_set_user */
};

struct http_config {
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:80"; port 0: any free one */
    const struct route_table *routes; /* borrowed, as the two below */
    void *app;                        /* given to handlers and hooks */
    struct hub *hub;                  /* NULL: no streams; closed by http_server_close */
    const char *public_url;   /* "https://train.example": NULL when not known. https makes cookies
                                 Secure; the origin counts as our own */
    bool trust_forwarded;     /* the client's address is the last of X-Forwarded-For: only behind a
                                 proxy that sets it */
    int32_t io_threads;       /* that serve connections; 0: one a processor, at most 4 */
    int32_t handler_threads;  /* 0: HTTP_HANDLER_THREADS */
    int32_t handlers_running; /* of them at a time, besides those that wait and say so
                                 (base/turn.h); 0: one more than there are processors */
    struct http_limits limits;
    /* Called before each handler, on its thread: a login, an origin check. It may set a status and
     * a body (then the handler is left out), or fail (response_error). NULL allowed. */
    enum err (*before)(void *app, struct request *request, struct response *response,
                       struct error *err);
    /* Makes a page of a problem for who wants html; called with the response already a problem of
     * `status`. NULL: it stays JSON. */
    void (*problem_page)(void *app, struct request *request, struct response *response, int status,
                         const char *code, const char *detail);
    /* What stands before a problem's code in its `type`, as "/docs#". NULL: the type is
     * about:blank.
     */
    const char *problem_type;
    /* Called when a request is finished, on a thread that serves connections: be quick. NULL
     * allowed. */
    void (*log)(void *app, const struct http_access *access);
};

struct http_server;

void http_limits_init(struct http_limits *limits);

/* Listen and serve, at once. ERR_INVALID: the address or a limit; ERR_IO (reason "address_in_use"
 * where it is): cannot listen; ERR_NOMEM. */
MUST_CHECK enum err http_server_open(const struct http_config *config,
                                     struct http_server **ret_server, struct error *err);

/* "127.0.0.1:41234": the real address, with the real port. */
const char *http_server_address(const struct http_server *server);
int http_server_port(const struct http_server *server);

/* Counters of this server; borrowed. */
struct http_metrics *http_server_metrics(struct http_server *server);

/*
 * Stop: take no more connections, answer new requests on those that are open with 503 (code
 * "stopping"), end the streams, let what was asked before finish for at most grace_ms, then answer
 * what still waits with 503 too, cut the rest, and free the server. A handler that still runs then
 * is waited for: it is told by request_is_cancelled. NULL is allowed.
 */
void http_server_close(struct http_server *server, int32_t grace_ms);

#endif
