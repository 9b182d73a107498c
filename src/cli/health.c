/* rectrain health: for the health checks of containers, which have no other client at hand. */
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/settings.h"
#include "store/work.h"

enum { ANSWER_SECONDS_MAX = 5, WORKER_SEEN_MS_MAX = 30000 };

static const struct option_info options[] = {
    {"worker", NULL, "of the workers of this host, rather than of the server"},
    {"listen", "ADDRESS", "where the server listens, instead of LISTEN"},
    SETTINGS_STORE_OPTION,
};
static const struct command_help help = {
    .usage = "rectrain health [--worker]",
    .summary = "Is the server of this machine ready, or does a worker of it tell the store that it "
               "is there?\nExit status 1 when not. Made for health checks; people want rectrain "
               "doctor.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

/* ---- the server ---- */

/* "0.0.0.0" listens everywhere, but is nowhere to go to. */
static const char *reachable(const char *host)
{
    if (strcmp(host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(host, "::") == 0 ? "::1" : host;
}

static enum err connect_to(const struct config *config, int *ret_fd, struct error *err)
{
    char port[16];
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS_MAX};
    const char *host = reachable(config_host(config, "LISTEN"));
    snprintf(port, sizeof(port), "%d", config_port(config, "LISTEN"));
    const int failed = getaddrinfo(host, port, &wanted, &found);
    if (failed != 0)
        return FAIL(err, ERR_IO, "%s: %s", host, gai_strerror(failed));
    int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    }
    const bool connected = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (connected) {
        *ret_fd = fd;
        return ERR_OK;
    }
    const enum err rc = FAIL(err, ERR_IO, "no server answers at %s:%s: %m", host, port);
    if (fd >= 0)
        close(fd);
    return rc;
}

static enum err check_server(const struct config *config, struct error *err)
{
    enum err rc;
    static const char request[] =
        "GET /health/ready HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char head[128] = "";
    size_t got = 0;
    int fd = -1;
    TRY(connect_to(config, &fd, err));
    ssize_t count = write(fd, request, sizeof(request) - 1);
    while (count > 0 && got < sizeof(head) - 1) {
        count = read(fd, head + got, sizeof(head) - 1 - got);
        got += count > 0 ? (size_t)count : 0;
    }
    head[strcspn(head, "\r\n")] = '\0';
    if (strncmp(head, "HTTP/1.", 7) != 0 || strncmp(head + 8, " 200", 4) != 0)
        rc = FAIL(err, ERR_IO, "the server is not ready: %s",
                  head[0] != '\0' ? head : "it does not answer");
done:
    if (fd >= 0)
        close(fd);
    return rc;
}

/* ---- a worker ---- */

static enum err check_worker(const struct config *config, struct error *err)
{
    enum err rc;
    char host[256] = "";
    int64_t seen_ms = 0;
    struct store *store = NULL;
    struct worker_list list = {0};
    TRY(settings_open_store(config, OPEN_EXISTING, &store, err));
    TRY(worker_list(store, &list, err));
    gethostname(host, sizeof(host) - 1);
    for (int32_t i = 0; i < list.count; i++)
        if (strcmp(list.workers[i]->host, host) == 0 && list.workers[i]->seen_ms > seen_ms)
            seen_ms = list.workers[i]->seen_ms;
    if (list.now_ms - seen_ms > WORKER_SEEN_MS_MAX)
        rc = FAIL(err, ERR_NOT_FOUND, "no worker of %s was seen within the last %d s", host,
                  WORKER_SEEN_MS_MAX / 1000);
done:
    worker_list_release(&list);
    store_close(store);
    return rc;
}

enum err command_health(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct config *config = NULL;
    TRY(settings_begin(&help, argc, argv, &parsed, &config, err));
    if (config == NULL)
        return ERR_OK;
    if (options_value(&parsed, "worker") != NULL)
        rc = check_worker(config, err);
    else
        rc = check_server(config, err);
    if (rc == ERR_OK)
        puts("ok");
    else if (rc != ERR_INVALID)
        err->code = rc = ERR_CONFLICT; /* one exit status for "not healthy" */
done:
    config_free(config);
    return rc;
}
