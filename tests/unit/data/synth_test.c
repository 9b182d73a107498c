#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "data/dataset.h"
#include "synth_maker.h"

/* The clickstream that the tests of its content share: 300,000 rows, 3,000 users, 6,000 items,
 * made once. */
static int content_setup(void **state)
{
    if (fixture_setup(state) != 0)
        return -1;
    struct synth_spec spec = make_spec(*state, "made", 300000, 3000, 6000);
    spec.threads = 2;
    const struct synth_result result = make(&spec);
    assert_int_equal(result.rows, 300000);
    assert_int_equal(result.train_rows, 198958); /* 300,000 × 45,631,770 / 68,806,152 */
    assert_int_equal(result.users, 3000);
    assert_int_equal(result.items, 6000);
    return 0;
}

/* ---- what is in the files ---- */

static void columns_and_types_are_those_of_the_baseline(void **state)
{
    assert_text(*state,
                "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM "
                "(DESCRIBE SELECT * FROM read_parquet('$D/made/clickstream.pq'))",
                "cookie BIGINT, item BIGINT, event BIGINT, event_date TIMESTAMP_NS, platform "
                "BIGINT, surface BIGINT, node UINTEGER");
    assert_text(*state,
                "SELECT string_agg(column_name || ' ' || column_type, ', ') FROM "
                "(DESCRIBE SELECT * FROM read_parquet('$D/made/events.pq'))",
                "event BIGINT, is_contact BIGINT");
    assert_text(*state,
                "SELECT string_agg(name || ' ' || type || ' ' || coalesce(converted_type, "
                "regexp_extract(logical_type, 'NANOS'), ''), ', ') FROM "
                "parquet_schema('$D/made/clickstream.pq') WHERE name IN ('node', 'event_date')",
                "event_date INT64 NANOS, node INT32 UINT_32");
}

static void users_items_and_days_are_as_many_as_asked_for(void **state)
{
    assert_text(*state,
                "SELECT concat_ws(' ', count(*), count(DISTINCT cookie), count(DISTINCT node), "
                "min(event_date), max(event_date), count(*) FILTER (event_date <= "
                "TIMESTAMP '2025-02-09')) FROM read_parquet('$D/made/clickstream.pq')",
                "300000 3000 6000 2025-01-10 00:00:00 2025-02-23 00:00:00 198958");
    assert_text(*state,
                "SELECT concat_ws(' ', min(cookie), max(cookie), min(node), max(node), "
                "min(platform), max(platform), min(surface), max(surface)) FROM "
                "read_parquet('$D/made/clickstream.pq')",
                "0 3349 1 6229 0 6 0 18");
    assert_text(*state,
                "SELECT count(*) FROM read_parquet('$D/made/clickstream.pq') WHERE cookie IS NULL "
                "OR item IS "
                "NULL OR \"event\" IS NULL OR event_date IS NULL OR platform IS NULL OR surface "
                "IS NULL OR node IS NULL OR date_trunc('second', event_date) <> event_date",
                "0");
}

static void events_occur_exactly_in_the_baselines_mix(void **state)
{
    assert_text(*state,
                "SELECT string_agg(e || ':' || n, ' ') FROM (SELECT \"event\" AS e, count(*) AS n "
                "FROM read_parquet('$D/made/clickstream.pq') GROUP BY e ORDER BY n DESC, e)",
                "17:266356 11:18813 12:3776 10:3608 15:1478 16:1352 4:1134 5:959 14:785 2:610 "
                "13:436 7:327 19:218 8:113 0:31 9:3 6:1");
    assert_text(*state,
                "SELECT string_agg(\"event\" || ':' || is_contact, ' ' ORDER BY \"event\") FROM "
                "read_parquet('$D/made/events.pq')",
                "0:1 1:1 2:1 4:1 5:1 6:0 7:1 8:1 9:0 10:1 11:0 12:0 13:1 14:1 15:1 16:0 17:0 18:1 "
                "19:1");
}

static void users_differ_as_much_as_those_of_the_baseline(void **state)
{
    /* The baseline's quartiles 67, 231, 625 and its deviation 823.57, at 100 rows for 512.35. */
    static const char rows[] = "SELECT %s FROM (SELECT count(*) AS n FROM "
                               "read_parquet('$D/made/clickstream.pq') GROUP BY cookie)";
    static const struct {
        const char *what;
        double low, high;
    } cases[] = {{"quantile_disc(n, 0.25)", 12, 14},
                 {"quantile_disc(n, 0.5)", 43, 47},
                 {"quantile_disc(n, 0.75)", 119, 125},
                 {"stddev(n)", 145, 170},
                 {"min(n)", 1, 1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char sql[256];
        snprintf(sql, sizeof(sql), rows, cases[i].what);
        assert_between(ask(*state, sql), cases[i].low, cases[i].high);
    }
}

static void a_few_items_have_most_rows_and_most_have_few(void **state)
{
    static const char n[] = "SELECT %s FROM (SELECT count(*) AS n FROM "
                            "read_parquet('$D/made/clickstream.pq') GROUP BY node)";
    char sql[256];
    snprintf(sql, sizeof(sql), n, "max(n) / 300000.0");
    assert_between(ask(*state, sql), 0.008, 0.03);
    snprintf(sql, sizeof(sql), n, "list_sum(list_sort(list(n), 'DESC')[:300]) / 300000.0");
    assert_between(ask(*state, sql), 0.35, 0.5); /* the top 5 % */
    snprintf(sql, sizeof(sql), n, "quantile_disc(n, 0.5)");
    assert_between(ask(*state, sql), 5, 25);
}

static void rows_stand_by_user_and_within_one_by_time(void **state)
{
    assert_text(*state,
                "SELECT count(*) FROM (SELECT cookie, event_date, lag(cookie) OVER w AS c, "
                "lag(event_date) OVER w AS d FROM read_parquet('$D/made/clickstream.pq', "
                "file_row_number = true) WINDOW w AS (ORDER BY file_row_number)) "
                "WHERE cookie < c OR (cookie = c AND event_date < d)",
                "0");
}

static void users_return_to_what_they_have_seen(void **state)
{
    const double pairs = ask(*state, "SELECT count(*) FROM (SELECT DISTINCT cookie, node FROM "
                                     "read_parquet('$D/made/clickstream.pq'))");
    assert_between(pairs, 0.25 * 300000, 0.65 * 300000);
}

static void a_product_belongs_to_one_item(void **state)
{
    assert_text(*state,
                "SELECT max(n) FROM (SELECT count(DISTINCT node) AS n FROM "
                "read_parquet('$D/made/clickstream.pq') GROUP BY item)",
                "1");
    const double products =
        ask(*state, "SELECT count(DISTINCT item) FROM read_parquet('$D/made/clickstream.pq')");
    assert_between(products, 0.29 * 300000, 0.37 * 300000); /* 22,646,691 of 68,806,152 */
}

static void users_who_share_a_rare_item_share_more(void **state)
{
    /* Of two users who both know a rare item, how many of the one's other items of middling
     * popularity the other knows too, beside two users who stand 500 apart. */
    fixture_sql(*state,
                "COPY (WITH p AS (SELECT DISTINCT cookie AS u, node AS i FROM "
                "read_parquet('$D/made/clickstream.pq')), c AS (SELECT i, count(*) AS n FROM p "
                "GROUP BY i), "
                "mid AS (SELECT u, i FROM p JOIN c USING (i) WHERE n BETWEEN 20 AND 200), "
                "rare AS (SELECT u, i FROM p JOIN c USING (i) WHERE n BETWEEN 3 AND 8), "
                "near AS (SELECT DISTINCT a.u AS a, b.u AS b FROM rare a JOIN rare b USING (i) "
                "WHERE a.u < b.u), "
                "far AS (SELECT a, n2.b AS b FROM (SELECT a, row_number() OVER (ORDER BY a, b) AS "
                "r FROM near) JOIN (SELECT b, (row_number() OVER (ORDER BY a, b) + 500) % (SELECT "
                "count(*) FROM near) + 1 AS r FROM near) n2 USING (r) WHERE a <> n2.b) "
                "SELECT (SELECT count(*) FROM near JOIN mid x ON x.u = a JOIN mid y ON y.u = b "
                "AND x.i = y.i) / (SELECT count(*) FROM near)::DOUBLE AS near, (SELECT count(*) "
                "FROM far JOIN mid x ON x.u = a JOIN mid y ON y.u = b AND x.i = y.i) / (SELECT "
                "count(*) FROM far)::DOUBLE AS far) TO '$D/lift.csv'");
    assert_between(ask(*state, "SELECT near / far FROM '$D/lift.csv'"), 1.15, 20);
}

static void the_baselines_split_leaves_pairs_to_find(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    spec.path = made_directory(*state, "made");
    spec.eval_days = 14;
    struct dataset *dataset = fixture_load(&spec);
    const struct funnel *funnel = &dataset->funnel;
    assert_int_equal(funnel->rows, 300000);
    assert_int_equal(funnel->train_rows, 198958);
    assert_int_equal(funnel->unlisted_events, 0);
    assert_between((double)funnel->unseen / (double)funnel->eval_rows, 0.4, 0.7);
    assert_between((double)funnel->pairs / (double)funnel->unseen, 0.008, 0.03);
    assert_true(funnel->eval_users > 300);
    dataset_free(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_and_types_are_those_of_the_baseline),
        cmocka_unit_test(users_items_and_days_are_as_many_as_asked_for),
        cmocka_unit_test(events_occur_exactly_in_the_baselines_mix),
        cmocka_unit_test(users_differ_as_much_as_those_of_the_baseline),
        cmocka_unit_test(a_few_items_have_most_rows_and_most_have_few),
        cmocka_unit_test(rows_stand_by_user_and_within_one_by_time),
        cmocka_unit_test(users_return_to_what_they_have_seen),
        cmocka_unit_test(a_product_belongs_to_one_item),
        cmocka_unit_test(users_who_share_a_rare_item_share_more),
        cmocka_unit_test(the_baselines_split_leaves_pairs_to_find),
    };
    return cmocka_run_group_tests(tests, content_setup, fixture_teardown);
}
