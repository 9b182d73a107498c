/* What must not change the result (threads, order of rows, wrong footers), what must (the seed of
 * a sample), and the same split worked out by SQL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <duckdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"
#include "fixture.h"

static const char SKEWED[] =
    "SELECT (300 * pow(hash(i * 7 + 1) / 18446744073709551616.0, 2))::BIGINT AS cookie, "
    "(200 * pow(hash(i * 3 + 5) / 18446744073709551616.0, 3))::UINTEGER AS node, "
    "(CASE WHEN hash(i * 11) % 3 = 0 THEN 10 WHEN hash(i) % 50 = 0 THEN 5 ELSE 17 END)::BIGINT "
    "AS \"event\", make_timestamp_ns(1735689600000000000 + (hash(i * 13) % "
    "864000000000000)::BIGINT) "
    "AS event_date FROM range(60000) t(i)";

/* 60,000 rows of 300 users and 200 items over ten days, in row groups of 2,048. */
static void write_skewed(const struct fixture *f, const char *order)
{
    char sql[2048];
    snprintf(sql, sizeof(sql),
             "COPY (%s %s) TO '$D/clickstream.pq' (FORMAT parquet, ROW_GROUP_SIZE 2048)", SKEWED,
             order);
    fixture_events(f);
    fixture_sql(f, sql);
}

static void check_equal(const struct dataset *a, const struct dataset *b)
{
    struct error err;
    char x[HASH_HEX_SIZE], y[HASH_HEX_SIZE];
    const size_t nnz = (size_t)csr_nnz(&a->train);
    assert_memory_equal(&a->funnel, &b->funnel, sizeof(a->funnel));
    assert_memory_equal(a->train.indptr, b->train.indptr,
                        ((size_t)a->train.rows + 1) * sizeof(*a->train.indptr));
    assert_memory_equal(a->train.indices, b->train.indices, nnz * sizeof(*a->train.indices));
    assert_memory_equal(a->train.values, b->train.values, nnz * sizeof(*a->train.values));
    assert_memory_equal(a->popularity, b->popularity,
                        (size_t)a->train.cols * sizeof(*a->popularity));
    assert_int_equal(holdout_fingerprint(a, x, &err), ERR_OK);
    assert_int_equal(holdout_fingerprint(b, y, &err), ERR_OK);
    assert_string_equal(x, y);
}

static void threads_and_order_of_rows_change_nothing(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    static const char *const orders[] = {"", "ORDER BY cookie, event_date", "ORDER BY hash(i)"};
    spec.eval_days = 3;
    spec.threads = 1;
    write_skewed(*state, "");
    struct dataset *first = fixture_load(&spec);
    assert_true(first->funnel.pairs > 100 && first->funnel.unseen < first->funnel.eval_rows);
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        write_skewed(*state, orders[i]);
        for (spec.threads = 1; spec.threads <= 7; spec.threads += 3) {
            struct dataset *d = fixture_load(&spec);
            check_equal(first, d);
            dataset_free(d);
        }
    }
    dataset_free(first);
}

static void hashed_and_text_ids_give_the_same_as_direct_ones(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    spec.eval_days = 3;
    write_skewed(*state, "");
    struct dataset *direct = fixture_load(&spec);
    /* Too far apart for a table, and text that ascends as the numbers do. */
    fixture_sql(*state, "COPY (SELECT cookie * 1000000000000 AS cookie, printf('item-%05d', "
                        "node::INT) AS node, \"event\", event_date FROM "
                        "read_parquet('$D/clickstream.pq')) TO '$D/new' (FORMAT parquet); "
                        "COPY (SELECT * FROM read_parquet('$D/new')) TO '$D/clickstream.pq' "
                        "(FORMAT parquet)");
    struct dataset *other = fixture_load(&spec);
    assert_memory_equal(&direct->funnel, &other->funnel, sizeof(direct->funnel));
    assert_memory_equal(direct->train.indices, other->train.indices,
                        (size_t)csr_nnz(&direct->train) * sizeof(int32_t));
    assert_memory_equal(direct->train.values, other->train.values,
                        (size_t)csr_nnz(&direct->train) * sizeof(float));
    assert_memory_equal(direct->holdout.items, other->holdout.items,
                        (size_t)direct->funnel.pairs * sizeof(int32_t));
    dataset_free(direct);
    dataset_free(other);
}

/* One number from SQL over the directory. */
static int64_t ask(const struct fixture *f, const char *query)
{
    char sql[2048];
    size_t size;
    snprintf(sql, sizeof(sql),
             "COPY (WITH c AS (SELECT * FROM read_parquet('$D/clickstream.pq')), "
             "t AS (SELECT max(event_date) AS m FROM c), "
             "train AS (SELECT c.* FROM c, t WHERE event_date <= m - INTERVAL 3 DAY), "
             "later AS (SELECT c.* FROM c, t WHERE event_date > m - INTERVAL 3 DAY), "
             "unseen AS (SELECT * FROM later ANTI JOIN train USING (cookie, node)), "
             "contacts AS (SELECT * FROM unseen WHERE \"event\" = 10), "
             "known AS (SELECT * FROM contacts WHERE cookie IN (SELECT cookie FROM train)), "
             "both_known AS (SELECT * FROM known WHERE node IN (SELECT node FROM train)) %s) TO "
             "'$D/answer.csv' (FORMAT csv, HEADER false)",
             query);
    fixture_sql(f, sql);
    unsigned char *text = fixture_read(f, "answer.csv", &size);
    char digits[32] = "";
    memcpy(digits, text, size < sizeof(digits) - 1 ? size : sizeof(digits) - 1);
    mem_free(text);
    return strtoll(digits, NULL, 10);
}

static void funnel_agrees_with_sql(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    spec.eval_days = 3;
    write_skewed(*state, "");
    struct dataset *d = fixture_load(&spec);
    const struct funnel *f = &d->funnel;
    assert_int_equal(f->train_rows, ask(*state, "SELECT count(*) FROM train"));
    assert_int_equal(f->eval_rows, ask(*state, "SELECT count(*) FROM later"));
    assert_int_equal(f->unseen, ask(*state, "SELECT count(*) FROM unseen"));
    assert_int_equal(f->contacts, ask(*state, "SELECT count(*) FROM contacts"));
    assert_int_equal(f->known_users, ask(*state, "SELECT count(*) FROM known"));
    assert_int_equal(f->known_items, ask(*state, "SELECT count(*) FROM both_known"));
    assert_int_equal(f->pairs,
                     ask(*state, "SELECT count(DISTINCT (cookie, node)) FROM both_known"));
    assert_int_equal(f->eval_users, ask(*state, "SELECT count(DISTINCT cookie) FROM both_known"));
    assert_int_equal(f->users, ask(*state, "SELECT count(DISTINCT cookie) FROM train"));
    assert_int_equal(f->items, ask(*state, "SELECT count(DISTINCT node) FROM train"));
    assert_int_equal(f->nnz, ask(*state, "SELECT count(DISTINCT (cookie, node)) FROM train"));
    assert_int_equal(f->unlisted_events,
                     ask(*state, "SELECT count(*) FROM unseen WHERE \"event\" = 5"));
    dataset_free(d);
}

static void sample_keeps_whole_users_by_seed_and_id(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    spec.eval_days = 3;
    spec.seed = 42;
    write_skewed(*state, "");
    struct dataset *all = fixture_load(&spec);
    spec.sample_users = 0.4;
    struct dataset *some = fixture_load(&spec);
    assert_in_range(some->users.count, 80, 160); /* of 300 */
    for (int32_t u = 0; u < some->users.count; u++) {
        char id[32];
        const int32_t was = idmap_find_text(&all->users, idmap_text(&some->users, u, id, 32));
        assert_true(was >= 0);
        assert_int_equal(csr_row_nnz(&some->train, u), csr_row_nnz(&all->train, was));
    }
    /* The window is that of all rows, and other orders and threads keep the same users. */
    assert_true(json_equal(json_object_get(all->passport, "time"),
                           json_object_get(some->passport, "time")));
    write_skewed(*state, "ORDER BY hash(i)");
    spec.threads = 5;
    struct dataset *again = fixture_load(&spec);
    check_equal(some, again);
    spec.seed = 43;
    struct dataset *other = fixture_load(&spec);
    assert_true(other->users.count != some->users.count ||
                memcmp(other->users.ints, some->users.ints,
                       (size_t)some->users.count * sizeof(int64_t)) != 0);
    dataset_free(all);
    dataset_free(some);
    dataset_free(again);
    dataset_free(other);
}

/* Nanoseconds that footers, as the engine prints them, do not tell: the first pass goes by a wrong
 * maximum and the rows decide. */
static void rows_win_over_what_the_footer_says(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT * REPLACE (make_timestamp_ns(epoch_ns(event_date) + 999) AS "
                        "event_date) FROM read_parquet('$D/clickstream.pq')) TO '$D/new' (FORMAT "
                        "parquet); COPY (FROM read_parquet('$D/new')) TO '$D/clickstream.pq' "
                        "(FORMAT parquet)");
    struct dataset *d = fixture_load(&spec);
    assert_int_equal(d->funnel.train_rows, 5);
    assert_int_equal(d->funnel.pairs, 2);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(d->passport, "time"), "threshold")),
        "2025-01-02 00:00:00.000000999");
    dataset_free(d);
}

static void fingerprint_changes_with_ids_and_pairs(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    struct error err;
    char x[HASH_HEX_SIZE], y[HASH_HEX_SIZE];
    fixture_small(*state);
    struct dataset *d = fixture_load(&spec);
    assert_int_equal(holdout_fingerprint(d, x, &err), ERR_OK);
    d->users.ints[2]++;
    assert_int_equal(holdout_fingerprint(d, y, &err), ERR_OK);
    assert_string_not_equal(x, y);
    d->users.ints[2]--;
    d->holdout.items[1]--;
    assert_int_equal(holdout_fingerprint(d, y, &err), ERR_OK);
    assert_string_not_equal(x, y);
    dataset_free(d);
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(threads_and_order_of_rows_change_nothing),
        WITH_FIXTURE(hashed_and_text_ids_give_the_same_as_direct_ones),
        WITH_FIXTURE(funnel_agrees_with_sql),
        WITH_FIXTURE(sample_keeps_whole_users_by_seed_and_id),
        WITH_FIXTURE(rows_win_over_what_the_footer_says),
        WITH_FIXTURE(fingerprint_changes_with_ids_and_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
