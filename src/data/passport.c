#include "data/passport.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "data/source.h"

static const int64_t WHOLE_BYTES_MAX = INT64_C(64) << 20, END_BYTES = INT64_C(1) << 20;
enum { PIECE_BYTES = 1 << 20 };

/* Add bytes [begin, end) of the file to the sum. */
static enum err add_bytes(struct hash *hash, const struct data_file *file, int64_t begin,
                          int64_t end, char *buffer, struct error *err)
{
    enum err rc = ERR_OK;
    for (int64_t at = begin; at < end;) {
        const int64_t size = end - at < PIECE_BYTES ? end - at : PIECE_BYTES;
        TRY(file_read(file, at, buffer, size, err));
        hash_add(hash, buffer, (size_t)size);
        at += size;
    }
done:
    return rc;
}

/* Where a Parquet file's footer begins; the whole file's last END_BYTES for any other. */
static enum err tail_begin(const struct data_file *file, int64_t *ret_begin, bool *ret_footer,
                           struct error *err)
{
    enum err rc;
    char tail[8];
    uint32_t length;
    TRY(file_read(file, file->bytes - 8, tail, 8, err));
    memcpy(&length, tail, 4);
    *ret_footer = memcmp(tail + 4, "PAR1", 4) == 0 && length <= file->bytes - 12;
    *ret_begin = *ret_footer ? file->bytes - 8 - length : file->bytes - END_BYTES;
done:
    return rc;
}

enum err file_fingerprint(const struct data_file *file, const struct progress *progress, char *out,
                          struct error *err)
{
    enum err rc;
    struct hash *hash = NULL;
    char *buffer = NULL, hex[HASH_HEX_SIZE];
    unsigned char sum[HASH_BYTES];
    bool footer = false;

    if (progress_cancelled(progress))
        return FAIL(err, ERR_CANCELLED, "cancelled while reading %s", file->name);
    TRY_PTR(buffer = mem_array(PIECE_BYTES, 1, err));
    TRY(hash_create(&hash, err));
    if (file->bytes <= WHOLE_BYTES_MAX) {
        TRY(add_bytes(hash, file, 0, file->bytes, buffer, err));
    } else {
        unsigned char size[8];
        int64_t begin;
        for (int i = 0; i < 8; i++)
            size[i] = (unsigned char)((uint64_t)file->bytes >> (8 * i));
        hash_add(hash, size, sizeof(size));
        TRY(tail_begin(file, &begin, &footer, err));
        if (!footer)
            TRY(add_bytes(hash, file, 0, END_BYTES, buffer, err));
        TRY(add_bytes(hash, file, begin, file->bytes, buffer, err));
    }
    hash_finish(hash, sum);
    hash_hex(sum, hex);
    snprintf(out, PASSPORT_SUM_SIZE, "sha256%s:%s",
             file->bytes <= WHOLE_BYTES_MAX ? ""
             : footer                       ? "-footer"
                                            : "-ends",
             hex);
done:
    hash_free(hash);
    mem_free(buffer);
    return rc;
}

static enum err make(json_t *(*create)(void), json_t **ret_value, struct error *err)
{
    json_t *value = create();
    if (value == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for the passport of the data");
    *ret_value = value;
    return ERR_OK;
}

static enum err add_files(json_t *array, const struct file_set *set,
                          const struct progress *progress, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *entry = NULL;
    for (int32_t i = 0; i < set->count; i++) {
        const struct data_file *file = &set->files[i];
        char sum[PASSPORT_SUM_SIZE];
        TRY(file_fingerprint(file, progress, sum, err));
        TRY(make(json_object, &entry, err));
        TRY(json_set(entry, "name", json_text(file->name), err));
        TRY(json_set(entry, "bytes", json_integer(file->bytes), err));
        TRY(json_set(entry, "rows", file->rows < 0 ? json_null() : json_integer(file->rows), err));
        TRY(json_set(entry, "fingerprint", json_text(sum), err));
        json_t *done_entry = entry;
        entry = NULL;
        TRY(json_append(array, done_entry, err));
    }
done:
    json_decref(entry);
    return rc;
}

static enum err add_schema(json_t *array, const struct scan *scan, struct error *err)
{
    static const char *const roles[] = {
        [COLUMN_USER] = "user",
        [COLUMN_ITEM] = "item",
        [COLUMN_EVENT] = "event",
        [COLUMN_TIME] = "time",
    };
    enum err rc = ERR_OK;
    json_t *entry = NULL;
    for (int i = 0; i < COLUMNS; i++) {
        TRY(make(json_object, &entry, err));
        TRY(json_set(entry, "role", json_string(roles[i]), err));
        TRY(json_set(entry, "column", json_text(scan->columns[i].name), err));
        TRY(json_set(entry, "type", json_string(scan->columns[i].type_name), err));
        json_t *done_entry = entry;
        entry = NULL;
        TRY(json_append(array, done_entry, err));
    }
done:
    json_decref(entry);
    return rc;
}

static enum err add_times(json_t *object, const struct scan *scan, const struct bounds *bounds,
                          struct error *err)
{
    static const char *const units[] = {"days", "seconds", "milliseconds", "microseconds",
                                        "nanoseconds"};
    enum err rc;
    char text[MOMENT_TEXT_SIZE];
    const enum time_unit unit = column_unit(&scan->columns[COLUMN_TIME]);
    const struct range *range = &bounds->ranges[COLUMN_TIME];
    moment_text(range->min, unit, text, sizeof(text));
    TRY(json_set(object, "min", json_string(text), err));
    moment_text(range->max, unit, text, sizeof(text));
    TRY(json_set(object, "max", json_string(text), err));
    moment_text(scan->threshold, unit, text, sizeof(text));
    TRY(json_set(object, "threshold", json_string(text), err));
    TRY(json_set(object, "unit", json_string(units[unit]), err));
done:
    return rc;
}

enum err passport_make(const struct scan *scan, const struct file_set *events,
                       const struct bounds *bounds, json_t **ret_passport, struct error *err)
{
    enum err rc;
    json_t *passport = NULL, *files = NULL, *schema = NULL, *time = NULL;

    TRY(make(json_object, &passport, err));
    TRY(make(json_array, &files, err));
    TRY(make(json_array, &schema, err));
    TRY(make(json_object, &time, err));
    TRY(add_files(files, scan->files, scan->progress, err));
    TRY(add_files(files, events, scan->progress, err));
    TRY(add_schema(schema, scan, err));
    TRY(add_times(time, scan, bounds, err));
    TRY(json_set(passport, "source", json_string(scan->files->source->name), err));
    TRY(json_set(passport, "files", json_incref(files), err));
    TRY(json_set(passport, "schema", json_incref(schema), err));
    TRY(json_set(passport, "time", json_incref(time), err));
    TRY(json_set(passport, "eval_days", json_number(scan->spec->eval_days), err));
    *ret_passport = passport;
    passport = NULL;
done:
    json_decref(passport);
    json_decref(files);
    json_decref(schema);
    json_decref(time);
    return rc;
}
