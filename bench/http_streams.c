/*
 * How late events come when many clients listen: opens N event streams on a server in a process of
 * its own (as clients do), publishes to all of them ten times a second, and prints the delay from
 * the moment of publishing to the moment of reading, and the server's memory.
 *
 *   bench_http_streams [STREAMS [SECONDS]]        (2,000 for 10 s)
 *
 * To be reached: p99 at most 250 ms, resident at most 64 MB.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/server.h"

enum { STREAMS_MAX = 20000, EVENTS_PER_SECOND = 10, DELAYS_MAX = 4000000 };

static enum err stream(void *app, struct request *request, struct response *response,
                       struct error *err)
{
    struct hub *hub = app;
    const struct hub_stream wanted = {.topics = {"all"},
                                      .owner = "bench",
                                      .last_event_id = request_header(request, "Last-Event-ID")};
    return response_stream(response, hub, &wanted, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/events", .handle = stream, .flags = ROUTE_INLINE}};

static void sleep_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* The server: waits until all streams are there, publishes, reports to `out`. */
static enum err serve(int out, int32_t streams, int32_t seconds, struct error *err)
{
    enum err rc;
    struct hub *hub;
    struct route_table *table;
    struct http_server *server;
    struct hub_limits limits;
    hub_limits_init(&limits);
    limits.streams = limits.streams_per_owner = streams;
    TRY(hub_create(&limits, &hub, err));
    TRY(route_table_create(routes, 1, &table, err));
    struct http_config config = {.listen = "127.0.0.1:0", .routes = table, .app = hub, .hub = hub};
    http_limits_init(&config.limits);
    config.limits.connections = 2 * streams + 64;
    config.limits.connections_per_address = 0;
    TRY(http_server_open(&config, &server, err));
    const int port = http_server_port(server);
    if (write(out, &port, sizeof(port)) != (ssize_t)sizeof(port))
        return FAIL(err, ERR_IO, "the client is gone");
    for (int i = 0; i < 6000 && hub_counts(hub).streams < streams; i++)
        sleep_ms(10);
    for (int i = 0; i < seconds * EVENTS_PER_SECOND; i++) {
        char data[64];
        snprintf(data, sizeof(data), "at %.6f", clock_seconds());
        TRY(hub_publish(hub, "all", "job", data, err));
        sleep_ms(1000 / EVENTS_PER_SECOND);
    }
    const struct hub_counts counts = hub_counts(hub);
    printf("streams %lld, events delivered %lld, cut %lld, server resident %.1f MB\n",
           (long long)counts.streams, (long long)counts.delivered, (long long)counts.cut,
           (double)mem_rss_bytes() / 1e6);
    http_server_close(server, 5000);
    hub_free(hub);
    route_table_free(table);
done:
    return rc;
}

static int connect_to(int port)
{
    static const char request[] = "GET /events HTTP/1.1\r\nHost: h\r\n\r\n";
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0 ||
        send(fd, request, sizeof(request) - 1, 0) < 0)
        return -1;
    return fd;
}

/* Note the delay of each event in what came; false at the end of a stream. */
static bool note(int fd, double *delays, size_t *count)
{
    char bytes[8192];
    const ssize_t got = recv(fd, bytes, sizeof(bytes) - 1, 0);
    if (got <= 0)
        return false;
    const double now = clock_seconds();
    bytes[got] = '\0';
    for (const char *at = bytes; (at = strstr(at, "data: at ")) != NULL; at += 9)
        if (*count < DELAYS_MAX)
            delays[(*count)++] = now - strtod(at + 9, NULL);
    return true;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int listen_to(int port, int32_t streams)
{
    static double delays[DELAYS_MAX];
    struct epoll_event ready[256];
    size_t count = 0;
    int32_t open = 0;
    const int poll = epoll_create1(0);
    for (; open < streams; open++) {
        const int fd = connect_to(port);
        struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fd};
        if (fd < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, fd, &wanted) != 0) {
            perror("stream");
            return 1;
        }
    }
    while (open > 0) {
        const int some = epoll_wait(poll, ready, 256, 20000);
        if (some <= 0)
            break;
        for (int i = 0; i < some; i++) {
            if (note(ready[i].data.fd, delays, &count))
                continue;
            close(ready[i].data.fd);
            open--;
        }
    }
    if (count == 0) {
        fprintf(stderr, "no event came\n");
        return 1;
    }
    qsort(delays, count, sizeof(delays[0]), by_value);
    printf("events read %zu, delay ms: p50 %.1f, p99 %.1f, max %.1f\n", count,
           1e3 * delays[count / 2], 1e3 * delays[count * 99 / 100], 1e3 * delays[count - 1]);
    return 0;
}

int main(int argc, char **argv)
{
    struct error err;
    int pipe_fds[2], port = 0, status = 1;
    const int32_t streams = argc > 1 ? (int32_t)strtol(argv[1], NULL, 10) : 2000;
    const int32_t seconds = argc > 2 ? (int32_t)strtol(argv[2], NULL, 10) : 10;
    struct rlimit files = {2 * STREAMS_MAX, 2 * STREAMS_MAX};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    if (streams < 1 || streams > STREAMS_MAX || seconds < 1 || pipe(pipe_fds) != 0) {
        fprintf(stderr, "usage: bench_http_streams [STREAMS [SECONDS]]\n");
        return 2;
    }
    const pid_t server = fork();
    if (server == 0) {
        const enum err rc = serve(pipe_fds[1], streams, seconds, &err);
        if (rc != ERR_OK)
            fprintf(stderr, "%s\n", err.message);
        return error_exit_status(rc);
    }
    close(pipe_fds[1]);
    if (server > 0 && read(pipe_fds[0], &port, sizeof(port)) == (ssize_t)sizeof(port))
        status = listen_to(port, streams);
    waitpid(server, NULL, 0);
    return status;
}
