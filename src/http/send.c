#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "http/server_parts.h"

enum { STREAM_BLOCK_BYTES = 512 };

static const char content_security_policy[] =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

static bool add(struct MHD_Response *out, const char *name, const char *value)
{
    return MHD_add_response_header(out, name, value) == MHD_YES;
}

/* What each response carries, whatever it is. */
static bool add_common(struct MHD_Response *out, const struct response *response)
{
    const char *cache = response->cache_control != NULL ? response->cache_control : "no-store";
    /* Referrer-Policy: with no-referrer our own forms would come with "Origin: null" (Fetch,
     * section 3.2), and by plain http, where browsers send no Sec-Fetch-Site, that is all they say.
     */
    return add(out, "Content-Security-Policy", content_security_policy) &&
           add(out, "X-Content-Type-Options", "nosniff") &&
           add(out, "Referrer-Policy", "same-origin") &&
           add(out, "Cross-Origin-Opener-Policy", "same-origin") &&
           add(out, "Cache-Control", cache) && add(out, "X-Request-Id", response->request->id) &&
           (!response->around->is_https ||
            add(out, "Strict-Transport-Security", "max-age=31536000"));
}

static bool add_own(struct MHD_Response *out, const struct response *response)
{
    bool is_well = true;
    for (int32_t i = 0; i < response->header_count && is_well; i++)
        is_well = add(out, response->headers[i].name, response->headers[i].value);
    if (response->etag != NULL)
        is_well = is_well && add(out, "ETag", response->etag);
    if (response->kind != BODY_NONE)
        is_well = is_well && add(out, "Content-Type", response->type);
    if (response->kind == BODY_STREAM) /* nginx would keep events back otherwise */
        is_well = is_well && add(out, "X-Accel-Buffering", "no");
    if (response->must_close)
        is_well = is_well && add(out, "Connection", "close");
    return is_well;
}

/* ---- streams: a connection without news sleeps, and its thread serves others ---- */

static void stream_sleep(void *context)
{
    struct exchange *exchange = context;
    MHD_suspend_connection(exchange->connection);
}

static void stream_wake(void *context)
{
    struct exchange *exchange = context;
    MHD_resume_connection(exchange->connection);
}

static void stream_cut(void *context)
{
    struct exchange *exchange = context;
    link_cut(&exchange->server->links, exchange->link, NULL);
}

static bool stream_is_gone(void *context)
{
    const struct exchange *exchange = context;
    char byte;
    const ssize_t got = recv(exchange->link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static ssize_t stream_read(void *context, uint64_t position, char *bytes, size_t size)
{
    struct exchange *exchange = context;
    (void)position;
    const ssize_t got = hub_read(exchange->response.reader, bytes, size);
    if (got == HUB_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    return got == HUB_CUT ? MHD_CONTENT_READER_END_WITH_ERROR : got;
}

static struct MHD_Response *make_stream(struct exchange *exchange)
{
    const struct hub_waiter waiter = {.sleep = stream_sleep,
                                      .wake = stream_wake,
                                      .cut = stream_cut,
                                      .is_gone = stream_is_gone,
                                      .context = exchange};
    hub_reader_set_waiter(exchange->response.reader, &waiter);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read,
                                             exchange, NULL);
}

/* libmicrohttpd borrows the bytes: the exchange lives until they were sent. */
static struct MHD_Response *make_bytes(const void *bytes, size_t size)
{
    union { /* the interface has no const, though it never writes */
        const void *read_only;
        void *any;
    } body = {.read_only = size > 0 ? bytes : ""};
    return MHD_create_response_from_buffer(size, body.any, MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *make_body(struct exchange *exchange)
{
    struct response *response = &exchange->response;
    struct MHD_Response *out;
    switch (response->kind) {
    case BODY_BYTES:
        return make_bytes(response->bytes.ptr, response->bytes.len);
    case BODY_STATIC:
        return make_bytes(response->static_bytes, response->static_size);
    case BODY_FILE:
        out = MHD_create_response_from_fd_at_offset64((uint64_t)response->file_size, response->fd,
                                                      (uint64_t)response->file_offset);
        if (out != NULL)
            response->fd = -1; /* closed with `out` from now on */
        return out;
    case BODY_STREAM:
        return make_stream(exchange);
    case BODY_NONE:
    default:
        return make_bytes("", 0);
    }
}

enum MHD_Result exchange_send(struct exchange *exchange)
{
    struct response *response = &exchange->response;
    struct MHD_Response *out = make_body(exchange);
    enum MHD_Result result = MHD_NO;
    if (out == NULL)
        return MHD_NO;
    if (add_common(out, response) && add_own(out, response))
        result = MHD_queue_response(exchange->connection, (unsigned)response->status, out);
    MHD_destroy_response(out); /* the queue has its own hold on it */
    exchange->stage = STAGE_SENDING;
    return result;
}
