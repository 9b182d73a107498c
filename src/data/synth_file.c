#include "data/synth_file.h"

#include <duckdb.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "data/synth_batch.h"

enum { SQL_MAX = 16384, NS_PER_S = 1000000000 };
#define REPORT_SECONDS 0.25

/*
 * DuckDB pulls the rows through a table function. It runs on one thread, the caller's: the order
 * of the rows is then the plan's, and progress is told from the right thread.
 */
struct source {
    struct synth_batch batch;
    int64_t sent_of_batch, sent;
    const struct progress *progress;
    double reported_at;
    bool cancelled;
};

struct writer {
    duckdb_database database;
    duckdb_connection connection;
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

/* ---- the clickstream ---- */

static const struct {
    const char *name;
    duckdb_type type;
} columns[] = {{"cookie", DUCKDB_TYPE_BIGINT},   {"item", DUCKDB_TYPE_BIGINT},
               {"event", DUCKDB_TYPE_BIGINT},    {"event_date", DUCKDB_TYPE_TIMESTAMP_NS},
               {"platform", DUCKDB_TYPE_BIGINT}, {"surface", DUCKDB_TYPE_BIGINT},
               {"node", DUCKDB_TYPE_UINTEGER}};
enum { COLUMN_COUNT = sizeof(columns) / sizeof(columns[0]) };

static void source_bind(duckdb_bind_info info)
{
    const struct source *source = duckdb_bind_get_extra_info(info);
    for (int i = 0; i < COLUMN_COUNT; i++) {
        duckdb_logical_type type = duckdb_create_logical_type(columns[i].type);
        duckdb_bind_add_result_column(info, columns[i].name, type);
        duckdb_destroy_logical_type(&type);
    }
    duckdb_bind_set_cardinality(info, (idx_t)source->batch.plan->rows, true);
}

static void source_init(duckdb_init_info info)
{
    duckdb_init_set_max_threads(info, 1);
}

static void report(struct source *source)
{
    const double now = clock_seconds();
    if (now - source->reported_at < REPORT_SECONDS && source->sent < source->batch.plan->rows)
        return;
    source->reported_at = now;
    const struct progress_update update = {.phase = PHASE_SAVE,
                                           .done = (double)source->sent,
                                           .total = (double)source->batch.plan->rows,
                                           .unit = "rows",
                                           .loss = NAN,
                                           .seconds = NAN,
                                           .recall = NAN};
    progress_report(source->progress, &update);
}

static void copy_rows(const struct source *source, void *const data[COLUMN_COUNT], int64_t count)
{
    const struct synth_plan *plan = source->batch.plan;
    const struct synth_columns *from = &source->batch.columns;
    int64_t *cookie = data[0], *item = data[1], *event = data[2], *date = data[3],
            *platform = data[4], *surface = data[5];
    uint32_t *node = data[6];
    for (int64_t i = 0; i < count; i++) {
        const int64_t row = source->sent_of_batch + i;
        cookie[i] = synth_user_id(plan, from->user[row]);
        item[i] = from->product[row];
        event[i] = plan->shape->events[from->event[row]].id;
        date[i] = from->time[row] * NS_PER_S;
        platform[i] = from->platform[row];
        surface[i] = from->surface[row];
        node[i] = plan->shelf_id[from->place[row]];
    }
}

static void source_rows(duckdb_function_info info, duckdb_data_chunk output)
{
    struct source *source = duckdb_function_get_extra_info(info);
    if (progress_cancelled(source->progress)) {
        source->cancelled = true;
        duckdb_function_set_error(info, "cancelled");
        return;
    }
    if (source->sent_of_batch == source->batch.count) {
        synth_batch_next(&source->batch);
        source->sent_of_batch = 0;
    }
    const int64_t left = source->batch.count - source->sent_of_batch;
    const int64_t room = (int64_t)duckdb_vector_size();
    const int64_t count = left < room ? left : room;
    void *data[COLUMN_COUNT];
    for (int i = 0; i < COLUMN_COUNT; i++)
        data[i] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(output, (idx_t)i));
    copy_rows(source, data, count);
    duckdb_data_chunk_set_size(output, (idx_t)count);
    source->sent_of_batch += count;
    source->sent += count;
    report(source);
}

static enum err source_register(struct writer *writer, struct source *source, struct error *err)
{
    duckdb_table_function function = duckdb_create_table_function();
    duckdb_table_function_set_name(function, "synth_rows");
    duckdb_table_function_set_extra_info(function, source, NULL);
    duckdb_table_function_set_bind(function, source_bind);
    duckdb_table_function_set_init(function, source_init);
    duckdb_table_function_set_function(function, source_rows);
    const duckdb_state state = duckdb_register_table_function(writer->connection, function);
    duckdb_destroy_table_function(&function);
    if (state == DuckDBError)
        return FAIL(err, ERR_INTERNAL, "the Parquet writer refuses the generator");
    return ERR_OK;
}

enum err synth_file_clickstream(const struct synth_plan *plan, int32_t threads, const char *path,
                                const struct progress *progress, struct error *err)
{
    enum err rc;
    struct writer writer = {NULL, NULL};
    struct source source = {.progress = progress};
    TRY(synth_batch_init(&source.batch, plan, threads, err));
    TRY(writer_open(&writer, err));
    TRY(source_register(&writer, &source, err));
    TRY(copy_to(&writer, "SELECT * FROM synth_rows()", path, err));
done:
    if (source.cancelled)
        rc = FAIL(err, ERR_CANCELLED, "cancelled after %" PRId64 " rows", source.sent);
    writer_close(&writer);
    synth_batch_release(&source.batch);
    return rc;
}

enum err synth_file_events(const struct synth_plan *plan, const char *path, struct error *err)
{
    enum err rc;
    struct writer writer = {NULL, NULL};
    struct strbuf select;
    strbuf_init(&select, SQL_MAX);
    TRY(strbuf_addf(&select, err,
                    "SELECT event::BIGINT AS event, contact::BIGINT AS is_contact "
                    "FROM (VALUES "));
    for (int32_t e = 0; e < plan->shape->event_count; e++)
        TRY(strbuf_addf(&select, err, "%s(%" PRId32 ", %d)", e > 0 ? ", " : "",
                        plan->shape->events[e].id, plan->shape->events[e].contact ? 1 : 0));
    TRY(strbuf_addf(&select, err, ") AS list(event, contact) ORDER BY event"));
    TRY(writer_open(&writer, err));
    TRY(copy_to(&writer, select.ptr, path, err));
done:
    writer_close(&writer);
    strbuf_release(&select);
    return rc;
}
