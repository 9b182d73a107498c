#include "base/json.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

static _Thread_local bool was_starved; /* since json_read began */

static void *json_alloc(size_t size)
{
    struct error ignored;
    void *made = mem_plain(size, &ignored);
    was_starved |= made == NULL;
    return made;
}

void json_init(void)
{
    json_set_alloc_funcs(json_alloc, mem_free);
}

enum err json_set(json_t *object, const char *key, json_t *value, struct error *err)
{
    if (value == NULL || json_object_set_new(object, key, value) != 0)
        return FAIL(err, ERR_NOMEM, "out of memory for the JSON field %s", key);
    return ERR_OK;
}

enum err json_append(json_t *array, json_t *value, struct error *err)
{
    if (value == NULL || json_array_append_new(array, value) != 0)
        return FAIL(err, ERR_NOMEM, "out of memory for a JSON array");
    return ERR_OK;
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

enum err json_read(const char *text, size_t size, size_t flags, json_t **ret_value,
                   struct error *err)
{
    json_error_t where;
    was_starved = false;
    json_t *value = json_loadb(text, size, flags, &where);
    if (value == NULL && was_starved)
        return FAIL(err, ERR_NOMEM, "out of memory for a JSON text");
    if (value == NULL)
        return FAIL_REASON(err, ERR_INVALID, "json_malformed", "line %d, column %d of the JSON: %s",
                           where.line, where.column, where.text);
    *ret_value = value;
    return ERR_OK;
}

size_t json_utf8_length(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    if (at[0] < 0x80)
        return 1;
    const size_t length = at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (length == 0 || at[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    const bool overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    const bool surrogate = at[0] == 0xED && at[1] > 0x9F;
    const bool too_large = at[0] == 0xF4 && at[1] > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

json_t *json_text(const char *text)
{
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    /* Not UTF-8 (or no memory, and then the next call fails too). */
    struct error ignored;
    struct strbuf buf;
    strbuf_init(&buf, 4 * strlen(text) + 64);
    enum err rc = strbuf_add(&buf, "", 0, &ignored);
    while (rc == ERR_OK && *text != '\0') {
        const size_t length = json_utf8_length(text);
        rc = length > 0 ? strbuf_add(&buf, text, length, &ignored)
                        : strbuf_add(&buf, "\xEF\xBF\xBD", 3, &ignored);
        text += length > 0 ? length : 1;
    }
    value = rc == ERR_OK ? json_string(buf.ptr) : NULL;
    strbuf_release(&buf);
    return value;
}

struct sink {
    struct strbuf *out;
    struct error *err;
};

static int to_strbuf(const char *bytes, size_t size, void *data)
{
    struct sink *sink = data;
    return strbuf_add(sink->out, bytes, size, sink->err) == ERR_OK ? 0 : -1;
}

enum err json_write(const json_t *value, int indent, struct strbuf *out, struct error *err)
{
    struct sink sink = {out, err};
    const size_t flags =
        JSON_ENCODE_ANY | JSON_REAL_PRECISION(17) |
        (indent > 0 ? (size_t)JSON_INDENT((unsigned)indent) : (size_t)JSON_COMPACT);
    *err = (struct error){.code = ERR_OK};
    if (json_dump_callback(value, to_strbuf, &sink, flags) == 0)
        return ERR_OK;
    return err->code != ERR_OK ? err->code : FAIL(err, ERR_NOMEM, "out of memory writing JSON");
}
