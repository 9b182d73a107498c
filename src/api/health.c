/* Is the server there, and can it do its work? */
#include "api/health.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "api/app.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "queue/relay.h"

enum { FAULT_BYTES = 128 };

/* Of each part: "" where all is well, else what is wrong, in words that anybody may read. */
struct verdict {
    char store[FAULT_BYTES], queue[FAULT_BYTES], models[FAULT_BYTES];
};

struct health {
    pthread_mutex_t lock;
    double read_at; /* 0: never */
    struct verdict verdict;
};

enum err health_create(struct health **ret_health, struct error *err)
{
    struct health *health = mem_array(1, sizeof(*health), err);
    if (health == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&health->lock, NULL);
    *ret_health = health;
    return ERR_OK;
}

void health_free(struct health *health)
{
    if (health == NULL)
        return;
    pthread_mutex_destroy(&health->lock);
    mem_free(health);
}

static void check_models(const char *directory, char fault[FAULT_BYTES])
{
    struct statvfs info;
    if (access(directory, W_OK | X_OK) != 0)
        snprintf(fault, FAULT_BYTES, "MODEL_DIR cannot be written to");
    else if (statvfs(directory, &info) != 0)
        snprintf(fault, FAULT_BYTES, "the file system of MODEL_DIR does not answer");
    else if ((double)info.f_bavail * (double)info.f_frsize < HEALTH_DISK_MIN_BYTES)
        snprintf(fault, FAULT_BYTES, "less than %d MiB are free in MODEL_DIR",
                 HEALTH_DISK_MIN_BYTES >> 20);
}

static struct verdict look(const struct app *app)
{
    struct error err;
    struct queue_depth depth;
    struct verdict verdict = {0};
    if (store_ping(app->store, &err) != ERR_OK) {
        snprintf(verdict.store, sizeof(verdict.store), "the store takes no writes");
        log_failure(LOG_ERROR, "not_ready", &err, "part=store");
    }
    if (queue_depth(app->relay, &depth, &err) != ERR_OK || !depth.is_connected)
        snprintf(verdict.queue, sizeof(verdict.queue), "the message broker cannot be reached");
    check_models(config_text(app->config, "MODEL_DIR"), verdict.models);
    return verdict;
}

/* ---- the routes ---- */

/* Depends on nothing: an answer at all is the answer. */
static enum err live(void *app, struct request *request, struct response *response,
                     struct error *err)
{
    static const char body[] = "{\"status\":\"ok\"}\n";
    (void)app;
    (void)request;
    (void)err;
    response_static(response, "application/json", body, sizeof(body) - 1);
    return ERR_OK;
}

static json_t *part(const char *name, const char *fault)
{
    return json_pack("{s:s,s:b,s:s?}", "name", name, "ok", fault[0] == '\0', "detail",
                     fault[0] != '\0' ? fault : NULL);
}

static enum err ready(void *context, struct request *request, struct response *response,
                      struct error *err)
{
    struct app *app = context;
    struct health *health = app->health;
    (void)request;
    pthread_mutex_lock(&health->lock);
    const double now = clock_seconds();
    if (health->read_at == 0 || (now - health->read_at) * 1000 > HEALTH_CACHE_MS) {
        health->verdict = look(app);
        health->read_at = clock_seconds();
    }
    const struct verdict verdict = health->verdict;
    pthread_mutex_unlock(&health->lock);
    const bool is_ok =
        verdict.store[0] == '\0' && verdict.queue[0] == '\0' && verdict.models[0] == '\0';
    return response_json(response, is_ok ? 200 : 503,
                         json_pack("{s:s,s:[o,o,o]}", "status", is_ok ? "ok" : "failing", "checks",
                                   part("store", verdict.store), part("queue", verdict.queue),
                                   part("models", verdict.models)),
                         err);
}

static const struct route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/health/live",
     .handle = live,
     .flags = ROUTE_PUBLIC | ROUTE_INLINE},
    {.method = HTTP_GET, .pattern = "/health/ready", .handle = ready, .flags = ROUTE_PUBLIC},
};
const struct route_group health_routes = {routes, sizeof(routes) / sizeof(routes[0])};
