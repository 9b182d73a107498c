/* Ids in a column of a file: Parquet of every type that ids have, and what is refused. */
#include "data/id_list.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/table_file.h"
#include "support/test.h"

static char path[] = "/tmp/rectrain_ids_XXXXXX", taken[2000];
static struct error err;

static enum err take(void *context, struct str id, struct error *take_err)
{
    (void)context;
    (void)take_err;
    const size_t used = strlen(taken);
    assert_true(used + id.len + 2 < sizeof(taken));
    snprintf(taken + used, sizeof(taken) - used, "%.*s|", (int)id.len, id.ptr);
    return ERR_OK;
}

static enum err read_ids(const char *name, const char *column)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const struct id_list_spec spec = {
        .fd = fd, .name = name, .column = column, .threads = 1, .take = take};
    taken[0] = '\0';
    const enum err rc = id_list_read(&spec, &err);
    close(fd);
    return rc;
}

static void write_table(const char *select)
{
    assert_ok(table_file_select(select, path, &err));
}

static void whole_numbers_come_in_decimal_digits(void **state)
{
    (void)state;
    static const char *const types[] = {"BIGINT",  "INTEGER",  "SMALLINT",
                                        "UBIGINT", "UINTEGER", "UTINYINT"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char select[200];
        snprintf(select, sizeof(select),
                 "SELECT CAST(i AS %s) AS cookie, 1 AS other FROM range(3) t(i)", types[i]);
        write_table(select);
        assert_ok(read_ids("users.parquet", "cookie"));
        assert_string_equal(taken, "0|1|2|");
    }
    write_table("SELECT unnest([-7, 9223372036854775807]) AS cookie");
    assert_ok(read_ids("users.pq", "cookie"));
    assert_string_equal(taken, "-7|9223372036854775807|");
    write_table("SELECT CAST('18446744073709551615' AS UBIGINT) AS cookie");
    assert_ok(read_ids("users.pq", "cookie"));
    assert_string_equal(taken, "18446744073709551615|");
}

static void texts_come_as_they_are(void **state)
{
    (void)state;
    write_table("SELECT unnest(['a b', 'näme', '7']) AS cookie");
    assert_ok(read_ids("users.parquet", "cookie"));
    assert_string_equal(taken, "a b|näme|7|");
}

static void what_is_no_list_is_refused(void **state)
{
    (void)state;
    write_table("SELECT 1 AS cookie, 1.5 AS half, NULL::BIGINT AS hole");
    assert_error(read_ids("users.parquet", "user"), ERR_DATA);
    assert_string_equal(err.reason, "column_missing");
    assert_error(read_ids("users.parquet", "half"), ERR_DATA);
    assert_string_equal(err.reason, "column_type");
    assert_error(read_ids("users.parquet", "hole"), ERR_DATA);
    assert_string_equal(err.reason, "null_values");
    assert_error(read_ids("users.txt", "cookie"), ERR_DATA);
    assert_string_equal(err.reason, "file_kind");
    assert_error(read_ids("users.csv", "cookie"), ERR_DATA); /* Parquet by another name */
    assert_int_equal(truncate(path, 20), 0);
    assert_error(read_ids("users.parquet", "cookie"), ERR_DATA);
    assert_string_equal(err.reason, "parquet_truncated");
    assert_int_equal(truncate(path, 0), 0);
    assert_error(read_ids("users.parquet", "cookie"), ERR_DATA);
    assert_string_equal(err.reason, "file_empty");
}

static int setup(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_come_in_decimal_digits),
        cmocka_unit_test(texts_come_as_they_are),
        cmocka_unit_test(what_is_no_list_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
