#include "http/server.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "http/server_parts.h"

enum {
    IO_THREADS_MAX = 64,
    HANDLER_THREADS_MAX = 1024,
    CONNECTION_POOL_BYTES = 21 * 1024,
    LAST_ANSWERS_MS = 1000 /* of a server that stops: so long they have to be sent */
};

void http_limits_init(struct http_limits *limits)
{
    *limits = (struct http_limits){.connections = 4096,
                                   .connections_per_address = 128,
                                   .target_bytes = 8 << 10,
                                   .header_bytes = 16 << 10,
                                   .header_fields = 64,
                                   .body_bytes = 64 << 10,
                                   .header_ms = 10000,
                                   .keep_alive_ms = 30000,
                                   .body_ms = 10000,
                                   .body_bytes_per_second = 1024,
                                   .queued_requests = 1024,
                                   .arena_bytes = 8 << 20};
}

static enum err check_config(const struct http_config *config, struct error *err)
{
    const struct http_limits *limits = &config->limits;
    const int64_t least =
        limits->connections < 1 || limits->connections_per_address < 0 ||
        limits->target_bytes < 1 || limits->header_bytes < 1 || limits->header_fields < 1 ||
        limits->header_fields > HEADERS_MAX || limits->body_bytes < 0 || limits->header_ms < 1 ||
        limits->keep_alive_ms < 1 || limits->body_ms < 1 || limits->body_bytes_per_second < 1 ||
        limits->queued_requests < 1 || limits->arena_bytes < 1;
    if (least != 0)
        return FAIL(err, ERR_INVALID, "a limit of the server is out of its range");
    if (config->io_threads < 0 || config->io_threads > IO_THREADS_MAX ||
        config->handler_threads < 0 || config->handler_threads > HANDLER_THREADS_MAX ||
        config->handlers_running < 0)
        return FAIL(err, ERR_INVALID,
                    "the server has 1 to %d threads for connections and %d for "
                    "handlers",
                    IO_THREADS_MAX, HANDLER_THREADS_MAX);
    if (config->public_url != NULL && strncasecmp(config->public_url, "http://", 7) != 0 &&
        strncasecmp(config->public_url, "https://", 8) != 0)
        return FAIL(err, ERR_INVALID, "the public URL must start with https:// or http://");
    return ERR_OK;
}

/* Fill in what the caller left to us. */
static void take_config(struct http_server *server, const struct http_config *config)
{
    const int32_t processors = parallel_processors();
    server->config = *config;
    if (config->io_threads == 0)
        server->config.io_threads = processors < 4 ? processors : 4;
    if (config->handler_threads == 0)
        server->config.handler_threads = HTTP_HANDLER_THREADS;
    if (config->handlers_running == 0)
        server->config.handlers_running = processors + 1;
    server->around.public_origin = server->public_origin;
    server->around.problem_type = config->problem_type;
    server->around.trust_forwarded = config->trust_forwarded;
    if (config->public_url != NULL) {
        const char *host = strchr(config->public_url, ':') + 3;
        const int len = (int)(host - config->public_url) + (int)strcspn(host, "/?#");
        server->around.is_https = strncasecmp(config->public_url, "https:", 6) == 0;
        snprintf(server->public_origin, sizeof(server->public_origin), "%.*s", len,
                 config->public_url);
    }
}

/* ---- the reaper: a thread that looks at the clock ---- */

static int64_t tick_ms(const struct http_server *server)
{
    const struct http_limits *limits = &server->config.limits;
    int64_t shortest = limits->header_ms;
    if (limits->body_ms < shortest)
        shortest = limits->body_ms;
    if (limits->keep_alive_ms < shortest)
        shortest = limits->keep_alive_ms;
    return shortest / 8 < 5 ? 5 : shortest / 8 > 250 ? 250 : shortest / 8;
}

static void *reap(void *context)
{
    struct http_server *server = context;
    const int64_t tick = tick_ms(server);
    pthread_mutex_lock(&server->reaper_lock);
    while (!server->is_stopping) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += tick * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&server->reaper_stop, &server->reaper_lock, &until);
        pthread_mutex_unlock(&server->reaper_lock);
        http_metrics_add(server->metrics, HTTP_TIMED_OUT,
                         links_reap(&server->links, link_now_ms()));
        if (server->config.hub != NULL)
            hub_tick(server->config.hub);
        pthread_mutex_lock(&server->reaper_lock);
    }
    pthread_mutex_unlock(&server->reaper_lock);
    return NULL;
}

static enum err start_reaper(struct http_server *server, struct error *err)
{
    if (pthread_create(&server->reaper, NULL, reap, server) != 0)
        return FAIL(err, ERR_IO, "the system refuses a thread");
    server->has_reaper = true;
    return ERR_OK;
}

static void stop_reaper(struct http_server *server)
{
    if (!server->has_reaper)
        return;
    pthread_mutex_lock(&server->reaper_lock);
    server->is_stopping = true;
    pthread_cond_signal(&server->reaper_stop);
    pthread_mutex_unlock(&server->reaper_lock);
    pthread_join(server->reaper, NULL);
    server->has_reaper = false;
}

/* ---- open and close ---- */

static enum err start_daemon(struct http_server *server, struct error *err)
{
    const struct http_limits *limits = &server->config.limits;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    /* One thread serves without a pool: libmicrohttpd wants a pool to have two or more. */
    const unsigned pool = server->config.io_threads > 1 ? (unsigned)server->config.io_threads : 0;
    /* Slow headers and bodies are cut by the reaper. Its own timeout, of inactivity, is for those
     * who do not take their response. */
    const unsigned idle_seconds = (unsigned)(limits->keep_alive_ms + 1999) / 1000;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, conversation_go_on, server, MHD_OPTION_LISTEN_SOCKET,
        server->listen_fd, MHD_OPTION_THREAD_POOL_SIZE, pool, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)limits->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)limits->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_POOL_BYTES,
        MHD_OPTION_URI_LOG_CALLBACK, conversation_begin, server, MHD_OPTION_NOTIFY_COMPLETED,
        conversation_end, server, MHD_OPTION_NOTIFY_CONNECTION, conversation_link, server,
        MHD_OPTION_END);
    if (server->daemon == NULL)
        return FAIL(err, ERR_IO, "the server cannot start on %s: %m", server->address);
    server->listen_fd = -1; /* the daemon closes it */
    return ERR_OK;
}

static void server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    stop_reaper(server);
    workers_free(server->workers);
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    http_metrics_free(server->metrics);
    links_release(&server->links);
    pthread_cond_destroy(&server->reaper_stop);
    pthread_mutex_destroy(&server->reaper_lock);
    mem_free(server);
}

static void init_locks(struct http_server *server)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->reaper_stop, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&server->reaper_lock, NULL);
    links_init(&server->links);
}

enum err http_server_open(const struct http_config *config, struct http_server **ret_server,
                          struct error *err)
{
    enum err rc;
    int32_t routes;
    struct http_server *server = NULL;
    TRY(check_config(config, err));
    TRY_PTR(server = mem_array(1, sizeof(*server), err));
    server->listen_fd = -1;
    init_locks(server);
    take_config(server, config);
    (void)route_table_list(config->routes, &routes);
    TRY(http_metrics_create(routes, &server->metrics, err));
    const struct workers_spec handlers = {
        .threads = server->config.handler_threads,
        .running = server->config.handlers_running,
        .queue_max = server->config.limits.queued_requests,
        .work = conversation_handle,
    };
    TRY(workers_create(&handlers, &server->workers, err));
    TRY(listen_open(config->listen, &server->listen_fd, &server->port, server->address, err));
    TRY(start_reaper(server, err));
    TRY(start_daemon(server, err));
    *ret_server = server;
    server = NULL;
done:
    server_free(server);
    return rc;
}

const char *http_server_address(const struct http_server *server)
{
    return server->address;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

struct http_metrics *http_server_metrics(struct http_server *server)
{
    return server->metrics;
}

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* Until all answers were sent, or it takes too long. */
static void await_answers(const struct http_server *server, double until)
{
    while (atomic_load(&server->active) > 0 && clock_seconds() < until)
        sleep_ms(5);
}

void http_server_close(struct http_server *server, int32_t grace_ms)
{
    if (server == NULL)
        return;
    const double until = clock_seconds() + 1e-3 * grace_ms;
    /* Nobody can connect from here on; the socket is closed later, since threads of the daemon may
     * not yet have let go of it. */
    atomic_store(&server->around.is_draining, true);
    server->listen_fd = MHD_quiesce_daemon(server->daemon);
    if (server->listen_fd >= 0)
        shutdown(server->listen_fd, SHUT_RDWR);
    if (server->config.hub != NULL)
        hub_close(server->config.hub);
    await_answers(server, until);
    atomic_store(&server->around.is_stopping, true);
    /* When the workers are gone, no connection is suspended: only then may the daemon be stopped.
     */
    workers_free(server->workers);
    server->workers = NULL;
    await_answers(server, clock_seconds() + 1e-3 * LAST_ANSWERS_MS);
    stop_reaper(server);
    links_cut_all(&server->links);
    MHD_stop_daemon(server->daemon);
    server_free(server);
}
