#include "http/response.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "http/exchange.h"
#include "http/percent.h"

void response_init(struct response *response, struct arena *arena,
                   const struct surroundings *around, const struct request *request)
{
    response->arena = arena;
    response->around = around;
    response->request = request;
    response->fd = -1;
}

void response_drop_body(struct response *response)
{
    strbuf_release(&response->bytes);
    if (response->fd >= 0)
        close(response->fd);
    response->fd = -1;
    hub_reader_free(response->reader);
    response->reader = NULL;
    response->kind = BODY_NONE;
}

void response_release(struct response *response)
{
    response_drop_body(response);
    json_decref(response->problem_value);
    response->problem_value = NULL;
}

void response_status(struct response *response, int status)
{
    response->status = status >= 200 && status <= 599 ? status : 500;
}

int response_get_status(const struct response *response)
{
    return response->status;
}

/* ---- fields ---- */

static bool is_field_value(const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F)
            return false;
    return true;
}

enum err response_header(struct response *response, const char *name, const char *value,
                         struct error *err)
{
    struct header field;
    if (!header_is_token(name, strlen(name)) || !is_field_value(value))
        return FAIL(err, ERR_INVALID, "a response's header field must not hold this");
    if (response->header_count == RESPONSE_HEADERS_MAX)
        return FAIL(err, ERR_INVALID, "a response has at most %d header fields",
                    RESPONSE_HEADERS_MAX);
    field.name = arena_text(response->arena, name, strlen(name), err);
    field.value = arena_text(response->arena, value, strlen(value), err);
    if (field.name == NULL || field.value == NULL)
        return ERR_NOMEM;
    response->headers[response->header_count++] = field;
    return ERR_OK;
}

void response_cache(struct response *response, const char *cache_control)
{
    response->cache_control = cache_control;
}

static bool is_cookie_octets(const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || strchr("\",;\\", *c) != NULL)
            return false;
    return true;
}

enum err response_cookie(struct response *response, const char *name, const char *value,
                         int64_t max_age_seconds, struct error *err)
{
    char age[48] = "";
    const bool is_https = response->around->is_https;
    if (!header_is_token(name, strlen(name)) || !is_cookie_octets(value))
        return FAIL(err, ERR_INVALID, "a cookie must not hold this");
    if (max_age_seconds >= 0)
        snprintf(age, sizeof(age), "; Max-Age=%lld", (long long)max_age_seconds);
    const char *text =
        arena_textf(response->arena, err, "%s%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s",
                    is_https ? "__Host-" : "", name, value, age, is_https ? "; Secure" : "");
    return text != NULL ? response_header(response, "Set-Cookie", text, err) : ERR_NOMEM;
}

enum err response_redirect(struct response *response, int status, const char *location,
                           struct error *err)
{
    enum err rc;
    if (strpbrk(location, " \"<>\\") != NULL)
        return FAIL(err, ERR_INVALID, "a redirect must not lead there");
    TRY(response_header(response, "Location", location, err));
    response_drop_body(response);
    response_status(response, status);
done:
    return rc;
}

/* A 304 to who has it already. RFC 9110, section 13.1.2: for GET and HEAD. */
enum err response_etag(struct response *response, const char *tag, bool *ret_is_fresh,
                       struct error *err)
{
    const enum http_method method = response->request->method;
    if (strpbrk(tag, "\" \\") != NULL || !is_field_value(tag))
        return FAIL(err, ERR_INVALID, "an entity tag must not hold this");
    response->etag = arena_textf(response->arena, err, "\"%s\"", tag);
    if (response->etag == NULL)
        return ERR_NOMEM;
    *ret_is_fresh =
        (method == HTTP_GET || method == HTTP_HEAD) &&
        etag_is_listed(headers_get(&response->request->headers, "If-None-Match"), response->etag);
    if (*ret_is_fresh) {
        response_drop_body(response);
        response->status = 304;
    }
    return ERR_OK;
}

/* ---- bodies ---- */

void response_take(struct response *response, const char *type, struct strbuf *text)
{
    response_drop_body(response);
    response->kind = BODY_BYTES;
    response->type = type;
    response->bytes = *text;
    strbuf_init(text, text->cap);
    if (response->status == 0)
        response->status = 200;
}

enum err response_text(struct response *response, const char *type, const char *text,
                       struct error *err)
{
    enum err rc;
    struct strbuf copy;
    const size_t len = strlen(text);
    strbuf_init(&copy, len + 64);
    TRY(strbuf_add(&copy, text, len, err));
    response_take(response, type, &copy);
done:
    strbuf_release(&copy);
    return rc;
}

void response_static(struct response *response, const char *type, const void *bytes, size_t size)
{
    response_drop_body(response);
    response->kind = BODY_STATIC;
    response->type = type;
    response->static_bytes = bytes;
    response->static_size = size;
    if (response->status == 0)
        response->status = 200;
}

enum err response_json(struct response *response, int status, json_t *value, struct error *err)
{
    enum err rc;
    struct strbuf text;
    strbuf_init(&text, (size_t)1 << 30);
    if (value == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a JSON response");
    TRY(json_write(value, 0, &text, err));
    TRY(strbuf_add(&text, "\n", 1, err));
    response_take(response, "application/json", &text);
    response_status(response, status);
done:
    json_decref(value);
    strbuf_release(&text);
    return rc;
}

enum err response_stream(struct response *response, struct hub *hub,
                         const struct hub_stream *stream, struct error *err)
{
    enum err rc;
    struct hub_reader *reader;
    TRY(hub_open(hub, stream, &reader, err));
    response_drop_body(response);
    response->kind = BODY_STREAM;
    response->type = "text/event-stream";
    response->reader = reader;
    response->status = 200;
done:
    return rc;
}

/* ---- files ---- */

/* RFC 6266: a plain name for all, and the real one in UTF-8. */
static enum err add_disposition(struct response *response, const char *name, struct error *err)
{
    const size_t len = strlen(name);
    char *plain = arena_text(response->arena, name, len, err);
    char *encoded = arena_alloc(response->arena, 3 * len + 1, err);
    if (plain == NULL || encoded == NULL)
        return ERR_NOMEM;
    for (char *c = plain; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7F || strchr("\"\\/%;", *c) != NULL)
            *c = '_';
    percent_encode(name, len, encoded);
    const char *text =
        arena_textf(response->arena, err, "attachment; filename=\"%s\"; filename*=UTF-8''%s", plain,
                    text_is_utf8(name, len) ? encoded : plain);
    return text != NULL ? response_header(response, "Content-Disposition", text, err) : ERR_NOMEM;
}

static bool read_number(const char **at, int64_t *ret_value)
{
    const size_t digits = strspn(*at, "0123456789");
    int64_t value = 0;
    if (digits == 0 || digits > 18)
        return false;
    for (size_t i = 0; i < digits; i++)
        value = 10 * value + (*at)[i] - '0';
    *at += digits;
    *ret_value = value;
    return true;
}

/* One range of bytes (RFC 9110, section 14.1.2). False: not one that we read, so the whole is sent;
 * *ret_first over *ret_last: it cannot be satisfied. */
static bool parse_range(const char *range, int64_t size, int64_t *ret_first, int64_t *ret_last)
{
    int64_t first, last = size - 1;
    if (range == NULL || strncasecmp(range, "bytes=", 6) != 0)
        return false;
    range += 6;
    if (*range == '-') {
        int64_t suffix;
        range++;
        if (!read_number(&range, &suffix) || *range != '\0')
            return false;
        first = suffix == 0 ? size : suffix > size ? 0 : size - suffix;
    } else {
        if (!read_number(&range, &first) || *range++ != '-')
            return false;
        if (*range != '\0' && (!read_number(&range, &last) || *range != '\0' || last < first))
            return false;
        last = last > size - 1 ? size - 1 : last;
    }
    *ret_first = first;
    *ret_last = last;
    return true;
}

/* Honour Range, unless If-Range says that it was meant for another version of the file. */
static enum err apply_range(struct response *response, struct error *err)
{
    const struct headers *headers = &response->request->headers;
    const char *condition = headers_get(headers, "If-Range");
    const int64_t size = response->file_size;
    int64_t first, last;
    if (response->request->method != HTTP_GET ||
        (condition != NULL && (response->etag == NULL || strcmp(condition, response->etag) != 0)) ||
        !parse_range(headers_get(headers, "Range"), size, &first, &last))
        return ERR_OK;
    if (first > last) {
        response_problem(response, 416, "range_unsatisfiable", "the file has %lld bytes",
                         (long long)size);
        const char *text = arena_textf(response->arena, err, "bytes */%lld", (long long)size);
        return text != NULL ? response_header(response, "Content-Range", text, err) : ERR_NOMEM;
    }
    response->status = 206;
    response->file_offset = first;
    response->file_size = last - first + 1;
    const char *text = arena_textf(response->arena, err, "bytes %lld-%lld/%lld", (long long)first,
                                   (long long)last, (long long)size);
    return text != NULL ? response_header(response, "Content-Range", text, err) : ERR_NOMEM;
}

enum err response_file(struct response *response, int fd, const char *type, const char *name,
                       struct error *err)
{
    enum err rc;
    struct stat info;
    response_drop_body(response);
    response->kind = BODY_FILE;
    response->type = type;
    response->fd = fd;
    response->status = 200;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return FAIL(err, ERR_IO, "this is no file that can be sent");
    response->file_offset = 0;
    response->file_size = info.st_size;
    TRY(response_header(response, "Accept-Ranges", "bytes", err));
    if (name != NULL)
        TRY(add_disposition(response, name, err));
    TRY(apply_range(response, err));
done:
    return rc;
}
