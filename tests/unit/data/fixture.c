#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <duckdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "fixture.h"
#include "support/tree.h"

int fixture_setup(void **state)
{
    const char *root = getenv("TMPDIR");
    struct error err;
    struct fixture *f = mem_array(1, sizeof(*f), &err);
    if (f == NULL)
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/rectrain-test-XXXXXX", root == NULL ? "/tmp" : root);
    *state = f;
    return mkdtemp(f->path) == NULL ? -1 : 0;
}

int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(tree_remove(f->path), 0);
    mem_free(f);
    return 0;
}

/* `ret_value` may be NULL. */
static void run_sql(const struct fixture *f, const char *sql, char **ret_value)
{
    static char text[65536];
    size_t used = 0;
    for (const char *at = sql; *at != '\0'; at++) {
        if (at[0] == '$' && at[1] == 'D') {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", f->path);
            at++;
        } else {
            text[used++] = *at;
        }
        assert_true(used + 1 < sizeof(text));
    }
    text[used] = '\0';
    duckdb_database database;
    duckdb_connection connection;
    duckdb_result result;
    assert_int_equal(duckdb_open(NULL, &database), DuckDBSuccess);
    assert_int_equal(duckdb_connect(database, &connection), DuckDBSuccess);
    if (duckdb_query(connection, text, &result) != DuckDBSuccess)
        fail_msg("%s", duckdb_result_error(&result));
    if (ret_value != NULL)
        *ret_value = duckdb_value_varchar(&result, 0, 0);
    duckdb_destroy_result(&result);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
}

void fixture_sql(const struct fixture *f, const char *sql)
{
    run_sql(f, sql, NULL);
}

char *fixture_value(const struct fixture *f, const char *sql)
{
    char *value = NULL;
    run_sql(f, sql, &value);
    return value;
}

void fixture_write(const struct fixture *f, const char *name, const void *bytes, size_t size)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void fixture_text(const struct fixture *f, const char *name, const char *text)
{
    fixture_write(f, name, text, strlen(text));
}

unsigned char *fixture_read(const struct fixture *f, const char *name, size_t *ret_size)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size > 0);
    struct error err;
    unsigned char *bytes = mem_array((size_t)size, 1, &err);
    assert_non_null(bytes);
    rewind(file);
    assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
    fclose(file);
    *ret_size = (size_t)size;
    return bytes;
}

void fixture_events(const struct fixture *f)
{
    fixture_sql(f, "COPY (SELECT * FROM (VALUES (10::BIGINT, 1::BIGINT), (17, 0)) "
                   "t(\"event\", is_contact)) TO '$D/events.pq' (FORMAT parquet)");
}

void fixture_small(const struct fixture *f)
{
    fixture_events(f);
    fixture_sql(f, "COPY (SELECT c::BIGINT AS cookie, n::UINTEGER AS node, e::BIGINT AS "
                   "\"event\", t::TIMESTAMP_NS AS event_date, 7 AS platform FROM (VALUES "
                   "(1, 10, 17, '2025-01-01 00:00:00'), "
                   "(1, 10, 17, '2025-01-01 01:00:00'), "
                   "(1, 20, 17, '2025-01-02 00:00:00'), " /* the threshold itself is train */
                   "(2, 20, 10, '2025-01-01 00:00:00'), "
                   "(3, 30, 17, '2025-01-01 00:00:00'), "
                   "(1, 20, 10, '2025-01-02 00:00:00.000000001'), " /* seen in train */
                   "(1, 30, 10, '2025-01-02 12:00:00'), "           /* counts */
                   "(1, 30, 10, '2025-01-02 13:00:00'), "           /* the same pair */
                   "(2, 10, 17, '2025-01-02 12:00:00'), "           /* no contact */
                   "(2, 30, 10, '2025-01-03 00:00:00'), "           /* counts */
                   "(2, 30, 99, '2025-01-02 12:00:00'), "           /* event not listed */
                   "(9, 10, 10, '2025-01-02 12:00:00'), "           /* unknown user */
                   "(1, 40, 10, '2025-01-02 12:00:00'), "           /* unknown item */
                   "(9, 40, 10, '2025-01-02 12:00:00')) "           /* both unknown */
                   "t(c, n, e, t)) TO '$D/clickstream.pq' (FORMAT parquet)");
}

struct load_spec fixture_spec(const struct fixture *f)
{
    return (struct load_spec){
        .path = f->path,
        .user_column = "cookie",
        .item_column = "node",
        .event_column = "event",
        .time_column = "event_date",
        .eval_days = 1,
        .sample_users = 1,
        .threads = 2,
    };
}

struct dataset *fixture_load(const struct load_spec *spec)
{
    struct error err;
    struct dataset *dataset = NULL;
    if (dataset_load(spec, NULL, &dataset, &err) != ERR_OK)
        fail_msg("%s: %s", err.reason, err.message);
    assert_int_equal(csr_check(&dataset->train, "train", &err), ERR_OK);
    return dataset;
}

void fixture_refuse(const struct load_spec *spec, enum err code, const char *reason,
                    const char *part)
{
    struct error err = {0};
    struct dataset *dataset = NULL;
    const int64_t held = mem_held_bytes();
    const enum err rc = dataset_load(spec, NULL, &dataset, &err);
    if (rc != code || strcmp(err.reason, reason) != 0 || strstr(err.message, part) == NULL)
        fail_msg("expected %s %s with \"%s\", got %s %s: %s", error_code_name(code), reason, part,
                 error_code_name(rc), rc == ERR_OK ? "" : err.reason, err.message);
    assert_null(dataset);
    assert_int_equal(mem_held_bytes(), held);
}
