/* What a load gives, on data small enough to work out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/memory.h"
#include "fixture.h"

static void check_small(const struct dataset *d)
{
    const struct funnel want = {.rows = 14,
                                .train_rows = 5,
                                .eval_rows = 9,
                                .unseen = 8,
                                .contacts = 6,
                                .known_users = 4,
                                .known_items = 3,
                                .pairs = 2,
                                .users = 3,
                                .items = 3,
                                .nnz = 4,
                                .eval_users = 2,
                                .unlisted_events = 1};
    assert_memory_equal(&d->funnel, &want, sizeof(want));
    const int64_t indptr[] = {0, 2, 3, 4}, popularity[] = {2, 2, 1}, holdout[] = {0, 1, 2};
    const int32_t indices[] = {0, 1, 1, 2}, users[] = {0, 1}, items[] = {2, 2};
    const float values[] = {2, 1, 1, 1};
    assert_memory_equal(d->train.indptr, indptr, sizeof(indptr));
    assert_memory_equal(d->train.indices, indices, sizeof(indices));
    assert_memory_equal(d->train.values, values, sizeof(values));
    assert_memory_equal(d->popularity, popularity, sizeof(popularity));
    assert_int_equal(d->holdout.count, 2);
    assert_memory_equal(d->holdout.users, users, sizeof(users));
    assert_memory_equal(d->holdout.indptr, holdout, sizeof(holdout));
    assert_memory_equal(d->holdout.items, items, sizeof(items));
}

static void check_small_ids(const struct dataset *d)
{
    const int64_t users[] = {1, 2, 3}, items[] = {10, 20, 30};
    assert_int_equal(d->users.kind, ID_INT64);
    assert_memory_equal(d->users.ints, users, sizeof(users));
    assert_memory_equal(d->items.ints, items, sizeof(items));
}

static void small_clickstream_is_split_as_by_hand(void **state)
{
    fixture_small(*state);
    const struct load_spec spec = fixture_spec(*state);
    struct dataset *d = fixture_load(&spec);
    check_small(d);
    check_small_ids(d);
    assert_true(d->load_seconds > 0 && d->split_seconds > 0);
    dataset_free(d);
}

/* The small clickstream again, its columns cast: the result must not change. */
static void rewrite(const struct fixture *f, const char *columns, const char *to)
{
    char sql[1024];
    snprintf(sql, sizeof(sql), "COPY (SELECT %s FROM read_parquet('$D/clickstream.pq')) TO '$D/%s'",
             columns, to);
    fixture_sql(f, sql);
    snprintf(sql, sizeof(sql), "%s/clickstream.pq", f->path);
    char new[512];
    snprintf(new, sizeof(new), "%s/new.pq", f->path);
    if (strcmp(to, "new.pq' (FORMAT parquet) --") == 0)
        assert_int_equal(rename(new, sql), 0);
    else
        assert_int_equal(unlink(sql), 0);
}

static const char *const PARQUET = "new.pq' (FORMAT parquet) --";

static void integer_ids_of_any_width_give_the_same(void **state)
{
    static const char *const widths[] = {"TINYINT",  "SMALLINT",  "INTEGER",  "BIGINT",
                                         "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"};
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        char columns[256];
        snprintf(columns, sizeof(columns),
                 "cookie::%s AS cookie, node::%s AS node, \"event\"::%s AS \"event\", event_date",
                 widths[i], widths[i], widths[i]);
        rewrite(*state, columns, PARQUET);
        struct dataset *d = fixture_load(&spec);
        check_small(d);
        check_small_ids(d);
        dataset_free(d);
    }
}

static void negative_and_far_apart_ids_ascend_by_value(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    rewrite(*state,
            "CASE cookie WHEN 1 THEN -9223372036854775808 WHEN 2 THEN -5 WHEN 3 THEN "
            "9223372036854775807 ELSE cookie END::BIGINT AS cookie, node, \"event\", event_date",
            PARQUET);
    struct dataset *d = fixture_load(&spec);
    const int64_t users[] = {INT64_MIN, -5, INT64_MAX};
    check_small(d);
    assert_memory_equal(d->users.ints, users, sizeof(users));
    assert_int_equal(idmap_find_text(&d->users, "-5"), 1);
    dataset_free(d);
}

static void ids_above_int64_are_kept_as_unsigned(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    rewrite(*state,
            "cookie, (CASE node WHEN 30 THEN 18446744073709551615 ELSE node END)::UBIGINT AS "
            "node, \"event\", event_date",
            PARQUET);
    struct dataset *d = fixture_load(&spec);
    const uint64_t items[] = {10, 20, UINT64_MAX};
    check_small(d);
    assert_int_equal(d->items.kind, ID_UINT64);
    assert_memory_equal(d->items.uints, items, sizeof(items));
    dataset_free(d);
}

static void string_ids_ascend_by_their_bytes(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    char text[64];
    fixture_small(*state);
    /* 'a', 'a long name that is not inlined', 'é' */
    rewrite(*state,
            "CASE cookie WHEN 1 THEN 'a' WHEN 2 THEN 'a long name that is not inlined' WHEN 3 "
            "THEN 'é' ELSE 'z' END AS cookie, 'sku-' || node AS node, \"event\", event_date",
            PARQUET);
    struct dataset *d = fixture_load(&spec);
    check_small(d);
    assert_int_equal(d->users.kind, ID_STRING);
    assert_string_equal(idmap_text(&d->users, 1, text, sizeof(text)),
                        "a long name that is not inlined");
    assert_int_equal(idmap_find_text(&d->users, "é"), 2);
    assert_int_equal(idmap_find_text(&d->items, "sku-20"), 1);
    assert_int_equal(idmap_find_text(&d->items, "sku-40"), -1); /* only of later rows */
    dataset_free(d);
}

static void events_may_be_text_too(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    rewrite(*state, "cookie, node, 'e' || \"event\" AS \"event\", event_date", PARQUET);
    fixture_sql(*state, "COPY (SELECT * FROM (VALUES ('e10', true), ('e17', false)) "
                        "t(\"event\", is_contact)) TO '$D/events.pq' (FORMAT parquet)");
    struct dataset *d = fixture_load(&spec);
    check_small(d);
    dataset_free(d);
}

static void times_of_any_kind_are_split_alike(void **state)
{
    static const char *const casts[] = {"event_date::TIMESTAMP_NS",
                                        "date_trunc('hour', event_date::TIMESTAMP) + CASE WHEN "
                                        "\"event\" = 10 AND node = 20 AND cookie = 1 THEN "
                                        "INTERVAL 1 MICROSECOND ELSE INTERVAL 0 DAY END",
                                        "event_date::VARCHAR", "event_date::VARCHAR || 'Z'",
                                        "replace(event_date::VARCHAR, ' ', 'T') || '+00:00'"};
    const struct load_spec spec = fixture_spec(*state);
    for (size_t i = 0; i < sizeof(casts) / sizeof(casts[0]); i++) {
        char columns[512];
        snprintf(columns, sizeof(columns), "cookie, node, \"event\", %s AS event_date", casts[i]);
        fixture_small(*state);
        rewrite(*state, columns, PARQUET);
        struct dataset *d = fixture_load(&spec);
        check_small(d);
        dataset_free(d);
    }
}

static void coarse_times_round_the_seen_row_into_train(void **state)
{
    static const char *const types[] = {"TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMPTZ",
                                        "DATE"};
    const struct load_spec spec = fixture_spec(*state);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char columns[512];
        snprintf(columns, sizeof(columns),
                 "cookie, node, \"event\", event_date::TIMESTAMP::%s AS event_date", types[i]);
        fixture_small(*state);
        rewrite(*state, columns, PARQUET);
        if (strcmp(types[i], "DATE") == 0) { /* only the third of January is held out */
            fixture_refuse(&spec, ERR_DATA, "holdout_all_seen", "train 13, eval 1");
            continue;
        }
        /* One nanosecond after the threshold is the threshold now. */
        struct dataset *d = fixture_load(&spec);
        assert_int_equal(d->funnel.train_rows, 6);
        assert_int_equal(d->funnel.eval_rows, 8);
        json_t *time = json_object_get(d->passport, "time");
        assert_string_equal(json_string_value(json_object_get(time, "threshold")),
                            "2025-01-02 00:00:00");
        dataset_free(d);
    }
}

static void fraction_of_a_day_is_held_out(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    spec.eval_days = 0.9; /* threshold 2025-01-02 02:24:00 */
    struct dataset *d = fixture_load(&spec);
    assert_int_equal(d->funnel.train_rows, 6);
    assert_int_equal(d->funnel.eval_rows, 8);
    json_t *time = json_object_get(d->passport, "time");
    assert_string_equal(json_string_value(json_object_get(time, "threshold")),
                        "2025-01-02 02:24:00");
    dataset_free(d);
}

static void csv_gives_what_parquet_gives(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    char path[512];
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT cookie, node, \"event\", event_date::VARCHAR AS event_date "
                        "FROM read_parquet('$D/clickstream.pq')) TO '$D/clickstream.csv'");
    fixture_text(*state, "events.csv", "event,is_contact\n10,1\n17,0\n");
    snprintf(path, sizeof(path), "%s/clickstream.pq", spec.path);
    unlink(path);
    snprintf(path, sizeof(path), "%s/events.pq", spec.path);
    unlink(path);
    struct dataset *d = fixture_load(&spec);
    check_small(d);
    check_small_ids(d);
    assert_string_equal(json_string_value(json_object_get(d->passport, "source")), "csv");
    dataset_free(d);
}

/* The rows in 3 parts, in another order than in one file. */
static void write_parts(const struct fixture *f, const char *directory)
{
    char path[512], sql[512];
    snprintf(path, sizeof(path), "%s/%s", f->path, directory);
    assert_int_equal(mkdir(path, 0700), 0);
    fixture_small(f);
    for (int i = 0; i < 3; i++) {
        snprintf(sql, sizeof(sql),
                 "COPY (SELECT * FROM read_parquet('$D/clickstream.pq') WHERE node %% 3 = %d ORDER "
                 "BY event_date DESC) TO '$D/%s/part-%d.parquet' (FORMAT parquet)",
                 i, directory, i);
        fixture_sql(f, sql);
    }
    snprintf(path, sizeof(path), "%s/clickstream.pq", f->path);
    assert_int_equal(unlink(path), 0);
}

static void directory_of_parts_is_one_table(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    write_parts(*state, "clickstream");
    fixture_text(*state, "clickstream/_SUCCESS", "");
    fixture_text(*state, "clickstream/.part-0.parquet.crc", "x");
    struct dataset *d = fixture_load(&spec);
    check_small(d);
    json_t *files = json_object_get(d->passport, "files");
    assert_int_equal(json_array_size(files), 4);
    assert_string_equal(json_string_value(json_object_get(json_array_get(files, 2), "name")),
                        "clickstream/part-2.parquet");
    dataset_free(d);
}

static void glob_of_parts_finds_events_beside_or_above(void **state)
{
    struct fixture *f = *state;
    struct load_spec spec = fixture_spec(f);
    char pattern[512], below[512];
    write_parts(f, "parts");
    snprintf(pattern, sizeof(pattern), "%s/parts/part-*", f->path);
    spec.path = pattern;
    struct dataset *d = fixture_load(&spec);
    check_small(d);
    dataset_free(d);

    snprintf(below, sizeof(below), "%s/parts/events.pq", f->path);
    snprintf(pattern, sizeof(pattern), "%s/events.pq", f->path);
    assert_int_equal(rename(pattern, below), 0);
    snprintf(pattern, sizeof(pattern), "%s/parts/*.p*", f->path);
    d = fixture_load(&spec);
    check_small(d);
    dataset_free(d);
}

static void other_column_names_can_be_chosen(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    rewrite(*state,
            "cookie AS \"user \"\"id\"\"\", node AS \"it'em\", \"event\" AS eid, event_date AS "
            "\"select\"",
            PARQUET);
    fixture_sql(*state, "COPY (SELECT * FROM (VALUES (10, 1), (17, 0)) t(eid, is_contact)) TO "
                        "'$D/events.pq' (FORMAT parquet)");
    spec.user_column = "user \"id\"";
    spec.item_column = "it'em";
    spec.event_column = "eid";
    spec.time_column = "select";
    struct dataset *d = fixture_load(&spec);
    check_small(d);
    dataset_free(d);
}

static void count_warning(void *context, const struct progress_update *update)
{
    int *warnings = context;
    if (update->message != NULL)
        (*warnings)++;
}

static void null_contact_is_no_contact_with_a_warning(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    int warnings = 0;
    struct error err;
    struct dataset *d = NULL;
    const struct progress progress = {.report = count_warning, .context = &warnings};
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT * FROM (VALUES (10, 1), (17, 0), (99, NULL)) "
                        "t(\"event\", is_contact)) TO '$D/events.pq' (FORMAT parquet)");
    assert_int_equal(dataset_load(&spec, &progress, &d, &err), ERR_OK);
    assert_int_equal(d->funnel.null_contacts, 1);
    assert_int_equal(d->funnel.unlisted_events, 0);
    assert_int_equal(d->funnel.contacts, 6);
    assert_int_equal(warnings, 1);
    dataset_free(d);
}

static void passport_names_no_place_and_no_time(void **state)
{
    struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    struct error err;
    struct strbuf text;
    char hex[HASH_HEX_SIZE], want[96];
    unsigned char sum[HASH_BYTES];
    size_t size;
    struct hash *hash;

    fixture_small(f);
    struct dataset *d = fixture_load(&spec);
    strbuf_init(&text, 1 << 16);
    assert_int_equal(json_write(d->passport, 0, &text, &err), ERR_OK);
    assert_null(strstr(text.ptr, f->path));
    assert_null(strstr(text.ptr, "/proc"));
    json_t *file = json_array_get(json_object_get(d->passport, "files"), 0);
    assert_string_equal(json_string_value(json_object_get(file, "name")), "clickstream.pq");
    assert_int_equal(json_integer_value(json_object_get(file, "rows")), 14);
    unsigned char *bytes = fixture_read(f, "clickstream.pq", &size);
    assert_int_equal(hash_create(&hash, &err), ERR_OK);
    hash_add(hash, bytes, size);
    hash_finish(hash, sum);
    hash_hex(sum, hex);
    snprintf(want, sizeof(want), "sha256:%s", hex);
    assert_string_equal(json_string_value(json_object_get(file, "fingerprint")), want);
    assert_int_equal(json_integer_value(json_object_get(file, "bytes")), size);
    hash_free(hash);
    mem_free(bytes);
    strbuf_release(&text);
    dataset_free(d);
}

static void funnel_has_every_count_in_json(void **state)
{
    (void)state;
    const struct funnel funnel = {.rows = 14, .pairs = 2, .null_contacts = 3};
    json_t *object = funnel_to_json(&funnel);
    assert_int_equal(json_object_size(object), sizeof(funnel) / sizeof(int64_t));
    assert_int_equal(json_integer_value(json_object_get(object, "rows")), 14);
    assert_int_equal(json_integer_value(json_object_get(object, "pairs")), 2);
    assert_int_equal(json_integer_value(json_object_get(object, "null_contacts")), 3);
    json_decref(object);
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(small_clickstream_is_split_as_by_hand),
        WITH_FIXTURE(integer_ids_of_any_width_give_the_same),
        WITH_FIXTURE(negative_and_far_apart_ids_ascend_by_value),
        WITH_FIXTURE(ids_above_int64_are_kept_as_unsigned),
        WITH_FIXTURE(string_ids_ascend_by_their_bytes),
        WITH_FIXTURE(events_may_be_text_too),
        WITH_FIXTURE(times_of_any_kind_are_split_alike),
        WITH_FIXTURE(coarse_times_round_the_seen_row_into_train),
        WITH_FIXTURE(fraction_of_a_day_is_held_out),
        WITH_FIXTURE(csv_gives_what_parquet_gives),
        WITH_FIXTURE(directory_of_parts_is_one_table),
        WITH_FIXTURE(glob_of_parts_finds_events_beside_or_above),
        WITH_FIXTURE(other_column_names_can_be_chosen),
        WITH_FIXTURE(null_contact_is_no_contact_with_a_warning),
        WITH_FIXTURE(passport_names_no_place_and_no_time),
        cmocka_unit_test(funnel_has_every_count_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
