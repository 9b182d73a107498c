#include "http/headers.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static bool is_token_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool header_is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_token_char((unsigned char)text[i]))
            return false;
    return len > 0;
}

const char *headers_get(const struct headers *headers, const char *name)
{
    for (int32_t i = 0; i < headers->count; i++)
        if (strcasecmp(headers->fields[i].name, name) == 0)
            return headers->fields[i].value;
    return NULL;
}

/* A value's bytes: printable, spaces, tabs and obs-text; no control character, a CR above all. */
static bool is_value(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

/* One "name \0 value \0\0" at `*at`; moves it on. False when it is anything else. */
static bool parse_line(const char *block, size_t size, size_t *at, struct arena *arena,
                       struct header *field, bool *ret_no_memory)
{
    const char *name = block + *at;
    const char *name_end = memchr(name, '\0', size - *at);
    if (name_end == NULL || !header_is_token(name, (size_t)(name_end - name)))
        return false;
    const char *value = name_end + 1;
    const char *end = memchr(value, '\0', size - (size_t)(value - block));
    if (end == NULL || (size_t)(end - block) + 1 >= size || end[1] != '\0')
        return false;
    *at = (size_t)(end - block) + 2;
    while (*value == ' ' || *value == '\t')
        value++;
    size_t len = (size_t)(end - value);
    if (!is_value(value, len))
        return false;
    const size_t whole = len;
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    if (len < whole) {
        struct error ignored;
        value = arena_text(arena, value, len, &ignored);
        *ret_no_memory = value == NULL;
    }
    *field = (struct header){name, value};
    return value != NULL;
}

/* Fields of which a second would leave open which one counts. */
static bool may_come_once(const char *name)
{
    static const char *const names[] = {"Host",          "Content-Length", "Transfer-Encoding",
                                        "Content-Type",  "Cookie",         "Authorization",
                                        "Origin",        "Expect",         "Idempotency-Key",
                                        "Range",         "If-Range",       "Content-Encoding",
                                        "Last-Event-ID", "Sec-Fetch-Site", "traceparent"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* host [":" port], of the characters that RFC 3986 allows there. */
static bool is_host(const char *host)
{
    for (const char *c = host; *c != '\0'; c++)
        if (!is_token_char((unsigned char)*c) && strchr(":[]", *c) == NULL)
            return false;
    return *host != '\0';
}

static bool parse_length(const char *text, int64_t *ret_length)
{
    int64_t length = 0;
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        length = 10 * length + (text[i] - '0');
    *ret_length = length;
    return true;
}

/* What the fields mean together. */
static int check_framing(struct headers *headers, const char **ret_why)
{
    const char *host = headers_get(headers, "Host");
    const char *length = headers_get(headers, "Content-Length");
    const char *encoding = headers_get(headers, "Transfer-Encoding");
    const char *expect = headers_get(headers, "Expect");
    headers->content_length = -1;
    *ret_why = "Host is missing or improper";
    if (host == NULL ? !headers->is_version_1_0 : !is_host(host))
        return 400;
    *ret_why = "Content-Length stands beside Transfer-Encoding";
    if (length != NULL && encoding != NULL)
        return 400;
    *ret_why = "Content-Length is not a number";
    if (length != NULL && !parse_length(length, &headers->content_length))
        return 400;
    *ret_why = "HTTP/1.0 knows no Transfer-Encoding";
    if (encoding != NULL && headers->is_version_1_0)
        return 400;
    *ret_why = "this Transfer-Encoding is not known here";
    if (encoding != NULL && strcasecmp(encoding, "chunked") != 0)
        return 501;
    headers->is_chunked = encoding != NULL;
    *ret_why = "this Expect cannot be met";
    return expect != NULL && strcasecmp(expect, "100-continue") != 0 ? 417 : 0;
}

/* Into the arena, as many as there are: a stream may hold them for hours. */
static bool keep_fields(struct headers *headers, struct arena *arena)
{
    struct error ignored;
    const size_t size = (size_t)headers->count * sizeof(struct header);
    struct header *fields = arena_alloc(arena, size, &ignored);
    if (fields == NULL)
        headers->count = 0;
    else if (size > 0)
        memcpy(fields, headers->fields, size);
    headers->fields = fields;
    return fields != NULL;
}

/* Into fields[fields_max]. */
static int parse(struct headers *headers, struct header *fields, int32_t fields_max,
                 struct arena *arena, const struct str *block, const char **ret_why)
{
    static const char version[] = "HTTP/1.1\0";
    size_t at = sizeof(version);
    bool no_memory = false;
    const char *bytes = block->ptr;
    *ret_why = "the head of the request is malformed";
    if (block->len < at + 2 || memcmp(bytes, version, 7) != 0 || bytes[8] != '\0' ||
        bytes[9] != '\0' || (bytes[7] != '1' && bytes[7] != '0'))
        return 400;
    headers->is_version_1_0 = bytes[7] == '0';
    while (at < block->len && bytes[at] != '\0') {
        struct header field;
        if (headers->count == fields_max) {
            *ret_why = "there are too many header fields";
            return 431;
        }
        if (!parse_line(bytes, block->len, &at, arena, &field, &no_memory))
            return no_memory ? 503 : 400;
        if (may_come_once(field.name) && headers_get(headers, field.name) != NULL) {
            *ret_why = "a header field comes twice that may come once";
            return 400;
        }
        fields[headers->count++] = field;
    }
    if (at + 2 != block->len || bytes[at] != '\0' || bytes[at + 1] != '\0')
        return 400;
    return check_framing(headers, ret_why);
}

int headers_parse(struct headers *headers, struct arena *arena, const char *block, size_t size,
                  int32_t fields_max, const char **ret_why)
{
    struct header fields[HEADERS_MAX];
    const struct str all = {block, size};
    *headers = (struct headers){.fields = fields};
    const int status = parse(headers, fields, fields_max < HEADERS_MAX ? fields_max : HEADERS_MAX,
                             arena, &all, ret_why);
    if (!keep_fields(headers, arena) && status == 0) {
        *ret_why = "out of memory";
        return 503;
    }
    return status;
}
