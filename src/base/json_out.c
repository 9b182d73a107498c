#include "base/json_out.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"

enum { LEVELS_MAX = 64 };

static void add(struct json_out *out, const char *bytes, size_t len)
{
    if (out->rc == ERR_OK)
        out->rc = strbuf_add(&out->text, bytes, len, out->err);
}

void json_out_init(struct json_out *out, size_t first_bytes, size_t cap_bytes, struct error *err)
{
    *out = (struct json_out){.rc = ERR_OK, .err = err};
    strbuf_init(&out->text, cap_bytes);
    out->rc = strbuf_reserve(&out->text, first_bytes, err);
}

/* A comma, unless the value is the first of its object or array, or belongs to a key. */
static void begin_value(struct json_out *out)
{
    const size_t len = out->text.len;
    const char last = len > 0 ? out->text.ptr[len - 1] : '[';
    if (last != '{' && last != '[' && last != ':')
        add(out, ",", 1);
}

void json_out_open(struct json_out *out, char bracket)
{
    begin_value(out);
    add(out, &bracket, 1);
}

void json_out_close(struct json_out *out, char bracket)
{
    add(out, &bracket, 1);
}

/* Bytes that stand for themselves within quotes. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

static void add_escaped(struct json_out *out, const char *text)
{
    static const char short_names[] = "\b\t\n\f\r\"\\", letters[] = "btnfr\"\\";
    char code[8];
    while (*text != '\0' && out->rc == ERR_OK) {
        size_t len = 0;
        while (is_plain((unsigned char)text[len]))
            len++;
        add(out, text, len);
        text += len;
        const unsigned char c = (unsigned char)*text;
        if (c == '\0')
            break;
        const char *known = strchr(short_names, c);
        const size_t character = text_utf8_length(text);
        if (known != NULL)
            add(out, code,
                (size_t)snprintf(code, sizeof(code), "\\%c", letters[known - short_names]));
        else if (c < 0x20)
            add(out, code, (size_t)snprintf(code, sizeof(code), "\\u%04x", c));
        else if (character == 0)
            add(out, "\xEF\xBF\xBD", 3);
        else
            add(out, text, character);
        text += character > 1 ? character : 1;
    }
}

static void add_quoted(struct json_out *out, const char *text)
{
    add(out, "\"", 1);
    add_escaped(out, text);
    add(out, "\"", 1);
}

void json_out_key(struct json_out *out, const char *key)
{
    begin_value(out);
    add_quoted(out, key);
    add(out, ":", 1);
}

void json_out_text(struct json_out *out, const char *text)
{
    begin_value(out);
    if (text != NULL)
        add_quoted(out, text);
    else
        add(out, "null", 4);
}

void json_out_str(struct json_out *out, const char *text, size_t len)
{
    char few[256], *copy = few;
    if (len >= sizeof(few))
        copy = out->rc == ERR_OK ? mem_plain(len + 1, out->err) : NULL;
    if (copy == NULL) {
        out->rc = out->rc == ERR_OK ? ERR_NOMEM : out->rc;
        return;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    json_out_text(out, copy);
    if (copy != few)
        mem_free(copy);
}

void json_out_int(struct json_out *out, int64_t value)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    begin_value(out);
    add(out, digits + at, sizeof(digits) - at);
}

void json_out_real(struct json_out *out, double value)
{
    char digits[40];
    if (!isfinite(value)) {
        json_out_null(out);
        return;
    }
    int len = 0;
    if (value == 0 || value == 1) { /* what most progress is */
        begin_value(out);
        add(out, value == 0 ? "0.0" : "1.0", 3);
        return;
    }
    for (int precision = value == floor(value) ? 1 : 15; precision <= 17; precision++) {
        len = snprintf(digits, sizeof(digits) - 2, "%.*g", precision, value);
        if (strtod(digits, NULL) == value)
            break;
    }
    if (strpbrk(digits, ".e") == NULL) /* that it reads back as a real, as json_write does it */
        len += snprintf(digits + len, sizeof(digits) - (size_t)len, ".0");
    begin_value(out);
    add(out, digits, (size_t)len);
}

void json_out_float(struct json_out *out, float value)
{
    char digits[40];
    int len = 0;
    if (!isfinite(value)) {
        json_out_null(out);
        return;
    }
    /* Whole numbers, as counts are, in full; else the fewest digits that tell it from its
     * neighbours: most need 8 or 9. */
    const bool is_whole = value == floorf(value) && fabsf(value) < 1e9F;
    for (int precision = is_whole ? 9 : 7; precision <= 9; precision++) {
        len = snprintf(digits, sizeof(digits) - 2, "%.*g", precision, (double)value);
        if (strtof(digits, NULL) == value)
            break;
    }
    if (strpbrk(digits, ".e") == NULL)
        len += snprintf(digits + len, sizeof(digits) - (size_t)len, ".0");
    begin_value(out);
    add(out, digits, (size_t)len);
}

void json_out_bool(struct json_out *out, bool value)
{
    begin_value(out);
    if (value)
        add(out, "true", 4);
    else
        add(out, "false", 5);
}

void json_out_null(struct json_out *out)
{
    begin_value(out);
    add(out, "null", 4);
}

void json_out_raw(struct json_out *out, const char *what, const char *text)
{
    if (text == NULL) {
        json_out_null(out);
        return;
    }
    if (out->rc == ERR_OK && !json_text_is_valid(text))
        out->rc = FAIL(out->err, ERR_CORRUPT, "the stored %s is no JSON", what);
    begin_value(out);
    add(out, text, strlen(text));
}

void json_member_open(struct json_out *out, const char *key, char bracket)
{
    json_out_key(out, key);
    json_out_open(out, bracket);
}

void json_member_text(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_text(out, text);
}

void json_member_int(struct json_out *out, const char *key, int64_t value)
{
    json_out_key(out, key);
    json_out_int(out, value);
}

void json_member_nonzero(struct json_out *out, const char *key, int64_t value)
{
    if (value != 0)
        json_member_int(out, key, value);
    else
        json_member_null(out, key);
}

void json_member_real(struct json_out *out, const char *key, double value)
{
    json_out_key(out, key);
    json_out_real(out, value);
}

void json_member_float(struct json_out *out, const char *key, float value)
{
    json_out_key(out, key);
    json_out_float(out, value);
}

void json_member_bool(struct json_out *out, const char *key, bool value)
{
    json_out_key(out, key);
    json_out_bool(out, value);
}

void json_member_null(struct json_out *out, const char *key)
{
    json_out_key(out, key);
    json_out_null(out);
}

void json_member_raw(struct json_out *out, const char *key, const char *text)
{
    json_out_key(out, key);
    json_out_raw(out, key, text);
}

enum err json_out_finish(struct json_out *out, struct strbuf *ret_text)
{
    if (out->rc == ERR_OK)
        *ret_text = out->text;
    else
        strbuf_release(&out->text);
    out->text = (struct strbuf){.cap = out->text.cap};
    return out->rc;
}

/* ---- is it JSON? Each function returns where its part ends, NULL where there is none. ---- */

static const char *skip_space(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

static const char *skip_string(const char *at)
{
    if (*at++ != '"')
        return NULL;
    while (*at != '"') {
        const size_t character = text_utf8_length(at);
        if ((unsigned char)*at < 0x20 || character == 0)
            return NULL;
        if (*at != '\\') {
            at += character;
            continue;
        }
        at++;
        if (*at == 'u' ? strspn(at + 1, "0123456789abcdefABCDEF") < 4
                       : *at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)
            return NULL;
        at += *at == 'u' ? 5 : 1;
    }
    return at + 1;
}

static const char *skip_digits(const char *at)
{
    const size_t len = strspn(at, "0123456789");
    return len > 0 ? at + len : NULL;
}

static const char *skip_number(const char *at)
{
    at += *at == '-';
    const bool starts_with_zero = *at == '0';
    const char *whole = skip_digits(at);
    if (whole == NULL || (starts_with_zero && whole != at + 1))
        return NULL;
    at = whole;
    if (*at == '.' && (at = skip_digits(at + 1)) == NULL)
        return NULL;
    if (*at == 'e' || *at == 'E') {
        at++;
        at = skip_digits(at + (*at == '+' || *at == '-'));
    }
    return at;
}

static const char *skip_value(const char *at, int level);

/* The members of an object, or the elements of an array, up to its end. */
static const char *skip_members(const char *at, char end, int level)
{
    at = skip_space(at + 1);
    if (*at == end)
        return at + 1;
    for (;;) {
        if (end == '}') {
            at = skip_string(at);
            at = at != NULL ? skip_space(at) : "";
            if (*at++ != ':')
                return NULL;
        }
        at = skip_value(skip_space(at), level + 1);
        if (at == NULL)
            return NULL;
        at = skip_space(at);
        if (*at == end)
            return at + 1;
        if (*at != ',')
            return NULL;
        at = skip_space(at + 1);
    }
}

static const char *skip_value(const char *at, int level)
{
    static const char *const words[] = {"true", "false", "null"};
    if (level > LEVELS_MAX)
        return NULL;
    if (*at == '{')
        return skip_members(at, '}', level);
    if (*at == '[')
        return skip_members(at, ']', level);
    if (*at == '"')
        return skip_string(at);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strncmp(at, words[i], strlen(words[i])) == 0)
            return at + strlen(words[i]);
    return skip_number(at);
}

bool json_text_is_valid(const char *text)
{
    const char *end = skip_value(skip_space(text), 1);
    return end != NULL && *skip_space(end) == '\0';
}
