#ifndef API_APP_H
#define API_APP_H

/*
 * What every handler gets as its first argument. api/service.h fills it once, before the first
 * request, and empties it after the last; nothing in it changes between, so handlers read it
 * without a lock, and what it points to locks for itself.
 *
 * How a resource is added: one file with its handlers and one table,
 *
 *   static const struct route routes[] = {
 *       {.method = HTTP_GET, .pattern = "/api/v1/things/{id}", .handle = read_thing},
 *       {.method = HTTP_POST, .pattern = "/api/v1/things", .handle = make_thing,
 *        .flags = ROUTE_WRITE},
 *   };
 *   const struct route_group thing_routes = {routes, sizeof(routes) / sizeof(routes[0])};
 *
 * a line in the list of api/routes.h, and its operations in openapi.json (a test compares).
 */
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "http/server.h"
#include "store/store.h"

struct app {
    const struct config *config;
    struct store *store;
    struct hub *hub;
    struct live *live;              /* api/live.h: fills the hub */
    struct login_cache *logins;     /* api/login_cache.h */
    struct throttle *throttle;      /* api/throttle.h */
    struct pages *pages;            /* api/page.h */
    struct openapi *openapi;        /* api/openapi.h */
    struct health *health;          /* api/health.h */
    struct served *served;          /* api/served.h: models that answer */
    struct relay *relay;            /* queue/relay.h: sends what jobs put into the outbox */
    struct relay *prediction_relay; /* the same of predictions */
    const struct queue_spec *queue;
    const struct route_table *routes;
    struct http_server *_Atomic server; /* NULL until it listens: requests may be quicker */
    int64_t started_ms;                 /* since 1970 UTC */
};

#endif
