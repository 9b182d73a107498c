#include "api/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "api/access_log.h"
#include "api/health.h"
#include "api/identity.h"
#include "api/live.h"
#include "api/login_cache.h"
#include "api/openapi.h"
#include "api/page.h"
#include "api/password.h"
#include "api/routes.h"
#include "api/served.h"
#include "api/throttle.h"
#include "base/log.h"
#include "base/memory.h"
#include "queue/relay.h"
#include "store/users.h"
#include "worker/reaper.h"
#include "worker/supervise.h"

enum { URL_SIZE = 512 };

#define DEMO_EMAIL "test@example.com"
#define DEMO_PASSWORD "123"

struct service {
    struct app app;
    struct route *routes;
    struct route_table *table;
    struct queue_spec queue, prediction_queue;
    char url[URL_SIZE];
    struct reaper *reaper;
    struct workers *workers, *predictors; /* NULL: there are none here */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The account that the manual's first steps use; made where it is not there yet. */
static enum err make_demo_account(struct store *store, struct error *err)
{
    enum err rc;
    char hash[PASSWORD_HASH_SIZE];
    struct user *user = NULL;
    int64_t user_id;
    rc = user_find(store, DEMO_EMAIL, &user, err);
    mem_free(user);
    if (rc != ERR_NOT_FOUND)
        return rc;
    TRY(password_hash(DEMO_PASSWORD, hash, err));
    rc = user_create(store, DEMO_EMAIL, hash, false, &user_id, err);
    if (rc == ERR_CONFLICT) /* another server was quicker */
        return ERR_OK;
done:
    return rc;
}

static enum err open_parts(struct service *service, const struct config *config, struct error *err)
{
    enum err rc;
    struct app *app = &service->app;
    int32_t count;
    struct hub_limits limits;
    const struct store_spec spec = {.url = config_store_url(config),
                                    .connections = (int32_t)config_int(config, "DB_CONNECTIONS"),
                                    .migrate = true};
    const struct throttle_limits throttle = {
        .account_failures = (int32_t)config_int(config, "LOGIN_FAILURES"),
        .address_per_minute = (int32_t)config_int(config, "LOGINS_PER_MINUTE")};
    app->config = config;
    app->started_ms = now_ms();
    TRY(store_open(&spec, &app->store, err));
    if (config_flag_is_on(config, "DEMO_USER"))
        TRY(make_demo_account(app->store, err));
    hub_limits_init(&limits);
    limits.streams_per_owner = (int32_t)config_int(config, "MAX_STREAMS_PER_SESSION");
    limits.streams = (int32_t)config_int(config, "MAX_CONNECTIONS");
    TRY(hub_create(&limits, &app->hub, err));
    TRY(login_cache_create(&app->logins, err));
    TRY(health_create(&app->health, err));
    TRY(throttle_create(&throttle, &app->throttle, err));
    TRY(served_open(app, &app->served, err));
    TRY(pages_open(config_text(config, "WEB_DIR"), &app->pages, err));
    TRY(api_routes(&service->routes, &count, err));
    for (int32_t i = 0; i < count && !store_url_is_postgres(config_store_url(config)); i++)
        if ((service->routes[i].flags & ROUTE_QUICK) != 0)
            service->routes[i].flags |= ROUTE_INLINE;
    TRY(route_table_create(service->routes, count, &service->table, err));
    app->routes = service->table;
    TRY(openapi_create(service->routes, count, &app->openapi, err));
done:
    return rc;
}

static void warn_of_queue(void *context, const char *message)
{
    char text[LOG_VALUE_MAX];
    (void)context;
    log_warning("queue", "message=%s", log_value(message, text, sizeof(text)));
}

/* Models are saved here; the workers need it, and /health/ready looks at it. */
static enum err make_model_dir(const char *path, struct error *err)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        return FAIL(err, errno == EACCES ? ERR_DENIED : ERR_IO, "MODEL_DIR, %s, cannot be made: %m",
                    path);
    return ERR_OK;
}

/* Where there is no broker, the server runs the workers of both tasks itself. */
static enum err start_workers(struct service *service, struct error *err)
{
    enum err rc = ERR_OK;
    const struct config *config = service->app.config;
    const int32_t workers = (int32_t)config_int(config, "WORKERS");
    const int32_t predictors = (int32_t)config_int(config, "PREDICT_WORKERS");
    if (workers == 0 || config_has_broker(config))
        return ERR_OK;
    TRY(workers_start(config, JOB_TRAIN, workers, &service->workers, err));
    if (predictors > 0)
        TRY(workers_start(config, JOB_PREDICT, predictors, &service->predictors, err));
done:
    return rc;
}

/* What runs beside the requests. */
static enum err start_helpers(struct service *service, struct error *err)
{
    enum err rc;
    struct app *app = &service->app;
    TRY(make_model_dir(config_text(app->config, "MODEL_DIR"), err));
    queue_spec_from_config(app->config, app->store, JOB_TRAIN, &service->queue);
    service->queue.warn = warn_of_queue;
    app->queue = &service->queue;
    TRY(relay_start(&service->queue, &app->relay, err));
    queue_spec_from_config(app->config, app->store, JOB_PREDICT, &service->prediction_queue);
    service->prediction_queue.warn = warn_of_queue;
    TRY(relay_start(&service->prediction_queue, &app->prediction_relay, err));
    const struct live_spec live = {
        .store = app->store, .hub = app->hub, .model_dir = config_text(app->config, "MODEL_DIR")};
    TRY(live_start(&live, &app->live, err));
    TRY(reaper_start(app->store, app->config, &service->reaper, err));
    TRY(start_workers(service, err));
done:
    return rc;
}

/* What whoever runs this should know. */
static void warn_of_settings(const struct config *config)
{
    char host[LOG_VALUE_MAX];
    const char *listen = config_host(config, "LISTEN");
    const bool is_local = strncmp(listen, "127.", 4) == 0 || strcmp(listen, "::1") == 0 ||
                          strcmp(listen, "localhost") == 0;
    if (!is_local && !config_is_secure(config))
        log_warning("no_https",
                    "listen=%s message=\"passwords and cookies can be read on the way: put a proxy "
                    "with https before the server, and set PUBLIC_URL\"",
                    log_value(listen, host, sizeof(host)));
    if (config_flag_is_on(config, "DEMO_USER"))
        log_warning("demo_user",
                    "message=\"the account " DEMO_EMAIL " has a password that everybody knows\"");
}

static enum err listen_http(struct service *service, struct error *err)
{
    enum err rc;
    struct app *app = &service->app;
    const struct config *config = app->config;
    const char *public_url = config_text(config, "PUBLIC_URL");
    struct http_config http = {.listen = config_text(config, "LISTEN"),
                               /* as many as may wait for a password's hash, beside the others */
                               .handler_threads = HTTP_HANDLER_THREADS + PASSWORD_WAITING_MAX,
                               .routes = service->table,
                               .app = app,
                               .hub = app->hub,
                               .public_url = public_url[0] != '\0' ? public_url : NULL,
                               .trust_forwarded = config_flag_is_on(config, "TRUST_FORWARDED"),
                               .before = identity_before,
                               .problem_page = page_problem,
                               .problem_type = "/docs?topic=troubleshooting#",
                               .log = access_log};
    http_limits_init(&http.limits);
    http.limits.connections = (int32_t)config_int(config, "MAX_CONNECTIONS");
    http.limits.connections_per_address =
        (int32_t)config_int(config, "MAX_CONNECTIONS_PER_ADDRESS");
    http.limits.body_bytes = config_int(config, "MAX_BODY");
    struct http_server *server;
    TRY(http_server_open(&http, &server, err));
    app->server = server;
    warn_of_settings(config);
    log_info("listening", "address=%s version=%s", http_server_address(server), RECTRAIN_VERSION);
    if (public_url[0] != '\0')
        snprintf(service->url, sizeof(service->url), "%s", public_url);
    else
        snprintf(service->url, sizeof(service->url), "http://%s", http_server_address(app->server));
done:
    return rc;
}

enum err service_open(const struct config *config, struct service **ret_service, struct error *err)
{
    enum err rc;
    struct service *service;
    TRY_PTR(service = mem_array(1, sizeof(*service), err));
    rc = open_parts(service, config, err);
    if (rc == ERR_OK)
        rc = start_helpers(service, err);
    if (rc == ERR_OK)
        rc = listen_http(service, err);
    if (rc == ERR_OK)
        *ret_service = service;
    else
        service_close(service, 0);
done:
    return rc;
}

const char *service_url(const struct service *service)
{
    return service->url;
}

void service_close(struct service *service, int32_t grace_ms)
{
    if (service == NULL)
        return;
    struct workers *const keepers[] = {service->workers, service->predictors};
    for (int i = 0; i < 2; i++)
        if (keepers[i] != NULL) /* they finish while requests do */
            workers_ask_stop(keepers[i]);
    http_server_close(service->app.server, grace_ms);
    live_stop(service->app.live);
    reaper_stop(service->reaper);
    for (int i = 0; i < 2; i++)
        if (keepers[i] != NULL)
            workers_stop(keepers[i], (double)config_int(service->app.config, "STOP_GRACE_SECONDS"));
    relay_stop(service->app.prediction_relay);
    relay_stop(service->app.relay);
    hub_free(service->app.hub);
    route_table_free(service->table);
    mem_free(service->routes);
    openapi_free(service->app.openapi);
    health_free(service->app.health);
    pages_close(service->app.pages);
    throttle_free(service->app.throttle);
    served_close(service->app.served);
    login_cache_free(service->app.logins);
    store_close(service->app.store);
    mem_free(service);
}
