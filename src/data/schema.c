#include "data/schema.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/source.h"

enum type_class { CLASS_INTEGER, CLASS_TEXT, CLASS_TIME, CLASS_BOOLEAN, CLASS_REAL, CLASS_OTHER };

static const struct {
    duckdb_type type;
    const char *name;
    enum type_class class;
    enum time_unit unit;
} types[] = {
    {DUCKDB_TYPE_TINYINT, "TINYINT", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_SMALLINT, "SMALLINT", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_INTEGER, "INTEGER", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_BIGINT, "BIGINT", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_UTINYINT, "UTINYINT", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_USMALLINT, "USMALLINT", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_UINTEGER, "UINTEGER", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_UBIGINT, "UBIGINT", CLASS_INTEGER, 0},
    {DUCKDB_TYPE_VARCHAR, "VARCHAR", CLASS_TEXT, TIME_NANOS},
    {DUCKDB_TYPE_UUID, "UUID", CLASS_TEXT, TIME_NANOS},
    {DUCKDB_TYPE_ENUM, "ENUM", CLASS_TEXT, TIME_NANOS},
    {DUCKDB_TYPE_DATE, "DATE", CLASS_TIME, TIME_DAYS},
    {DUCKDB_TYPE_TIMESTAMP_S, "TIMESTAMP_S", CLASS_TIME, TIME_SECONDS},
    {DUCKDB_TYPE_TIMESTAMP_MS, "TIMESTAMP_MS", CLASS_TIME, TIME_MILLIS},
    {DUCKDB_TYPE_TIMESTAMP, "TIMESTAMP", CLASS_TIME, TIME_MICROS},
    {DUCKDB_TYPE_TIMESTAMP_TZ, "TIMESTAMP WITH TIME ZONE", CLASS_TIME, TIME_MICROS},
    {DUCKDB_TYPE_TIMESTAMP_NS, "TIMESTAMP_NS", CLASS_TIME, TIME_NANOS},
    {DUCKDB_TYPE_BOOLEAN, "BOOLEAN", CLASS_BOOLEAN, 0},
    {DUCKDB_TYPE_FLOAT, "FLOAT", CLASS_REAL, 0},
    {DUCKDB_TYPE_DOUBLE, "DOUBLE", CLASS_REAL, 0},
    {DUCKDB_TYPE_HUGEINT, "HUGEINT", CLASS_OTHER, 0},
    {DUCKDB_TYPE_DECIMAL, "DECIMAL", CLASS_OTHER, 0},
    {DUCKDB_TYPE_BLOB, "BLOB", CLASS_OTHER, 0},
    {DUCKDB_TYPE_TIME, "TIME", CLASS_OTHER, 0},
    {DUCKDB_TYPE_LIST, "LIST", CLASS_OTHER, 0},
    {DUCKDB_TYPE_STRUCT, "STRUCT", CLASS_OTHER, 0},
    {DUCKDB_TYPE_MAP, "MAP", CLASS_OTHER, 0},
    {DUCKDB_TYPE_INVALID, "another type", CLASS_OTHER, 0}, /* the last */
};

static const struct {
    bool allowed[CLASS_OTHER + 1];
    const char *expected;
} roles[] = {
    [ROLE_ID] = {{[CLASS_INTEGER] = true, [CLASS_TEXT] = true},
                 "an integer of at most 64 bits or text"},
    [ROLE_TIME] = {{[CLASS_TIME] = true, [CLASS_TEXT] = true},
                   "a date, a timestamp or ISO 8601 text"},
    [ROLE_FLAG] = {{[CLASS_INTEGER] = true, [CLASS_BOOLEAN] = true, [CLASS_REAL] = true},
                   "0 and 1, or a boolean"},
};

static size_t type_index(duckdb_type type)
{
    size_t i = 0;
    while (types[i].type != type && types[i].type != DUCKDB_TYPE_INVALID)
        i++;
    return i;
}

/* "cookie, item, event", cut with "…" where it is long. */
static void list_columns(duckdb_result *result, char *out, size_t out_size)
{
    size_t used = 0;
    out[0] = '\0';
    for (idx_t i = 0; i < duckdb_column_count(result) && used + 8 < out_size; i++) {
        const int added = snprintf(out + used, out_size - used, "%s%s", i > 0 ? ", " : "",
                                   duckdb_column_name(result, i));
        used += added < 0 ? 0 : (size_t)added;
    }
    if (used >= out_size)
        memcpy(out + out_size - 4, "...", 4);
}

static enum err find_column(duckdb_result *result, const char *file, struct column *column,
                            struct error *err)
{
    char found[200];
    idx_t at = 0;
    while (at < duckdb_column_count(result) &&
           strcmp(duckdb_column_name(result, at), column->name) != 0)
        at++;
    if (at == duckdb_column_count(result)) {
        list_columns(result, found, sizeof(found));
        return FAIL_REASON(err, ERR_DATA, "column_missing",
                           "%s has no column `%s`. Found: %s. %s%s%s.", file, column->name, found,
                           column->option == NULL ? "" : "Choose another column with ",
                           column->option == NULL ? "Add it" : column->option,
                           column->option == NULL ? "" : ", or add it");
    }
    const size_t i = type_index(duckdb_column_type(result, at));
    if (!roles[column->role].allowed[types[i].class])
        return FAIL_REASON(err, ERR_DATA, "column_type",
                           "%s has %s in column `%s`; expected %s. Convert the column%s%s.", file,
                           types[i].name, column->name, roles[column->role].expected,
                           column->option == NULL ? "" : ", or choose another with ",
                           column->option == NULL ? "" : column->option);
    column->type = types[i].type;
    column->type_name = types[i].name;
    return ERR_OK;
}

/* The columns of part `index` alone. */
static enum err read_part(struct engine *engine, const struct file_set *set, int32_t index,
                          struct column *columns, int32_t count, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    duckdb_result result;
    bool have_result = false;

    strbuf_init(&sql, RELATION_BYTES_MAX);
    TRY(strbuf_addf(&sql, err, "SELECT * FROM "));
    TRY(set->source->relation(set, index, 1, NULL, &sql, err));
    TRY(strbuf_addf(&sql, err, " LIMIT 0"));
    TRY(engine_query(engine, set, sql.ptr, &result, err));
    have_result = true;
    for (int32_t i = 0; i < count; i++)
        TRY(find_column(&result, set->files[index].name, &columns[i], err));
done:
    if (have_result)
        duckdb_destroy_result(&result);
    strbuf_release(&sql);
    return rc;
}

/* Untyped sources give time as text, whatever their own reader guesses. */
static void settle_type(const struct file_set *set, struct column *column)
{
    const bool untyped_time = column->role == ROLE_TIME && !set->source->has_types;
    if (untyped_time || types[type_index(column->type)].class == CLASS_TEXT)
        column->type = DUCKDB_TYPE_VARCHAR;
}

enum err schema_read(struct engine *engine, const struct file_set *set, struct column *columns,
                     int32_t count, struct error *err)
{
    enum err rc;
    struct column *first = NULL;

    TRY(read_part(engine, set, 0, columns, count, err));
    TRY_PTR(first = mem_dup(columns, (size_t)count * sizeof(*columns), err));
    for (int32_t part = 1; part < set->count; part++) {
        TRY(read_part(engine, set, part, columns, count, err));
        for (int32_t i = 0; i < count; i++) {
            if (columns[i].type != first[i].type) {
                rc = FAIL_REASON(err, ERR_DATA, "parts_differ",
                                 "the parts do not fit together: column `%s` is %s in %s and %s in "
                                 "%s. Write all parts with the same types.",
                                 columns[i].name, first[i].type_name, set->files[0].name,
                                 columns[i].type_name, set->files[part].name);
                goto done;
            }
        }
    }
    for (int32_t i = 0; i < count; i++)
        settle_type(set, &columns[i]);
done:
    mem_free(first);
    return rc;
}

enum err column_add_expression(const struct column *column, struct strbuf *sql, struct error *err)
{
    enum err rc;
    const bool cast = column->role == ROLE_ID && column_is_text(column);
    TRY(strbuf_addf(sql, err, cast ? "CAST(" : ""));
    TRY(sql_add_quoted(sql, '"', column->name, err));
    TRY(strbuf_addf(sql, err, cast ? " AS VARCHAR)" : ""));
done:
    return rc;
}

bool column_is_text(const struct column *column)
{
    return column->type == DUCKDB_TYPE_VARCHAR;
}

bool column_is_flipped(const struct column *column)
{
    return column->type == DUCKDB_TYPE_UBIGINT;
}

enum time_unit column_unit(const struct column *column)
{
    return types[type_index(column->type)].unit;
}

#define WIDEN(type)                                                                                \
    do {                                                                                           \
        const type *values = data;                                                                 \
        for (int64_t i = 0; i < count; i++)                                                        \
            scratch[i] = (int64_t)values[i];                                                       \
    } while (0)

const int64_t *column_keys(const struct column *column, const void *data, int64_t count,
                           int64_t *scratch)
{
    const uint64_t *naturals = data;
    switch (column->type) {
    case DUCKDB_TYPE_TINYINT:
        WIDEN(int8_t);
        break;
    case DUCKDB_TYPE_SMALLINT:
        WIDEN(int16_t);
        break;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_DATE:
        WIDEN(int32_t);
        break;
    case DUCKDB_TYPE_UTINYINT:
        WIDEN(uint8_t);
        break;
    case DUCKDB_TYPE_USMALLINT:
        WIDEN(uint16_t);
        break;
    case DUCKDB_TYPE_UINTEGER:
        WIDEN(uint32_t);
        break;
    case DUCKDB_TYPE_UBIGINT:
        for (int64_t i = 0; i < count; i++)
            scratch[i] = (int64_t)(naturals[i] ^ (UINT64_C(1) << 63));
        break;
    default: /* BIGINT and the timestamps */
        return data;
    }
    return scratch;
}

struct str column_text(const void *data, int64_t row)
{
    duckdb_string_t *text = (duckdb_string_t *)(uintptr_t)data + row;
    return (struct str){duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}
