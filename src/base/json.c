#include "base/json.h"

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"

/*
 * jansson's parser ends the process where memory is out in the middle of a word (an assertion of
 * its lexer). So while it reads it never hears of that: what memory does not give comes from a
 * reserve, which one thread at a time has; the text ends at the next piece, and what was read is
 * thrown away.
 */
enum { RESERVE_BYTES = 128 * 1024, RESERVE_ALIGN = 16, PIECE_BYTES = 1024 };

static _Alignas(RESERVE_ALIGN) char reserve[RESERVE_BYTES];
static size_t reserve_used;
static pthread_mutex_t reserve_lock = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local struct {
    bool is_on, was_starved, has_reserve;
} reading;

static void *from_reserve(size_t size)
{
    const size_t step = (size + RESERVE_ALIGN - 1) / RESERVE_ALIGN * RESERVE_ALIGN;
    if (!reading.has_reserve) {
        pthread_mutex_lock(&reserve_lock);
        reading.has_reserve = true;
        reserve_used = 0;
    }
    if (step < size || step > RESERVE_BYTES - reserve_used)
        return NULL;
    reserve_used += step;
    return reserve + reserve_used - step;
}

static void *json_alloc(size_t size)
{
    struct error ignored;
    void *made = mem_plain(size, &ignored);
    reading.was_starved |= made == NULL;
    return made == NULL && reading.is_on ? from_reserve(size) : made;
}

static void json_release(void *made)
{
    const char *at = made;
    if (at < reserve || at >= reserve + RESERVE_BYTES)
        mem_free(made);
}

void json_init(void)
{
    json_set_alloc_funcs(json_alloc, json_release);
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

struct source {
    const char *at;
    size_t left;
};

static size_t next_piece(void *into, size_t size, void *context)
{
    struct source *source = context;
    size_t piece = source->left < size ? source->left : size;
    if (reading.was_starved)
        return 0;
    if (piece > PIECE_BYTES)
        piece = PIECE_BYTES;
    memcpy(into, source->at, piece);
    source->at += piece;
    source->left -= piece;
    return piece;
}

enum err json_read(const char *text, size_t size, size_t flags, json_t **ret_value,
                   struct error *err)
{
    json_error_t where;
    struct source source = {text, size};
    reading.is_on = true;
    reading.was_starved = false;
    json_t *value = json_load_callback(next_piece, &source, flags, &where);
    if (reading.was_starved)
        json_decref(value);
    reading.is_on = false;
    if (reading.has_reserve)
        pthread_mutex_unlock(&reserve_lock);
    reading.has_reserve = false;
    if (reading.was_starved)
        return FAIL(err, ERR_NOMEM, "out of memory for a JSON text");
    if (value == NULL)
        return FAIL_REASON(err, ERR_INVALID, "json_malformed", "line %d, column %d of the JSON: %s",
                           where.line, where.column, where.text);
    *ret_value = value;
    return ERR_OK;
}

enum err json_read_stored(const char *what, const char *text, json_t **ret_value, struct error *err)
{
    struct error about;
    if (text == NULL) {
        *ret_value = NULL;
        return ERR_OK;
    }
    const enum err rc = json_read(text, strlen(text), JSON_DECODE_ANY, ret_value, &about);
    if (rc == ERR_NOMEM)
        return FAIL(err, rc, "out of memory for the stored %s", what);
    return rc == ERR_OK
               ? rc
               : FAIL(err, ERR_CORRUPT, "the stored %s is no JSON: %.200s", what, about.message);
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
        const size_t length = text_utf8_length(text);
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

enum err json_write_text(const json_t *value, size_t cap_bytes, char **ret_text, struct error *err)
{
    enum err rc;
    struct strbuf out;
    strbuf_init(&out, cap_bytes);
    TRY(json_write(value, 0, &out, err));
    TRY_PTR(*ret_text = mem_dup_string(out.ptr, err));
done:
    strbuf_release(&out);
    return rc;
}
