#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

/*
 * The table of routes: which handler answers which method on which path. The application writes it
 * as one static array; http/ compiles it once, and others (the OpenAPI check) list it.
 *
 * A pattern is a path whose segments are literal or "{name}", which takes exactly one segment that
 * is not empty; the last may be "{name...}", which takes all that is left, slashes and all (for
 * assets). Where several patterns match, the one that is literal earlier wins, whatever the order.
 *
 *   /api/v1/jobs/{id}/events      /start_training/      /assets/{file...}
 *
 * A path is decoded after it was cut into segments, so that %2F is never a separator. A segment
 * that decodes to ".", "..", something with a slash, backslash or control character, or to no
 * UTF-8, is refused with 400: no handler ever sees one.
 *
 * HEAD goes to the handler of GET, whose body is then not sent. OPTIONS is answered with 204 and
 * Allow. A path that matches nothing but would with (or without) a slash at its end is redirected
 * there with 308, which keeps method and body.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "http/arena.h"

#define HTTP_METHODS(X) X(GET) X(HEAD) X(POST) X(PUT) X(PATCH) X(DELETE) X(OPTIONS)

enum http_method {
#define X(name) HTTP_##name,
    HTTP_METHODS(X)
#undef X
        HTTP_METHOD_COUNT /* also: a method that is not known here */
};

enum { ROUTE_PARAMS_MAX = 4, ROUTES_MAX = 512 };

enum route_flags {
    /* The handler runs on the thread that serves connections: it must not wait for anything (disk,
     * store, lock) nor compute for more than a millisecond. All others run on a thread of their
     * own pool, where they may. */
    ROUTE_INLINE = 1,
    /* From here on bits are the application's (needs a login, needs to be an administrator, …). */
    ROUTE_APP = 1 << 8,
};

struct request;  /* http/request.h */
struct response; /* http/response.h */

/* Answers one request: reads `request`, fills `response`. When it fails, http/ answers with a
 * problem made of the error instead (response_error says how), so TRY is all that is needed. */
struct route {
    enum http_method method; /* GET (HEAD comes with it), POST, PUT, PATCH or DELETE */
    const char *pattern;
    enum err (*handle)(void *app, struct request *request, struct response *response,
                       struct error *err);
    uint32_t flags;
    int64_t body_max_bytes; /* 0: the server's limit; else this one, greater or smaller */
    /* For a body that is too large for memory: where it goes, and how many bytes it may have.
     * Called on a thread of the pool once the head was read and the `before` hook (which is not
     * asked again) let the request pass; before that no byte of the body is taken. http writes to
     * *ret_fd and closes it; the handler finds it by request_body_file. An error refuses the
     * request. NULL: the body goes to memory. */
    enum err (*open_body)(void *app, struct request *request, int *ret_fd, int64_t *ret_max_bytes,
                          struct error *err);
    const void *info; /* the application's: what the OpenAPI file says of it, … */
};

struct route_table;

/* Compile `routes`, borrowed for the table's life. ERR_INVALID names the route whose pattern is
 * malformed, or that another one hides. */
MUST_CHECK enum err route_table_create(const struct route *routes, int32_t count,
                                       struct route_table **ret_table, struct error *err);
void route_table_free(struct route_table *table); /* NULL is allowed */

/* All routes, in the order given. */
const struct route *route_table_list(const struct route_table *table, int32_t *ret_count);

struct route_match {
    const struct route *route;            /* NULL unless the status is 0 */
    int32_t index;                        /* of the route in the table; -1 for none */
    const char *values[ROUTE_PARAMS_MAX]; /* of the parameters, decoded, in the pattern's order */
    uint32_t allowed;                     /* bit 1 << method: what the path allows; for Allow */
    const char *redirect;                 /* with 308: the path to go to */
};

/*
 * Find the route of a raw path (without the query, as sent). Texts of *ret_match lie in the arena.
 * Returns 0, or the status to answer with: 204 (OPTIONS), 308, 400, 404, 405, 501 (the method is
 * HTTP_METHOD_COUNT), 503 (no memory). Cost: a comparison of one to two segments per route.
 */
int route_find(const struct route_table *table, struct arena *arena, enum http_method method,
               const char *path, size_t len, struct route_match *ret_match);

/* The value of a parameter by name, "" when the pattern has none such. */
const char *route_value(const struct route_match *match, const char *name);

enum http_method http_method_parse(const char *name); /* HTTP_METHOD_COUNT: not known here */
const char *http_method_name(enum http_method method);

/* "GET, HEAD, POST" for Allow. `out` of at least 64 bytes. */
void route_allow_text(uint32_t allowed, char *out, size_t out_size);

#endif
