#include "data/scan.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "data/sink.h"
#include "data/source.h"

static const double REPORT_SECONDS = 0.25;

static struct scan_lane *take_lane(struct scan *scan)
{
    for (;;) /* there are as many lanes as threads, so one is free */
        for (int32_t i = 0; i < scan->lane_count; i++)
            if (!atomic_flag_test_and_set_explicit(&scan->lanes[i].busy, memory_order_acquire))
                return &scan->lanes[i];
}

/* The function that the query calls with each vector of rows. What it returns is of no meaning,
 * but the query must have a value to ask for. */
static void consume(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct scan *scan = duckdb_scalar_function_get_extra_info(info);
    const bool stop = atomic_load(&scan->stop); /* first: see share_lanes */
    memset(duckdb_vector_get_data(output), 0, (size_t)duckdb_data_chunk_get_size(input));
    struct scan_lane *lane = take_lane(scan);
    if (!stop && !progress_cancelled(scan->progress)) {
        lane->rc = sink_chunk(scan, lane, input, &lane->error);
        if (lane->rc != ERR_OK)
            atomic_store(&scan->stop, true);
        atomic_fetch_add(&scan->rows_done, (long long)duckdb_data_chunk_get_size(input));
    }
    atomic_flag_clear_explicit(&lane->busy, memory_order_release);
    if (atomic_load(&scan->stop) || progress_cancelled(scan->progress))
        duckdb_scalar_function_set_error(info, "stopped");
}

static enum err register_function(struct scan *scan, const char *name, bool numbered,
                                  struct error *err)
{
    duckdb_scalar_function function = duckdb_create_scalar_function();
    duckdb_logical_type result = duckdb_create_logical_type(DUCKDB_TYPE_TINYINT);
    duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    duckdb_scalar_function_set_name(function, name);
    for (int i = 0; i < COLUMNS; i++) {
        duckdb_logical_type type = duckdb_create_logical_type(scan->columns[i].type);
        duckdb_scalar_function_add_parameter(function, type);
        duckdb_destroy_logical_type(&type);
    }
    if (numbered)
        duckdb_scalar_function_add_parameter(function, number);
    duckdb_scalar_function_set_return_type(function, result);
    duckdb_scalar_function_set_special_handling(function); /* we want to see nulls */
    duckdb_scalar_function_set_volatile(function);
    duckdb_scalar_function_set_extra_info(function, scan, NULL);
    duckdb_scalar_function_set_function(function, consume);
    const duckdb_state state = duckdb_register_scalar_function(scan->engine->connection, function);
    duckdb_destroy_logical_type(&number);
    duckdb_destroy_logical_type(&result);
    duckdb_destroy_scalar_function(&function);
    if (state != DuckDBSuccess)
        return FAIL_REASON(err, ERR_INTERNAL, "engine_failed",
                           "the reading engine refuses the function %s.", name);
    return ERR_OK;
}

static void reset_counts(struct scan *scan)
{
    for (int32_t i = 0; i < scan->lane_count; i++) {
        struct scan_lane *lane = &scan->lanes[i];
        lane->bounds = (struct bounds){0};
        for (int c = 0; c < COLUMNS; c++)
            lane->bounds.ranges[c] = (struct range){INT64_MAX, INT64_MIN};
        memset(lane->faults, 0, sizeof(lane->faults));
        lane->outside = false;
        lane->rc = ERR_OK;
    }
    atomic_store(&scan->rows_done, 0);
}

/* The engine's threads see what this one wrote before (its store to `stop`), and this one sees what
 * they wrote (each lane's flag). The engine orders these itself; said in our own words it does not
 * rest on how it does that. */
static void share_lanes(struct scan *scan)
{
    atomic_store(&scan->stop, false);
}

static void join_lanes(struct scan *scan)
{
    for (int32_t i = 0; i < scan->lane_count; i++) {
        while (atomic_flag_test_and_set_explicit(&scan->lanes[i].busy, memory_order_acquire))
            ; /* never for long: the query is over */
        atomic_flag_clear_explicit(&scan->lanes[i].busy, memory_order_release);
    }
}

enum err scan_init(struct scan *scan, struct error *err)
{
    enum err rc = ERR_OK;
    const size_t vector = (size_t)duckdb_vector_size();
    TRY_PTR(scan->lanes = mem_array((size_t)scan->spec->threads, sizeof(*scan->lanes), err));
    scan->lane_count = scan->spec->threads;
    for (int32_t i = 0; i < scan->lane_count; i++) {
        struct scan_lane *lane = &scan->lanes[i];
        id_lane_init(&lane->users, &scan->users);
        id_lane_init(&lane->items, &scan->items);
        for (int c = 0; c < COLUMNS; c++)
            TRY_PTR(lane->keys[c] = mem_array(vector, sizeof(*lane->keys[c]), err));
        for (int c = 0; c < 2; c++)
            TRY_PTR(lane->codes[c] = mem_array(vector, sizeof(*lane->codes[c]), err));
        TRY_PTR(lane->rows = mem_array(vector, sizeof(*lane->rows), err));
    }
    TRY(register_function(scan, "rectrain_rows", false, err));
    TRY(register_function(scan, "rectrain_numbered_rows", true, err));
done:
    return rc;
}

void scan_forget(struct scan *scan)
{
    for (int32_t i = 0; i < scan->lane_count; i++) {
        struct scan_lane *lane = &scan->lanes[i];
        id_lane_release(&lane->users);
        id_lane_release(&lane->items);
        for (int list = 0; list < LISTS; list++)
            pair_list_release(&lane->lists[list]);
    }
    ids_release(&scan->users);
    ids_release(&scan->items);
}

void scan_release(struct scan *scan)
{
    scan_forget(scan);
    for (int32_t i = 0; i < scan->lane_count; i++) {
        for (int c = 0; c < COLUMNS; c++)
            mem_free(scan->lanes[i].keys[c]);
        for (int c = 0; c < 2; c++)
            mem_free(scan->lanes[i].codes[c]);
        mem_free(scan->lanes[i].rows);
    }
    mem_free(scan->lanes);
    scan->lanes = NULL;
    scan->lane_count = 0;
}

/* Called between slices of work: reports, and says when to stop. */
static enum err tick(void *context, struct error *err)
{
    struct scan *scan = context;
    if (progress_cancelled(scan->progress))
        return FAIL(err, ERR_CANCELLED, "cancelled while reading the clickstream");
    const double now = clock_seconds();
    if (now - scan->reported_at < REPORT_SECONDS)
        return ERR_OK;
    scan->reported_at = now;
    progress_report(scan->progress,
                    &(struct progress_update){.phase = PHASE_LOAD,
                                              .done = (double)atomic_load(&scan->rows_done),
                                              .total = (double)scan->rows_total,
                                              .unit = "rows",
                                              .loss = NAN,
                                              .seconds = NAN,
                                              .recall = NAN});
    return ERR_OK;
}

static enum err query_text(const struct scan *scan, enum scan_mode mode, int32_t first,
                           int32_t count, struct strbuf *sql, struct error *err)
{
    enum err rc;
    const bool numbered = mode == SCAN_FAULTS;
    TRY(strbuf_addf(sql, err, "SELECT max(rectrain_%srows(", numbered ? "numbered_" : ""));
    for (int i = 0; i < COLUMNS; i++) {
        TRY(strbuf_addf(sql, err, i > 0 ? ", " : ""));
        TRY(column_add_expression(&scan->columns[i], sql, err));
    }
    if (numbered)
        TRY(strbuf_addf(sql, err, ", number"));
    TRY(strbuf_addf(sql, err, ")) FROM "));
    if (numbered)
        TRY(strbuf_addf(sql, err, "(SELECT *, row_number() OVER () AS number FROM "));
    TRY(scan->files->source->relation(scan->files, first, count, scan->columns[COLUMN_TIME].name,
                                      sql, err));
    if (numbered)
        TRY(strbuf_addf(sql, err, ")"));
done:
    return rc;
}

static void add_bounds(const struct scan *scan, struct bounds *total)
{
    *total = (struct bounds){0};
    for (int c = 0; c < COLUMNS; c++)
        total->ranges[c] = (struct range){INT64_MAX, INT64_MIN};
    for (int32_t i = 0; i < scan->lane_count; i++) {
        const struct bounds *lane = &scan->lanes[i].bounds;
        total->rows += lane->rows;
        for (int c = 0; c < COLUMNS; c++) {
            struct range *range = &total->ranges[c];
            range->min = lane->ranges[c].min < range->min ? lane->ranges[c].min : range->min;
            range->max = lane->ranges[c].max > range->max ? lane->ranges[c].max : range->max;
        }
    }
    for (int c = 0; c < COLUMNS; c++)
        total->known[c] = total->ranges[c].min <= total->ranges[c].max;
}

/* Engine and lanes: a lane's failure is the cause of the engine's. */
static enum err run(struct scan *scan, enum scan_mode mode, int32_t first, int32_t count,
                    struct bounds *ret_bounds, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    strbuf_init(&sql, RELATION_BYTES_MAX);
    reset_counts(scan);
    scan->mode = mode;
    TRY(query_text(scan, mode, first, count, &sql, err));
    share_lanes(scan);
    rc = engine_run(scan->engine, scan->files, sql.ptr, tick, scan, err);
    join_lanes(scan);
    for (int32_t i = 0; i < scan->lane_count; i++) {
        if (scan->lanes[i].rc != ERR_OK) {
            *err = scan->lanes[i].error;
            rc = scan->lanes[i].rc;
            goto done;
        }
    }
    if (progress_cancelled(scan->progress))
        rc = FAIL(err, ERR_CANCELLED, "cancelled while reading the clickstream");
    if (rc == ERR_OK)
        add_bounds(scan, ret_bounds);
done:
    strbuf_release(&sql);
    return rc;
}

/* The faults of one column in one file. */
static struct fault sum_faults(const struct scan *scan, int column)
{
    struct fault sum = {0};
    for (int32_t i = 0; i < scan->lane_count; i++) {
        const struct fault *fault = &scan->lanes[i].faults[column];
        if (fault->nulls > 0 && (sum.nulls == 0 || fault->first_null < sum.first_null))
            sum.first_null = fault->first_null;
        if (fault->bad_times > 0 &&
            (sum.bad_times == 0 || fault->first_bad_time < sum.first_bad_time))
            sum.first_bad_time = fault->first_bad_time;
        sum.nulls += fault->nulls;
        sum.bad_times += fault->bad_times;
    }
    return sum;
}

/* Rows were found that cannot be used: say where, which takes another pass over each file. */
static enum err explain_faults(struct scan *scan, struct error *err)
{
    enum err rc = ERR_OK;
    struct bounds bounds;
    for (int32_t i = 0; i < scan->files->count; i++) {
        TRY(run(scan, SCAN_FAULTS, i, 1, &bounds, err));
        for (int c = 0; c < COLUMNS; c++) {
            const struct fault fault = sum_faults(scan, c);
            const char *file = scan->files->files[i].name, *column = scan->columns[c].name;
            if (fault.nulls > 0)
                return FAIL_REASON(err, ERR_DATA, "null_values",
                                   "%s has a null in column `%s` in %" PRId64 " of its %" PRId64
                                   " rows, the first is row %" PRId64 ". Remove these rows, or "
                                   "choose another column with %s.",
                                   file, column, fault.nulls, bounds.rows, fault.first_null,
                                   scan->columns[c].option);
            if (fault.bad_times > 0)
                return FAIL_REASON(err, ERR_DATA, "time_text",
                                   "%s has text in column `%s` that is no time in %" PRId64
                                   " of its %" PRId64 " rows, the first is row %" PRId64
                                   "; expected ISO 8601 as in 2025-02-09 10:20:30.",
                                   file, column, fault.bad_times, bounds.rows,
                                   fault.first_bad_time);
        }
    }
    rc = FAIL_REASON(err, ERR_DATA, "file_corrupt",
                     "%s gives other rows each time it is read. Is it being written?",
                     scan->files->files[0].name);
done:
    return rc;
}

enum err scan_run(struct scan *scan, enum scan_mode mode, int32_t first, int32_t count,
                  struct bounds *ret_bounds, struct error *err)
{
    const enum err rc = run(scan, mode, first, count, ret_bounds, err);
    if (rc == ERR_DATA && strcmp(err->reason, "null_values") == 0)
        return explain_faults(scan, err);
    return rc;
}
