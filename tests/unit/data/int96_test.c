/*
 * Times as old writers (Hive, Impala, Spark before 3.0) store them: INT96, eight bytes of
 * nanoseconds of the day and four of the Julian day. No writer of ours makes such files, so this
 * one is put together byte by byte: Parquet's footer in Thrift's compact protocol.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fixture.h"

enum { THRIFT_I32 = 5, THRIFT_I64 = 6, THRIFT_TEXT = 8, THRIFT_LIST = 9, THRIFT_STRUCT = 12 };
enum { PARQUET_INT32 = 1, PARQUET_INT96 = 3, ROWS = 5, FIELDS = 4 };

struct bytes {
    unsigned char data[8192];
    size_t size;
};

static void put(struct bytes *b, const void *data, size_t size)
{
    assert_true(b->size + size <= sizeof(b->data));
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

static void put_byte(struct bytes *b, unsigned value)
{
    const unsigned char byte = (unsigned char)value;
    put(b, &byte, 1);
}

static void put_varint(struct bytes *b, uint64_t value)
{
    for (; value >= 128; value >>= 7)
        put_byte(b, (unsigned)(value & 127) | 128);
    put_byte(b, (unsigned)value);
}

/* A field whose number is `step` above the last one's. */
static void put_field(struct bytes *b, unsigned step, unsigned type)
{
    put_byte(b, step << 4 | type);
}

static void put_number(struct bytes *b, unsigned step, unsigned type, int64_t value)
{
    put_field(b, step, type);
    put_varint(b, (uint64_t)value << 1); /* zigzag, of what is not negative */
}

static void put_text(struct bytes *b, const char *text)
{
    put_varint(b, strlen(text));
    put(b, text, strlen(text));
}

struct row {
    int32_t ids[3]; /* user, item, event */
    int32_t day;    /* since 1970-01-01 */
    int64_t nanos;
};

static const char *const names[FIELDS] = {"cookie", "node", "event", "event_date"};

/* One page of one column, uncompressed, plain. Returns its size with its header. */
static size_t put_page(struct bytes *b, const struct row *rows, int column)
{
    const size_t begin = b->size;
    const int64_t width = column < 3 ? 4 : 12;
    put_number(b, 1, THRIFT_I32, 0); /* a data page */
    put_number(b, 1, THRIFT_I32, ROWS * width);
    put_number(b, 1, THRIFT_I32, ROWS * width);
    put_field(b, 2, THRIFT_STRUCT);
    put_number(b, 1, THRIFT_I32, ROWS);
    put_number(b, 1, THRIFT_I32, 0); /* plain */
    put_number(b, 1, THRIFT_I32, 3);
    put_number(b, 1, THRIFT_I32, 3);
    put_byte(b, 0);
    put_byte(b, 0);
    for (int i = 0; i < ROWS; i++) {
        const int32_t julian = rows[i].day + 2440588;
        if (column == 3)
            put(b, &rows[i].nanos, 8);
        put(b, column < 3 ? &rows[i].ids[column] : &julian, 4);
    }
    return b->size - begin;
}

static void put_schema(struct bytes *b)
{
    put_field(b, 1, THRIFT_LIST);
    put_byte(b, (FIELDS + 1) << 4 | THRIFT_STRUCT);
    put_field(b, 4, THRIFT_TEXT);
    put_text(b, "schema");
    put_number(b, 1, THRIFT_I32, FIELDS);
    put_byte(b, 0);
    for (int i = 0; i < FIELDS; i++) {
        put_number(b, 1, THRIFT_I32, i < 3 ? PARQUET_INT32 : PARQUET_INT96);
        put_number(b, 2, THRIFT_I32, 0); /* required */
        put_field(b, 1, THRIFT_TEXT);
        put_text(b, names[i]);
        put_byte(b, 0);
    }
}

static void put_column(struct bytes *b, int column, size_t offset, size_t size)
{
    put_number(b, 2, THRIFT_I64, (int64_t)offset);
    put_field(b, 1, THRIFT_STRUCT);
    put_number(b, 1, THRIFT_I32, column < 3 ? PARQUET_INT32 : PARQUET_INT96);
    put_field(b, 1, THRIFT_LIST);
    put_byte(b, 1 << 4 | THRIFT_I32);
    put_varint(b, 0);
    put_field(b, 1, THRIFT_LIST);
    put_byte(b, 1 << 4 | THRIFT_TEXT);
    put_text(b, names[column]);
    put_number(b, 1, THRIFT_I32, 0); /* uncompressed */
    put_number(b, 1, THRIFT_I64, ROWS);
    put_number(b, 1, THRIFT_I64, (int64_t)size);
    put_number(b, 1, THRIFT_I64, (int64_t)size);
    put_number(b, 2, THRIFT_I64, (int64_t)offset);
    put_byte(b, 0);
    put_byte(b, 0);
}

static void write_file(const struct fixture *f, const struct row *rows)
{
    static struct bytes b;
    size_t offsets[FIELDS], sizes[FIELDS], total = 0;
    b.size = 0;
    put(&b, "PAR1", 4);
    for (int i = 0; i < FIELDS; i++) {
        offsets[i] = b.size;
        sizes[i] = put_page(&b, rows, i);
        total += sizes[i];
    }
    const size_t footer = b.size;
    put_number(&b, 1, THRIFT_I32, 1);
    put_schema(&b);
    put_number(&b, 1, THRIFT_I64, ROWS);
    put_field(&b, 1, THRIFT_LIST);
    put_byte(&b, 1 << 4 | THRIFT_STRUCT);
    put_field(&b, 1, THRIFT_LIST);
    put_byte(&b, FIELDS << 4 | THRIFT_STRUCT);
    for (int i = 0; i < FIELDS; i++)
        put_column(&b, i, offsets[i], sizes[i]);
    put_number(&b, 1, THRIFT_I64, (int64_t)total);
    put_number(&b, 1, THRIFT_I64, ROWS);
    put_byte(&b, 0);
    put_byte(&b, 0);
    const uint32_t length = (uint32_t)(b.size - footer);
    put(&b, &length, 4);
    put(&b, "PAR1", 4);
    fixture_write(f, "clickstream.pq", b.data, b.size);
}

static void int96_times_are_read_to_the_microsecond(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    const int32_t day = 20000; /* 2024-10-04 */
    const struct row rows[ROWS] = {
        {{1, 10, 17}, day, 0},
        {{2, 20, 17}, day + 1, 3600000000000}, /* the threshold */
        {{1, 20, 10}, day + 1, 3600000001000}, /* a microsecond after it */
        {{2, 10, 10}, day + 2, 0},
        {{1, 10, 17}, day + 2, 3600000000000},
    };
    fixture_events(*state);
    write_file(*state, rows);
    struct dataset *d = fixture_load(&spec);
    assert_int_equal(d->funnel.train_rows, 2);
    assert_int_equal(d->funnel.eval_rows, 3);
    assert_int_equal(d->funnel.pairs, 2);
    const json_t *time = json_object_get(d->passport, "time");
    assert_string_equal(json_string_value(json_object_get(time, "threshold")),
                        "2024-10-05 01:00:00");
    assert_string_equal(json_string_value(json_object_get(time, "min")), "2024-10-04 00:00:00");
    dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(int96_times_are_read_to_the_microsecond, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
