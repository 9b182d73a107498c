/*
 * The bare rate of the server: serves GET /health on loopback until interrupted, for a load
 * generator to measure (wrk is in Debian):
 *
 *   bench_http [PORT [IO_THREADS [HANDLER_THREADS]]]        (8099, one a processor, 16)
 *   wrk -t2 -c64 -d5 --latency http://127.0.0.1:8099/health         handled where it arrives
 *   wrk -t2 -c64 -d5 --latency http://127.0.0.1:8099/worker         handled by a worker's thread
 *
 * Every other route of the platform is judged against /health in the same run, since absolute
 * figures of a shared machine vary by half.
 */
#include <signal.h>
#include <stdio.h>

#include "base/text.h"
#include "http/server.h"

static enum err health(void *app, struct request *request, struct response *response,
                       struct error *err)
{
    (void)app;
    (void)request;
    return response_json(response, 200, json_pack("{s:s}", "status", "ok"), err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/health", .handle = health, .flags = ROUTE_INLINE},
    {.method = HTTP_GET, .pattern = "/worker", .handle = health},
};

static int32_t number(int argc, char **argv, int index, int32_t otherwise)
{
    int64_t value;
    return argc > index && text_int(argv[index], &value) ? (int32_t)value : otherwise;
}

int main(int argc, char **argv)
{
    struct error err;
    struct route_table *table = NULL;
    struct http_server *server = NULL;
    char listen[64];
    sigset_t signals;
    int caught;
    enum err rc;
    json_init();
    snprintf(listen, sizeof(listen), "127.0.0.1:%d", number(argc, argv, 1, 8099));
    struct http_config config = {.listen = listen,
                                 .io_threads = number(argc, argv, 2, 0),
                                 .handler_threads = number(argc, argv, 3, 0)};
    http_limits_init(&config.limits);
    config.limits.connections_per_address = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    TRY(route_table_create(routes, sizeof(routes) / sizeof(routes[0]), &table, &err));
    config.routes = table;
    TRY(http_server_open(&config, &server, &err));
    fprintf(stderr, "listening on %s\n", http_server_address(server));
    sigwait(&signals, &caught);
    http_server_close(server, 1000);
done:
    if (rc != ERR_OK)
        fprintf(stderr, "%s\n", err.message);
    route_table_free(table);
    return error_exit_status(rc);
}
