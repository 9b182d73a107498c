/*
 * What Parquet footers claim of rows and ranges. It saves a pass over the file; as footers can be
 * wrong, the pass that follows checks every value against it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "data/scan.h"
#include "data/source.h"

static struct data_file *file_of_path(const struct scan *scan, struct str path)
{
    const size_t prefix = strlen("/proc/self/fd/");
    char digits[16] = "";
    if (path.len > prefix && path.len - prefix < sizeof(digits))
        memcpy(digits, path.ptr + prefix, path.len - prefix);
    for (int32_t i = 0; i < scan->files->count; i++)
        if (scan->files->files[i].fd == (int)strtol(digits, NULL, 10))
            return &scan->files->files[i];
    return NULL;
}

static enum err read_row_counts(struct scan *scan, struct bounds *bounds, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    duckdb_result result;
    bool have_result = false;

    strbuf_init(&sql, RELATION_BYTES_MAX);
    TRY(strbuf_addf(&sql, err, "SELECT file_name, num_rows FROM parquet_file_metadata("));
    TRY(sql_add_files(&sql, scan->files, 0, scan->files->count, err));
    TRY(strbuf_addf(&sql, err, ")"));
    TRY(engine_query(scan->engine, scan->files, sql.ptr, &result, err));
    have_result = true;
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)) != NULL;) {
        const void *names = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
        const int64_t *rows = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1));
        for (idx_t i = 0; i < duckdb_data_chunk_get_size(chunk); i++) {
            struct data_file *file = file_of_path(scan, column_text(names, (int64_t)i));
            if (file != NULL)
                file->rows = rows[i];
            if (rows[i] < 0 || __builtin_add_overflow(bounds->rows, rows[i], &bounds->rows))
                bounds->rows = -1; /* a footer that lies: the rows will not agree */
        }
        duckdb_destroy_data_chunk(&chunk);
    }
done:
    if (have_result)
        duckdb_destroy_result(&result);
    strbuf_release(&sql);
    return rc;
}

/* A statistic as a key of the column. */
static bool parse_key(const struct column *column, struct str text, int64_t *ret_key)
{
    char copy[64], *end;
    if (column->role == ROLE_TIME) {
        int64_t nanos;
        return moment_parse(text.ptr, text.len, &nanos) &&
               moment_convert(nanos, TIME_NANOS, column_unit(column), ret_key);
    }
    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (!column_is_flipped(column))
        return text_int(copy, ret_key);
    errno = 0;
    const uint64_t value = strtoull(copy, &end, 10);
    *ret_key = (int64_t)(value ^ (UINT64_C(1) << 63));
    return *end == '\0' && errno == 0 && copy[0] != '-';
}

/* Widen the range by one row group's statistics; one without them makes it unknown. */
static void add_group(const struct column *column, struct str min, struct str max,
                      struct range *range, bool *known)
{
    int64_t low, high;
    if (!parse_key(column, min, &low) || !parse_key(column, max, &high)) {
        *known = false;
        return;
    }
    range->min = low < range->min ? low : range->min;
    range->max = high > range->max ? high : range->max;
}

static enum err read_ranges(struct scan *scan, int c, struct bounds *bounds, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    duckdb_result result;
    bool have_result = false;
    const struct column *column = &scan->columns[c];

    strbuf_init(&sql, RELATION_BYTES_MAX);
    TRY(strbuf_addf(&sql, err,
                    "SELECT coalesce(stats_min_value, stats_min, ''), "
                    "coalesce(stats_max_value, stats_max, '') FROM parquet_metadata("));
    TRY(sql_add_files(&sql, scan->files, 0, scan->files->count, err));
    TRY(strbuf_addf(&sql, err, ") WHERE num_values > 0 AND path_in_schema = "));
    TRY(sql_add_quoted(&sql, '\'', column->name, err));
    TRY(engine_query(scan->engine, scan->files, sql.ptr, &result, err));
    have_result = true;
    bounds->known[c] = true;
    for (duckdb_data_chunk chunk; (chunk = duckdb_fetch_chunk(result)) != NULL;) {
        const void *mins = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0));
        const void *maxs = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 1));
        for (int64_t i = 0; i < (int64_t)duckdb_data_chunk_get_size(chunk); i++)
            add_group(column, column_text(mins, i), column_text(maxs, i), &bounds->ranges[c],
                      &bounds->known[c]);
        duckdb_destroy_data_chunk(&chunk);
    }
    bounds->known[c] = bounds->known[c] && bounds->ranges[c].min <= bounds->ranges[c].max;
done:
    if (have_result)
        duckdb_destroy_result(&result);
    strbuf_release(&sql);
    return rc;
}

enum err scan_read_metadata(struct scan *scan, struct bounds *ret_bounds, struct error *err)
{
    enum err rc = ERR_OK;
    struct bounds bounds = {0};
    for (int c = 0; c < COLUMNS; c++)
        bounds.ranges[c] = (struct range){INT64_MAX, INT64_MIN};
    if (scan->files->source->has_metadata) {
        TRY(read_row_counts(scan, &bounds, err));
        for (int c = 0; c < COLUMNS; c++)
            if (c != COLUMN_EVENT && !column_is_text(&scan->columns[c]))
                TRY(read_ranges(scan, c, &bounds, err));
    }
    *ret_bounds = bounds;
done:
    return rc;
}
