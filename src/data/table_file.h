#ifndef DATA_TABLE_FILE_H
#define DATA_TABLE_FILE_H

/* Rows as a Parquet file, by DuckDB's writer, which pulls them from a source a chunk at a time:
 * what is written need never be in memory as a whole. One thread, the caller's, so rows stand in
 * the source's order. */
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"

enum { TABLE_COLUMNS_MAX = 16 };

/* What an element of table_values is: int64_t, uint32_t, float, nanoseconds since 1970 as int64_t;
 * TEXT is set by table_set_text. */
enum table_type { TABLE_INT64, TABLE_UINT32, TABLE_FLOAT, TABLE_TIME, TABLE_TEXT };

struct table_column {
    const char *name;
    enum table_type type;
};

struct table_chunk; /* room for the next rows */
void *table_values(struct table_chunk *chunk, int32_t column);
void table_set_text(struct table_chunk *chunk, int32_t column, int64_t row, const char *bytes,
                    int64_t len); /* copied */

struct table_source {
    const struct table_column *columns;
    int32_t column_count;
    int64_t rows; /* how many there will be, for the writer and for progress */
    /* Fill at most `room` rows of the chunk, and say how many; 0 ends the table. */
    enum err (*fill)(void *context, struct table_chunk *chunk, int64_t room, int64_t *ret_count,
                     struct error *err);
    void *context;
    const struct progress *progress; /* PHASE_SAVE, in rows; NULL allowed */
};

/* Write all rows to `path`, which is replaced. The error of the source; ERR_IO, ERR_NOMEM,
 * ERR_CANCELLED. A file that was begun may be left behind, and is not synced. */
MUST_CHECK enum err table_file_write(const struct table_source *source, const char *path,
                                     struct error *err);

/* The rows of a query without a source, to `path`. */
MUST_CHECK enum err table_file_select(const char *select, const char *path, struct error *err);

#endif
