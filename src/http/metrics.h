#ifndef HTTP_METRICS_H
#define HTTP_METRICS_H

/*
 * What the server counts, for the application's /metrics to print: requests by route and status,
 * their durations by route, connections. Counting is lock-free; reading while it goes on gives
 * numbers that may be some requests apart.
 */
#include <stdint.h>

#include "base/error.h"

enum { HTTP_DURATION_BUCKETS = 12, HTTP_STATUSES_MAX = 64 };

/* Upper bounds of the buckets, in seconds; the last is infinite. */
extern const double http_duration_bounds[HTTP_DURATION_BUCKETS];

struct http_metrics;

MUST_CHECK enum err http_metrics_create(int32_t routes, struct http_metrics **ret_metrics,
                                        struct error *err);
void http_metrics_free(struct http_metrics *metrics); /* NULL is allowed */

/* Count one finished request; route -1: none matched; status 0: the client left before. */
void http_metrics_request(struct http_metrics *metrics, int32_t route, int status, double seconds);

/* One route's requests; buckets[i] is how many took at most http_duration_bounds[i] (cumulative,
 * as Prometheus wants it). */
struct http_route_counts {
    struct {
        int status;
        int64_t count;
    } statuses[HTTP_STATUSES_MAX]; /* ascending; those that occurred */
    int32_t status_count;
    int64_t buckets[HTTP_DURATION_BUCKETS];
    double seconds; /* of all requests together */
};
void http_metrics_route(const struct http_metrics *metrics, int32_t route,
                        struct http_route_counts *ret_counts);

struct http_connection_counts {
    int64_t open;      /* connections now */
    int64_t accepted;  /* since the start */
    int64_t timed_out; /* cut: headers or body too slow, or idle for too long */
    int64_t refused;   /* requests that were malformed or over a limit */
    int64_t running;   /* requests with a handler now, or waiting for one */
};
void http_metrics_connections(const struct http_metrics *metrics,
                              struct http_connection_counts *ret_counts);

/* ---- for http/ ---- */
enum http_gauge {
    HTTP_OPEN,
    HTTP_ACCEPTED,
    HTTP_TIMED_OUT,
    HTTP_REFUSED,
    HTTP_RUNNING,
    HTTP_GAUGES
};
void http_metrics_add(struct http_metrics *metrics, enum http_gauge gauge, int64_t amount);

#endif
