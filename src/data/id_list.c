#include "data/id_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/schema.h"
#include "data/source.h"

enum { READ_BYTES = 1 << 20, NUMBER_SIZE = 24 };

/* ---- CSV ---- */

static enum err read_csv(const struct id_list_spec *spec, struct error *err)
{
    enum err rc = ERR_OK;
    struct csv_ids *csv = NULL;
    char *bytes = NULL;
    off_t offset = 0;
    TRY_PTR(csv = mem_array(1, sizeof(*csv), err));
    TRY_PTR(bytes = mem_array(READ_BYTES, 1, err));
    csv_ids_init(csv, spec->name, spec->column, spec->take, spec->context);
    for (;;) {
        const ssize_t got = pread(spec->fd, bytes, READ_BYTES, offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = FAIL_REASON(err, ERR_IO, "read_failed", "%.200s cannot be read: %m", spec->name);
            goto done;
        }
        if (got == 0)
            break;
        if (progress_cancelled(spec->progress)) {
            rc = FAIL(err, ERR_CANCELLED, "cancelled while reading %.200s", spec->name);
            goto done;
        }
        TRY(csv_ids_add(csv, bytes, (size_t)got, err));
        offset += got;
    }
    TRY(csv_ids_end(csv, err));
done:
    mem_free(bytes);
    mem_free(csv);
    return rc;
}

/* ---- Parquet, by the reading engine ---- */

static enum err null_id(const struct id_list_spec *spec, struct error *err)
{
    return FAIL_REASON(err, ERR_DATA, "null_values",
                       "%.200s has a row without a value in column `%s`. Leave the row out.",
                       spec->name, spec->column);
}

static enum err take_value(const struct id_list_spec *spec, const struct column *column,
                           const void *data, int64_t row, const int64_t *keys, struct error *err)
{
    char number[NUMBER_SIZE];
    struct str id;
    if (keys == NULL) { /* a column of texts */
        id = column_text(data, row);
        if (id.len > CSV_ID_MAX)
            return FAIL_REASON(err, ERR_DATA, "csv_row",
                               "%.200s has an id that is longer than an id can be", spec->name);
    } else {
        const int length = column_is_flipped(column)
                               ? snprintf(number, sizeof(number), "%" PRIu64,
                                          (uint64_t)keys[row] ^ (UINT64_C(1) << 63))
                               : snprintf(number, sizeof(number), "%" PRId64, keys[row]);
        id = (struct str){number, (size_t)length};
    }
    return id.len == 0 ? null_id(spec, err) : spec->take(spec->context, id, err);
}

static enum err take_chunk(const struct id_list_spec *spec, const struct column *column,
                           duckdb_data_chunk chunk, int64_t *scratch, struct error *err)
{
    enum err rc = ERR_OK;
    const int64_t count = (int64_t)duckdb_data_chunk_get_size(chunk);
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, 0);
    const void *data = duckdb_vector_get_data(vector);
    uint64_t *valid = duckdb_vector_get_validity(vector);
    const int64_t *keys = column_is_text(column) ? NULL : column_keys(column, data, count, scratch);
    for (int64_t row = 0; row < count; row++) {
        if (valid != NULL && !duckdb_validity_row_is_valid(valid, (idx_t)row))
            return null_id(spec, err);
        TRY(take_value(spec, column, data, row, keys, err));
    }
done:
    return rc;
}

static enum err take_all(const struct id_list_spec *spec, const struct column *column,
                         duckdb_result result, struct error *err)
{
    enum err rc = ERR_OK;
    duckdb_data_chunk chunk;
    int64_t *scratch = mem_array(duckdb_vector_size(), sizeof(*scratch), err);
    if (scratch == NULL)
        return ERR_NOMEM;
    while (rc == ERR_OK && (chunk = duckdb_fetch_chunk(result)) != NULL) {
        if (progress_cancelled(spec->progress))
            rc = FAIL(err, ERR_CANCELLED, "cancelled while reading %.200s", spec->name);
        else
            rc = take_chunk(spec, column, chunk, scratch, err);
        duckdb_destroy_data_chunk(&chunk);
    }
    mem_free(scratch);
    return rc;
}

static enum err read_table(const struct id_list_spec *spec, struct file_set *set, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    struct engine engine = {0};
    struct file_set nothing = {.title = "nothing"};
    duckdb_result result;
    bool has_result = false;
    struct column column = {.name = spec->column, .role = ROLE_ID};
    strbuf_init(&sql, RELATION_BYTES_MAX);
    TRY(engine_open(&engine, spec->threads, spec->memory_limit_bytes, set, &nothing, err));
    engine.progress = spec->progress;
    TRY(schema_read(&engine, set, &column, 1, err));
    TRY(strbuf_addf(&sql, err, "SELECT "));
    TRY(column_add_expression(&column, &sql, err));
    TRY(strbuf_addf(&sql, err, " FROM "));
    TRY(set->source->relation(set, 0, 1, NULL, &sql, err));
    TRY(engine_query(&engine, set, sql.ptr, &result, err));
    has_result = true;
    TRY(take_all(spec, &column, result, err));
done:
    if (has_result)
        duckdb_destroy_result(&result);
    engine_close(&engine);
    strbuf_release(&sql);
    return rc;
}

enum err id_list_read(const struct id_list_spec *spec, struct error *err)
{
    enum err rc;
    struct stat status;
    const struct source *source = source_of_name(spec->name);
    if (source == NULL)
        return FAIL_REASON(
            err, ERR_DATA, "file_kind",
            "%.200s is neither Parquet nor CSV by its name: it must end in .parquet, "
            ".pq or .csv",
            spec->name);
    if (fstat(spec->fd, &status) != 0 || !S_ISREG(status.st_mode))
        return FAIL_REASON(err, ERR_DATA, "not_regular", "%.200s is no ordinary file", spec->name);
    if (status.st_size == 0)
        return FAIL_REASON(err, ERR_DATA, "file_empty", "%.200s is empty (0 bytes)", spec->name);
    if (source == &csv_source)
        return read_csv(spec, err);
    char *name = mem_dup_string(spec->name, err);
    if (name == NULL)
        return ERR_NOMEM;
    struct data_file file = {.fd = spec->fd, .name = name, .bytes = status.st_size, .rows = -1};
    struct file_set set = {.files = &file, .count = 1, .source = source, .title = "users"};
    TRY(source->probe(&file, err));
    TRY(read_table(spec, &set, err));
done:
    mem_free(name);
    return rc;
}
