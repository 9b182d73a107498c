/* One line of the log for each request. */
#include "http/server_parts.h"

static int64_t announced_bytes(const struct response *response)
{
    switch (response->kind) {
    case BODY_BYTES:
        return (int64_t)response->bytes.len;
    case BODY_STATIC:
        return (int64_t)response->static_size;
    case BODY_FILE:
        return response->file_size;
    case BODY_STREAM:
        return -1;
    case BODY_NONE:
    default:
        return 0;
    }
}

void exchange_tell(const struct exchange *exchange, double seconds)
{
    const struct http_config *config = &exchange->server->config;
    const struct request *request = &exchange->request;
    const struct response *response = &exchange->response;
    const struct http_access access = {
        .method = request->method_text,
        .target = request->target_text,
        .route = request->match.route != NULL ? request->match.route->pattern : "",
        .status = response->status,
        .body_bytes = announced_bytes(response),
        .seconds = seconds,
        .client = request->client,
        .request_id = request->id,
        .error = response->log_error != NULL        ? response->log_error
                 : response->problem_detail != NULL ? response->problem_detail
                                                    : "",
        .user = request->user,
    };
    if (config->log != NULL)
        config->log(config->app, &access);
}
