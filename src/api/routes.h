#ifndef API_ROUTES_H
#define API_ROUTES_H

/* All routes of the server: each resource has a table of its own, joined here. */
#include "base/error.h"
#include "http/route.h"

enum api_route_flags {
    ROUTE_PUBLIC = ROUTE_APP,       /* no login is asked for */
    ROUTE_WRITE = ROUTE_APP << 1,   /* an API token needs the scope "write" */
    ROUTE_ADMIN = ROUTE_APP << 2,   /* for administrators alone */
    ROUTE_SESSION = ROUTE_APP << 3, /* for a login with a password: no API token will do */
    ROUTE_PAGE = ROUTE_APP << 4,    /* a page for people, no part of the API */
    /* One short read of the store by its key. Where that is SQLite, which answers in microseconds,
     * the handler runs on the thread that serves connections (ROUTE_INLINE): handing it to another
     * one costs more than the read. PostgreSQL is waited for elsewhere. */
    ROUTE_QUICK = ROUTE_APP << 5,
};

struct route_group {
    const struct route *routes;
    int32_t count;
};

/* One line a resource; the order does not matter. */
#define ROUTE_GROUPS(X)                                                                            \
    X(data_check_routes)                                                                           \
    X(data_sources_routes)                                                                         \
    X(events_routes)                                                                               \
    X(explain_routes)                                                                              \
    X(health_routes)                                                                               \
    X(job_history_routes)                                                                          \
    X(jobs_change_routes)                                                                          \
    X(jobs_list_routes)                                                                            \
    X(jobs_one_routes)                                                                             \
    X(login_routes)                                                                                \
    X(me_routes)                                                                                   \
    X(metrics_routes)                                                                              \
    X(model_types_routes)                                                                          \
    X(model_compare_routes)                                                                        \
    X(model_download_routes)                                                                       \
    X(model_import_routes)                                                                         \
    X(model_known_routes)                                                                          \
    X(models_routes)                                                                               \
    X(openapi_routes)                                                                              \
    X(page_action_routes)                                                                          \
    X(page_job_routes)                                                                             \
    X(page_model_action_routes)                                                                    \
    X(page_model_routes)                                                                           \
    X(page_prediction_routes)                                                                      \
    X(page_routes)                                                                                 \
    X(prediction_file_routes)                                                                      \
    X(prediction_routes)                                                                           \
    X(recommend_routes)                                                                            \
    X(registry_alias_routes)                                                                       \
    X(registry_routes)                                                                             \
    X(start_training_routes)                                                                       \
    X(system_routes)                                                                               \
    X(token_routes)                                                                                \
    X(training_status_routes)

#define X(name) extern const struct route_group name;
ROUTE_GROUPS(X)
#undef X

/* The one array of them all, that the caller owns (mem_free). ERR_NOMEM. */
MUST_CHECK enum err api_routes(struct route **ret_routes, int32_t *ret_count, struct error *err);

#endif
