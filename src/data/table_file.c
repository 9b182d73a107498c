#include "data/table_file.h"

#include <assert.h>
#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"
#include "data/duckdb_calls.h"

enum { SQL_MAX = 16384 };
#define REPORT_SECONDS 0.25

struct writer {
    duckdb_database database;
    duckdb_connection connection;
};

/* A source that is being written. */
struct pull {
    const struct table_source *source;
    int64_t sent;
    double reported_at;
    enum err rc; /* of the source, and its message */
    struct error err;
};

static void writer_close(struct writer *writer)
{
    duckdb_disconnect(&writer->connection);
    duckdb_close(&writer->database);
}

static enum err query(struct writer *writer, const char *sql, struct error *err)
{
    duckdb_result result;
    enum err rc = ERR_OK;
    if (duckdb_query(writer->connection, sql, &result) == DuckDBError) {
        const char *message = duckdb_result_error(&result);
        const bool memory = duckdb_result_error_type(&result) == DUCKDB_ERROR_OUT_OF_MEMORY;
        rc = FAIL(err, memory ? ERR_NOMEM : ERR_IO, "cannot write: %s",
                  message ? message : "the Parquet writer gives no reason");
    }
    duckdb_destroy_result(&result);
    return rc;
}

static enum err writer_open(struct writer *writer, struct error *err)
{
    static const char settings[] =
        "SET threads = 1; SET memory_limit = '1GB'; SET enable_progress_bar = false; "
        "SET autoinstall_known_extensions = false; SET autoload_known_extensions = false; "
        "SET temp_directory = ''; SET preserve_insertion_order = true;";
    *writer = (struct writer){NULL, NULL};
    if (duckdb_open(NULL, &writer->database) == DuckDBError ||
        duckdb_connect(writer->database, &writer->connection) == DuckDBError)
        return FAIL(err, ERR_NOMEM, "cannot start the Parquet writer");
    return query(writer, settings, err);
}

/* COPY (select) TO 'path' as Parquet. */
static enum err copy_to(struct writer *writer, const char *select, const char *path,
                        struct error *err)
{
    enum err rc;
    struct strbuf sql;
    strbuf_init(&sql, SQL_MAX);
    TRY(strbuf_addf(&sql, err, "COPY (%s) TO '", select));
    for (const char *c = path; *c; c++)
        TRY(strbuf_add(&sql, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1, err));
    TRY(strbuf_addf(&sql, err,
                    "' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, "
                    "ROW_GROUP_SIZE 262144)"));
    TRY(query(writer, sql.ptr, err));
done:
    strbuf_release(&sql);
    return rc;
}

enum err table_file_select(const char *select, const char *path, struct error *err)
{
    enum err rc;
    struct writer writer = {NULL, NULL};
    if ((rc = duckdb_load(err)) != ERR_OK)
        return rc;
    TRY(writer_open(&writer, err));
    TRY(copy_to(&writer, select, path, err));
done:
    writer_close(&writer);
    return rc;
}

/* ---- a source, as the table function that the writer pulls from ---- */

static const duckdb_type types[] = {
    [TABLE_INT64] = DUCKDB_TYPE_BIGINT, [TABLE_UINT32] = DUCKDB_TYPE_UINTEGER,
    [TABLE_FLOAT] = DUCKDB_TYPE_FLOAT,  [TABLE_TIME] = DUCKDB_TYPE_TIMESTAMP_NS,
    [TABLE_TEXT] = DUCKDB_TYPE_VARCHAR,
};

static duckdb_vector vector_of(struct table_chunk *chunk, int32_t column)
{
    return duckdb_data_chunk_get_vector((duckdb_data_chunk)(void *)chunk, (idx_t)column);
}

void *table_values(struct table_chunk *chunk, int32_t column)
{
    return duckdb_vector_get_data(vector_of(chunk, column));
}

void table_set_text(struct table_chunk *chunk, int32_t column, int64_t row, const char *bytes,
                    int64_t len)
{
    duckdb_vector_assign_string_element_len(vector_of(chunk, column), (idx_t)row, bytes,
                                            (idx_t)len);
}

static void pull_bind(duckdb_bind_info info)
{
    const struct pull *pull = duckdb_bind_get_extra_info(info);
    for (int32_t i = 0; i < pull->source->column_count; i++) {
        duckdb_logical_type type = duckdb_create_logical_type(types[pull->source->columns[i].type]);
        duckdb_bind_add_result_column(info, pull->source->columns[i].name, type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_bind_set_cardinality(info, (idx_t)pull->source->rows, true);
}

static void pull_init(duckdb_init_info info)
{
    duckdb_init_set_max_threads(info, 1);
}

static void report(struct pull *pull)
{
    const double now = clock_seconds();
    if (now - pull->reported_at < REPORT_SECONDS && pull->sent < pull->source->rows)
        return;
    pull->reported_at = now;
    const struct progress_update update = {.phase = PHASE_SAVE,
                                           .done = (double)pull->sent,
                                           .total = (double)pull->source->rows,
                                           .unit = "rows",
                                           .loss = NAN,
                                           .seconds = NAN,
                                           .recall = NAN};
    progress_report(pull->source->progress, &update);
}

static void pull_rows(duckdb_function_info info, duckdb_data_chunk output)
{
    struct pull *pull = duckdb_function_get_extra_info(info);
    const struct table_source *source = pull->source;
    int64_t count = 0;
    if (progress_cancelled(source->progress))
        pull->rc = FAIL(&pull->err, ERR_CANCELLED, "cancelled after %" PRId64 " rows", pull->sent);
    else
        pull->rc = source->fill(source->context, (struct table_chunk *)(void *)output,
                                (int64_t)duckdb_vector_size(), &count, &pull->err);
    if (pull->rc != ERR_OK) {
        duckdb_function_set_error(info, "the source failed");
        return;
    }
    duckdb_data_chunk_set_size(output, (idx_t)count);
    pull->sent += count;
    report(pull);
}

static enum err pull_register(struct writer *writer, struct pull *pull, struct error *err)
{
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, "source_rows");
    duckdb_table_function_set_extra_info(function, pull, NULL);
    duckdb_table_function_set_bind(function, pull_bind);
    duckdb_table_function_set_init(function, pull_init);
    duckdb_table_function_set_function(function, pull_rows);
    const duckdb_state state = duckdb_register_table_function(writer->connection, function);
    duckdb_destroy_table_function(&function);
    if (state == DuckDBError)
        return FAIL(err, ERR_INTERNAL, "the Parquet writer refuses the source");
    return ERR_OK;
}

enum err table_file_write(const struct table_source *source, const char *path, struct error *err)
{
    enum err rc;
    struct writer writer = {NULL, NULL};
    struct pull pull = {.source = source, .rc = ERR_OK};
    assert(source->column_count <= TABLE_COLUMNS_MAX);
    if ((rc = duckdb_load(err)) != ERR_OK)
        return rc;
    TRY(writer_open(&writer, err));
    TRY(pull_register(&writer, &pull, err));
    TRY(copy_to(&writer, "SELECT * FROM source_rows()", path, err));
done:
    if (pull.rc != ERR_OK) { /* what it said itself, rather than what the writer made of it */
        rc = pull.rc;
        *err = pull.err;
    }
    writer_close(&writer);
    return rc;
}
