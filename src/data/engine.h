#ifndef DATA_ENGINE_H
#define DATA_ENGINE_H

/*
 * DuckDB, in this process, as a reader of files and nothing else: it may open the descriptors of
 * the run and no other file, loads no extension, spills nothing, and its settings are locked.
 * Its own error texts reach people only translated, or behind a sentence of ours, with the names
 * of files instead of descriptors.
 */
#include "base/error.h"
#include "base/progress.h"
#include "data/duckdb_calls.h"
#include "data/files.h"

struct engine {
    duckdb_database database;
    duckdb_connection connection;
    const struct file_set *sets[2];  /* whose files it may read; borrowed */
    const struct progress *progress; /* polled before each query; NULL: never cancelled */
};

/* ERR_INTERNAL (engine_version, engine_failed), ERR_NOMEM. Close it also after a failure. */
MUST_CHECK enum err engine_open(struct engine *engine, int32_t threads, int64_t memory_limit_bytes,
                                const struct file_set *clicks, const struct file_set *events,
                                struct error *err);
void engine_close(struct engine *engine); /* leaves all zero; may be called on all zero */

/* Run a query over `set` to its end, which must not be far. On success the caller destroys
 * *ret_result. */
MUST_CHECK enum err engine_query(struct engine *engine, const struct file_set *set, const char *sql,
                                 duckdb_result *ret_result, struct error *err);

/* The same with `tick` called on this thread many times a second; it stops the query by returning
 * other than ERR_OK, and that is then returned. The result is dropped. */
MUST_CHECK enum err engine_run(struct engine *engine, const struct file_set *set, const char *sql,
                               enum err (*tick)(void *context, struct error *err), void *context,
                               struct error *err);

#endif
