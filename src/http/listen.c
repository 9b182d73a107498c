#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool parse_address(const char *text, union address *ret_address)
{
    char host[LISTEN_ADDRESS_SIZE];
    int64_t port;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !text_int(colon + 1, &port) || port < 0 || port > 65535)
        return false;
    const bool is_v6 = text[0] == '[' && colon[-1] == ']';
    const size_t len = (size_t)(colon - text) - (is_v6 ? 2 : 0);
    if (len == 0 || len >= sizeof(host))
        return false;
    memcpy(host, text + is_v6, len);
    host[len] = '\0';
    memset(ret_address, 0, sizeof(*ret_address));
    if (is_v6) {
        ret_address->v6.sin6_family = AF_INET6;
        ret_address->v6.sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host, &ret_address->v6.sin6_addr) == 1;
    }
    ret_address->v4.sin_family = AF_INET;
    ret_address->v4.sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &ret_address->v4.sin_addr) == 1;
}

static int real_port(int fd, const union address *asked)
{
    union address real = *asked;
    socklen_t size = sizeof(real);
    if (getsockname(fd, &real.any, &size) != 0)
        real = *asked;
    return ntohs(real.any.sa_family == AF_INET6 ? real.v6.sin6_port : real.v4.sin_port);
}

static enum err fail(const char *address, struct error *err)
{
    const int cause = errno;
    return error_set(err, cause == EACCES ? ERR_DENIED : ERR_IO,
                     cause == EADDRINUSE ? "address_in_use" : "", __FILE__, __LINE__,
                     "cannot listen on %s: %s", address, strerrordesc_np(cause));
}

enum err listen_open(const char *address, int *ret_fd, int *ret_port, char *ret_address,
                     struct error *err)
{
    union address parsed;
    const int on = 1;
    if (!parse_address(address, &parsed))
        return FAIL(err, ERR_INVALID,
                    "\"%s\" is no address to listen on; write it as 127.0.0.1:8080 or [::1]:8080",
                    address);
    const socklen_t size = parsed.any.sa_family == AF_INET6 ? sizeof(parsed.v6) : sizeof(parsed.v4);
    const int fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return fail(address, err);
    (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &parsed.any, size) != 0 || listen(fd, 1024) != 0) {
        const enum err rc = fail(address, err);
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    *ret_port = real_port(fd, &parsed);
    snprintf(ret_address, LISTEN_ADDRESS_SIZE, "%.*s:%d", (int)(strrchr(address, ':') - address),
             address, *ret_port);
    return ERR_OK;
}
