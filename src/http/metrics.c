#include "http/metrics.h"

#include <math.h>
#include <stdatomic.h>

#include "base/memory.h"

const double http_duration_bounds[HTTP_DURATION_BUCKETS] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, INFINITY};

/* The statuses that are told apart, ascending; one that is not listed counts as its class's first.
 */
static const short statuses[] = {0,   100, 200, 201, 202, 204, 206, 300, 302, 303, 304, 307,
                                 308, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 414,
                                 415, 416, 417, 422, 428, 429, 431, 500, 501, 502, 503, 504};
enum { STATUSES = sizeof(statuses) / sizeof(statuses[0]) };

/* A row is written by all threads; rows of different routes do not share a cache line. */
struct row {
    _Alignas(64) atomic_llong by_status[STATUSES];
    atomic_llong by_duration[HTTP_DURATION_BUCKETS]; /* not cumulative */
    atomic_llong microseconds;
};

struct http_metrics {
    int32_t routes;
    struct row *rows; /* [routes + 1]: the last is for what matched none */
    atomic_llong gauges[HTTP_GAUGES];
};

enum err http_metrics_create(int32_t routes, struct http_metrics **ret_metrics, struct error *err)
{
    struct http_metrics *metrics = mem_array(1, sizeof(*metrics), err);
    if (metrics == NULL)
        return ERR_NOMEM;
    metrics->routes = routes;
    metrics->rows = mem_array((size_t)routes + 1, sizeof(*metrics->rows), err);
    if (metrics->rows == NULL) {
        mem_free(metrics);
        return ERR_NOMEM;
    }
    *ret_metrics = metrics;
    return ERR_OK;
}

void http_metrics_free(struct http_metrics *metrics)
{
    if (metrics != NULL)
        mem_free(metrics->rows);
    mem_free(metrics);
}

static int status_index(int status)
{
    int below = 0;
    for (int i = 0; i < STATUSES && statuses[i] <= status; i++)
        below = i;
    if (statuses[below] == status)
        return below;
    int first = below;
    while (first > 0 && statuses[first] > status / 100 * 100)
        first--;
    return first;
}

static struct row *row_of(const struct http_metrics *metrics, int32_t route)
{
    return &metrics->rows[route < 0 || route >= metrics->routes ? metrics->routes : route];
}

static void add(atomic_llong *counter, int64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

static int64_t value_of(const atomic_llong *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void http_metrics_request(struct http_metrics *metrics, int32_t route, int status, double seconds)
{
    struct row *row = row_of(metrics, route);
    int bucket = 0;
    while (bucket < HTTP_DURATION_BUCKETS - 1 && seconds > http_duration_bounds[bucket])
        bucket++;
    add(&row->by_status[status_index(status)], 1);
    add(&row->by_duration[bucket], 1);
    add(&row->microseconds, (int64_t)(seconds * 1e6));
}

void http_metrics_route(const struct http_metrics *metrics, int32_t route,
                        struct http_route_counts *ret_counts)
{
    const struct row *row = row_of(metrics, route);
    int64_t below = 0;
    *ret_counts = (struct http_route_counts){.status_count = 0};
    for (int i = 0; i < STATUSES; i++) {
        const int64_t count = value_of(&row->by_status[i]);
        if (count == 0)
            continue;
        ret_counts->statuses[ret_counts->status_count].status = statuses[i];
        ret_counts->statuses[ret_counts->status_count++].count = count;
    }
    for (int i = 0; i < HTTP_DURATION_BUCKETS; i++) {
        below += value_of(&row->by_duration[i]);
        ret_counts->buckets[i] = below;
    }
    ret_counts->seconds = (double)value_of(&row->microseconds) * 1e-6;
}

void http_metrics_add(struct http_metrics *metrics, enum http_gauge gauge, int64_t amount)
{
    add(&metrics->gauges[gauge], amount);
}

void http_metrics_connections(const struct http_metrics *metrics,
                              struct http_connection_counts *ret_counts)
{
    *ret_counts = (struct http_connection_counts){
        .open = value_of(&metrics->gauges[HTTP_OPEN]),
        .accepted = value_of(&metrics->gauges[HTTP_ACCEPTED]),
        .timed_out = value_of(&metrics->gauges[HTTP_TIMED_OUT]),
        .refused = value_of(&metrics->gauges[HTTP_REFUSED]),
        .running = value_of(&metrics->gauges[HTTP_RUNNING]),
    };
}
