#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void strbuf_init(struct strbuf *buf, size_t cap_bytes)
{
    *buf = (struct strbuf){.cap = cap_bytes};
}

void strbuf_release(struct strbuf *buf)
{
    mem_free(buf->ptr);
    *buf = (struct strbuf){.cap = buf->cap};
}

enum err strbuf_reserve(struct strbuf *buf, size_t more, struct error *err)
{
    size_t need = buf->len + more + 1;
    if (need > buf->cap)
        return FAIL(err, ERR_INVALID, "text of %zu bytes is over its limit of %zu", need, buf->cap);
    if (need <= buf->capacity)
        return ERR_OK;
    size_t capacity = buf->capacity < 64 ? 64 : 2 * buf->capacity;
    while (capacity < need)
        capacity *= 2;
    char *grown = mem_plain(capacity, err);
    if (grown == NULL)
        return ERR_NOMEM;
    if (buf->len > 0)
        memcpy(grown, buf->ptr, buf->len);
    grown[buf->len] = '\0';
    mem_free(buf->ptr);
    buf->ptr = grown;
    buf->capacity = capacity;
    return ERR_OK;
}

enum err strbuf_add(struct strbuf *buf, const void *bytes, size_t len, struct error *err)
{
    enum err rc;
    TRY(strbuf_reserve(buf, len, err));
    if (len > 0)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
done:
    return rc;
}

enum err strbuf_addf(struct strbuf *buf, struct error *err, const char *format, ...)
{
    enum err rc;
    va_list args;
    va_start(args, format);
    int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (need < 0)
        return FAIL(err, ERR_INTERNAL, "cannot format text");
    TRY(strbuf_reserve(buf, (size_t)need, err));
    va_start(args, format);
    vsnprintf(buf->ptr + buf->len, (size_t)need + 1, format, args);
    va_end(args);
    buf->len += (size_t)need;
done:
    return rc;
}

bool text_int(const char *text, int64_t *ret_value)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || isspace((unsigned char)text[0]))
        return false;
    *ret_value = value;
    return true;
}

bool text_real(const char *text, double *ret_value)
{
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || isspace((unsigned char)text[0]))
        return false;
    *ret_value = value;
    return true;
}

bool text_parse_bytes(const char *text, int64_t *ret_bytes)
{
    static const struct {
        const char *name;
        double bytes;
    } units[] = {{"", 1},     {"B", 1},     {"kB", 1e3},      {"KB", 1e3},      {"MB", 1e6},
                 {"GB", 1e9}, {"TB", 1e12}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
                 {"k", 1e3},  {"M", 1e6},   {"G", 1e9},       {"T", 1e12}};
    char *end;
    const double value = strtod(text, &end);
    if (end == text || !isfinite(value) || value <= 0)
        return false;
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        const double bytes = value * units[i].bytes;
        if (bytes < 1 || bytes > 9e18)
            return false;
        *ret_bytes = (int64_t)bytes;
        return true;
    }
    return false;
}

const char *text_bytes(int64_t bytes, char *out, size_t out_size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit < 5) {
        value /= 1000;
        unit++;
    }
    snprintf(out, out_size, value < 9.95 && unit > 0 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out;
}

uint64_t text_hash(struct str text)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001B3u;
    return hash;
}

uint64_t text_hash_string(const char *text)
{
    return text_hash((struct str){text, strlen(text)});
}

const char *text_grouped(int64_t value, char *out, size_t out_size)
{
    char digits[24];
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, magnitude);
    size_t used = 0;
    if (value < 0 && used + 1 < out_size)
        out[used++] = '-';
    for (size_t i = 0; i < len && used + 2 < out_size; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = '\0';
    return out;
}

const char *text_seconds(double seconds, char *out, size_t out_size)
{
    const long long whole = seconds >= 0 && seconds < 1e12 ? (long long)(seconds + 0.5) : 0;
    if (!(seconds >= 0 && seconds < 1e12))
        snprintf(out, out_size, "?");
    else if (seconds < 0.0995)
        snprintf(out, out_size, "%.0f ms", seconds * 1000);
    else if (seconds < 9.95)
        snprintf(out, out_size, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(out, out_size, "%lld:%02lld", whole / 60, whole % 60);
    else
        snprintf(out, out_size, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
    return out;
}

/* Bytes of the character at `at`, of which `left` may be read; 0: there is none. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return 1;
    const size_t length = at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (length == 0 || at[0] > 0xF4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    const bool overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    const bool surrogate = at[0] == 0xED && at[1] > 0x9F;
    const bool too_large = at[0] == 0xF4 && at[1] > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

size_t text_utf8_length(const char *text)
{
    return utf8_length((const unsigned char *)text, 4); /* it looks no further than the end */
}

bool text_is_utf8(const char *bytes, size_t len)
{
    for (size_t at = 0, length; at < len; at += length) {
        length = utf8_length((const unsigned char *)bytes + at, len - at);
        if (length == 0 || bytes[at] == '\0')
            return false;
    }
    return true;
}

/* Bytes of the control character that `text` begins with; 0: another. */
static size_t control_length(const unsigned char *text)
{
    if (text[0] < ' ' || text[0] == 0x7F)
        return 1;
    if (text[0] == 0xC2 && text[1] >= 0x80 && text[1] <= 0x9F)
        return 2;
    const bool turns =
        text[0] == 0xE2 && ((text[1] == 0x80 && text[2] >= 0xAA && text[2] <= 0xAE) ||
                            (text[1] == 0x81 && text[2] >= 0xA6 && text[2] <= 0xA9));
    return turns ? 3 : 0;
}

void text_make_printable(char *text)
{
    for (size_t length; *text != '\0'; text += length > 0 ? length : 1) {
        length = control_length((const unsigned char *)text);
        memset(text, '?', length);
    }
}
