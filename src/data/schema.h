#ifndef DATA_SCHEMA_H
#define DATA_SCHEMA_H

/*
 * Which columns of a table are read, and of which types they are: checked in every part before a
 * single row is.
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/text.h"
#include "data/engine.h"
#include "data/moment.h"

enum column_role { ROLE_ID, ROLE_TIME, ROLE_FLAG };

struct column {
    const char *name;   /* borrowed */
    const char *option; /* of the command line that names another; NULL: none */
    enum column_role role;
    duckdb_type type;      /* as it is read; filled by schema_read */
    const char *type_name; /* as it is in the file: "UINTEGER"; static; filled by schema_read */
};

/* Fill type and type_name of columns[0..count) from all parts of the set. ERR_DATA:
 * column_missing, column_type, parts_differ, and what the engine says of a damaged file. */
MUST_CHECK enum err schema_read(struct engine *engine, const struct file_set *set,
                                struct column *columns, int32_t count, struct error *err);

/* Add `SELECT list`'s expression for the column, in the type that `type` says. */
MUST_CHECK enum err column_add_expression(const struct column *column, struct strbuf *sql,
                                          struct error *err);

bool column_is_text(const struct column *column);
bool column_is_flipped(const struct column *column); /* see data/ids.h */

/* The unit of a time column's numbers; text counts nanoseconds. */
enum time_unit column_unit(const struct column *column);

/* The keys (data/ids.h) of `count` values of an integer or time column that is no text. `data` is
 * the engine's vector; the keys are written to `scratch`, or are `data` itself where it has them.
 */
const int64_t *column_keys(const struct column *column, const void *data, int64_t count,
                           int64_t *scratch);

/* One value of a text column: borrowed from the vector. */
struct str column_text(const void *data, int64_t row);

#endif
