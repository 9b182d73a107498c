/* Bodies as they come: into memory, or into the file that a route opens for them. */
#include <errno.h>
#include <unistd.h>

#include "http/server_parts.h"

void upload_admit(struct exchange *exchange)
{
    struct error err;
    enum err rc = ERR_OK;
    int64_t most = 0;
    const struct http_config *config = &exchange->server->config;
    struct request *request = &exchange->request;
    struct response *response = &exchange->response;
    if (atomic_load(&exchange->server->around.is_draining))
        response_problem(response, 503, "stopping", "the server is stopping");
    else if (config->before != NULL)
        rc = config->before(config->app, request, response, &err);
    if (rc == ERR_OK && response->status == 0)
        rc = request->match.route->open_body(config->app, request, &request->body_fd, &most, &err);
    if (rc != ERR_OK)
        response_error(response, &err);
    else if (response->status == 0 && request->headers.content_length > most)
        response_problem(response, 413, "body_too_large",
                         "the body has more than the %lld bytes that are allowed", (long long)most);
    exchange->body_max = most;
    exchange->is_admitted = true;
}

/* Into the file, for as long as that takes it; false: there is too much. */
static bool write_body(struct exchange *exchange, const char *bytes, size_t size)
{
    struct request *request = &exchange->request;
    request->body_size += (int64_t)size;
    if (request->body_size > exchange->body_max)
        return false;
    while (size > 0 && exchange->body_errno == 0) {
        const ssize_t got = write(request->body_fd, bytes, size);
        if (got > 0) {
            bytes += got;
            size -= (size_t)got;
        } else if (got < 0 && errno != EINTR) {
            exchange->body_errno = errno;
        }
    }
    return true;
}

bool upload_keep(struct exchange *exchange, const char *bytes, size_t size)
{
    struct error ignored;
    struct request *request = &exchange->request;
    if (request->body_fd >= 0)
        return write_body(exchange, bytes, size);
    request->body_size += (int64_t)size;
    return strbuf_add(&request->body, bytes, size, &ignored) == ERR_OK;
}
