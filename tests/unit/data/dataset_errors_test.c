/* Wrong input: each kind has a code, a reason that never changes and a message for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/ids.h"
#include "fixture.h"

/* Replace the clickstream by a query over the small one, which is named `small`. */
static void replace_clicks(const struct fixture *f, const char *query)
{
    char sql[2048], from[512], to[512];
    fixture_small(f);
    snprintf(sql, sizeof(sql),
             "COPY (WITH small AS (SELECT * FROM read_parquet('$D/clickstream.pq')) %s) TO "
             "'$D/new' (FORMAT parquet)",
             query);
    fixture_sql(f, sql);
    snprintf(from, sizeof(from), "%s/new", f->path);
    snprintf(to, sizeof(to), "%s/clickstream.pq", f->path);
    assert_int_equal(rename(from, to), 0);
}

static void remove_file(const struct fixture *f, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    assert_int_equal(unlink(path), 0);
}

static void parameters_out_of_range_are_invalid(void **state)
{
    const struct load_spec good = fixture_spec(*state);
    struct load_spec bad[] = {good, good, good, good, good, good, good, good};
    bad[0].eval_days = 0;
    bad[1].eval_days = NAN;
    bad[2].sample_users = 0;
    bad[3].sample_users = 1.5;
    bad[4].threads = 0;
    bad[5].path = "";
    bad[6].user_column = "";
    bad[7].memory_limit_bytes = -1;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        fixture_refuse(&bad[i], ERR_INVALID, "", "");
}

static void missing_path_is_not_found(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    spec.path = "/nowhere/at/all";
    fixture_refuse(&spec, ERR_NOT_FOUND, "path_missing", "/nowhere/at/all does not exist");
    spec.path = "/nowhere/*.pq";
    fixture_refuse(&spec, ERR_NOT_FOUND, "path_missing", "/nowhere does not exist");
}

static void pattern_without_a_match_is_not_found(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    char pattern[512];
    fixture_small(*state);
    snprintf(pattern, sizeof(pattern), "%s/part-*.pq", spec.path);
    spec.path = pattern;
    fixture_refuse(&spec, ERR_NOT_FOUND, "path_missing", "no file matches");
}

static void file_in_place_of_the_directory_is_refused(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    char path[512];
    fixture_small(*state);
    snprintf(path, sizeof(path), "%s/clickstream.pq", spec.path);
    spec.path = path;
    fixture_refuse(&spec, ERR_DATA, "path_not_directory", "Give the directory that holds");
}

static void directory_without_the_files_names_them(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_refuse(&spec, ERR_NOT_FOUND, "file_missing", "holds no clickstream.pq");
    fixture_small(*state);
    remove_file(*state, "events.pq");
    fixture_refuse(&spec, ERR_NOT_FOUND, "file_missing", "holds no events.pq");
}

/* Root may read anything, so the check runs as another user in a child. */
static void file_of_another_user_is_denied(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    char path[512];
    int status;
    fixture_small(f);
    snprintf(path, sizeof(path), "%s/clickstream.pq", f->path);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(f->path, 0755), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct error err = {0};
        struct dataset *dataset = NULL;
        if (getuid() == 0 && seteuid(65534) != 0)
            _exit(2);
        _exit(dataset_load(&spec, NULL, &dataset, &err) == ERR_DENIED &&
                      strcmp(err.reason, "path_denied") == 0 &&
                      strstr(err.message, "clickstream.pq may not be read") != NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void link_out_of_the_directory_is_denied(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    char path[512], other[512];
    fixture_small(f);
    snprintf(path, sizeof(path), "%s/events.pq", f->path);
    snprintf(other, sizeof(other), "%s/kinds.pq", f->path);
    assert_int_equal(rename(path, other), 0);
    assert_int_equal(symlink("kinds.pq", path), 0); /* inside: followed */
    dataset_free(fixture_load(&spec));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    fixture_refuse(&spec, ERR_DENIED, "link_outside", "events.pq is a link");
}

static void two_candidates_are_ambiguous(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    fixture_text(*state, "clickstream.csv", "cookie\n1\n");
    fixture_refuse(&spec, ERR_DATA, "file_ambiguous", "both clickstream.pq and clickstream.csv");
}

static void pipe_is_no_ordinary_file(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    char path[512];
    fixture_events(f);
    snprintf(path, sizeof(path), "%s/clickstream.pq", f->path);
    assert_int_equal(mkfifo(path, 0600), 0);
    fixture_refuse(&spec, ERR_DATA, "not_regular", "clickstream.pq is no ordinary file");
}

static void files_that_are_not_parquet_are_refused(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    fixture_events(f);
    fixture_text(f, "clickstream.pq", "");
    fixture_refuse(&spec, ERR_DATA, "file_empty", "clickstream.pq is empty (0 bytes)");
    fixture_text(f, "clickstream.pq", "PAR1");
    fixture_refuse(&spec, ERR_DATA, "not_parquet", "it has 4 bytes");
    fixture_text(f, "clickstream.pq", "cookie,node,event,event_date\n");
    fixture_refuse(&spec, ERR_DATA, "not_parquet", "first four bytes are not");
    fixture_text(f, "clickstream.pq", "PARE............PARE");
    fixture_refuse(&spec, ERR_DATA, "parquet_encrypted", "encrypted");
    fixture_write(f, "clickstream.pq", "PAR1\xFF\xFF\xFF\xFFPAR1", 12);
    fixture_refuse(&spec, ERR_DATA, "parquet_footer", "claims 4294967295 bytes");
    fixture_write(f, "clickstream.pq", "PAR1\0\0\0\0PAR1", 12);
    fixture_refuse(&spec, ERR_DATA, "file_corrupt", "clickstream.pq cannot be read");
}

static void truncated_parquet_is_refused_wherever_it_ends(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    size_t size;
    fixture_small(f);
    unsigned char *bytes = fixture_read(f, "clickstream.pq", &size);
    const size_t ends[] = {13, size / 4, size / 2, size - 100, size - 8, size - 4, size - 1};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        fixture_write(f, "clickstream.pq", bytes, ends[i]);
        fixture_refuse(&spec, ERR_DATA, "parquet_truncated", "clickstream.pq is cut off");
    }
    mem_free(bytes);
}

static void missing_column_lists_those_there_are(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    replace_clicks(*state, "SELECT cookie, node AS item, \"event\", event_date FROM small");
    fixture_refuse(&spec, ERR_DATA, "column_missing",
                   "clickstream.pq has no column `node`. Found: cookie, item, event, event_date. "
                   "Choose another column with item_column, or add it.");
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT 10 AS \"event\") TO '$D/events.pq' (FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "column_missing", "events.pq has no column `is_contact`");
}

static void wrong_type_names_what_was_expected(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    replace_clicks(*state,
                   "SELECT cookie::DOUBLE AS cookie, node, \"event\", event_date FROM small");
    fixture_refuse(&spec, ERR_DATA, "column_type",
                   "clickstream.pq has DOUBLE in column `cookie`; expected an integer of at most "
                   "64 bits or text");
    replace_clicks(*state, "SELECT cookie, [node] AS node, \"event\", event_date FROM small");
    fixture_refuse(&spec, ERR_DATA, "column_type", "LIST in column `node`");
    replace_clicks(*state, "SELECT cookie, node, \"event\", 5 AS event_date FROM small");
    fixture_refuse(&spec, ERR_DATA, "column_type", "expected a date, a timestamp or ISO 8601 text");
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT 10 AS \"event\", 'yes' AS is_contact) TO '$D/events.pq' "
                        "(FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "column_type", "expected 0 and 1, or a boolean");
}

static void events_of_another_kind_than_the_clicks_are_refused(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT 'x' AS \"event\", 1 AS is_contact) TO '$D/events.pq' "
                        "(FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "event_type", "is BIGINT in the clickstream and VARCHAR");
}

static void nulls_are_counted_and_the_first_is_named(void **state)
{
    static const char *const columns[] = {"cookie", "node", "\"event\"", "event_date"};
    static const char *const names[] = {"`cookie`", "`node`", "`event`", "`event_date`"};
    const struct load_spec spec = fixture_spec(*state);
    char query[512], part[128];
    for (int i = 0; i < 4; i++) {
        snprintf(query, sizeof(query),
                 "SELECT * REPLACE (CASE WHEN n IN (9, 12) THEN NULL ELSE %s END AS %s) FROM "
                 "(SELECT *, row_number() OVER () AS n FROM small)",
                 columns[i], columns[i]);
        snprintf(part, sizeof(part),
                 "clickstream.pq has a null in column %s in 2 of its 14 rows, the first is row 9.",
                 names[i]);
        replace_clicks(*state, query);
        fixture_refuse(&spec, ERR_DATA, "null_values", part);
    }
}

static void null_event_in_the_events_file_is_refused(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT * FROM (VALUES (10, 1), (NULL, 0)) t(\"event\", is_contact)) "
                        "TO '$D/events.pq' (FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "null_values",
                   "events.pq has a null in column `event`, in row 2");
}

static void text_that_is_no_time_is_counted(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    replace_clicks(*state, "SELECT cookie, node, \"event\", CASE WHEN cookie = 9 THEN 'yesterday' "
                           "ELSE event_date::VARCHAR END AS event_date FROM small");
    fixture_refuse(&spec, ERR_DATA, "time_text", "in 2 of its 14 rows, the first is row 12");
}

static void clickstream_without_rows_is_refused(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    replace_clicks(*state, "SELECT * FROM small LIMIT 0");
    fixture_refuse(&spec, ERR_DATA, "no_rows", "clickstream.pq has no rows");
}

static void events_without_a_contact_are_refused(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    fixture_sql(*state,
                "COPY (SELECT * FROM (VALUES (10, 0), (17, NULL)) t(\"event\", is_contact)) "
                "TO '$D/events.pq' (FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "events_no_contact", "2 events, 1 of them with a null");
    fixture_sql(*state, "COPY (SELECT 1 AS \"event\", 1 AS is_contact LIMIT 0) TO '$D/events.pq' "
                        "(FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "events_no_contact", "0 events");
}

static void event_that_is_listed_twice_is_refused(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    fixture_sql(*state, "COPY (SELECT * FROM (VALUES (10, 1), (17, 0), (17, 1)) "
                        "t(\"event\", is_contact)) TO '$D/events.pq' (FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "event_duplicate", "events.pq lists event 17 more than once");
}

static void empty_holdout_says_which_step_emptied_it(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    const char *const early = "event_date <= TIMESTAMP '2025-01-02'";
    const struct {
        const char *later, *reason;
    } cases[] = {
        {"cookie = 2 AND node = 20", "holdout_all_seen"},
        {"cookie = 2 AND node = 10", "holdout_no_contact"},
        {"cookie = 9", "holdout_users_unknown"},
        {"cookie = 1 AND node = 40", "holdout_items_unknown"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char query[1024];
        snprintf(query, sizeof(query),
                 "SELECT cookie, node, \"event\", event_date FROM small WHERE %s OR (%s) UNION ALL "
                 "SELECT 2, 20, 17, TIMESTAMP '2025-01-03'",
                 early, cases[i].later);
        replace_clicks(*state, query);
        fixture_refuse(&spec, ERR_DATA, cases[i].reason, "train 5");
    }
}

static void equal_times_cannot_be_split(void **state)
{
    const struct load_spec spec = fixture_spec(*state);
    replace_clicks(*state, "SELECT * REPLACE (TIMESTAMP '2025-01-01' AS event_date) FROM small");
    fixture_refuse(&spec, ERR_DATA, "time_constant",
                   "all 14 rows have the same `event_date`, 2025-01-01 00:00:00");
}

static void window_longer_than_the_data_leaves_no_train(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    spec.eval_days = 14;
    fixture_refuse(&spec, ERR_DATA, "train_empty",
                   "run from 2025-01-01 00:00:00 to 2025-01-03 00:00:00, and the last 14 days");
    spec.eval_days = 1e9;
    fixture_refuse(&spec, ERR_DATA, "train_empty", "out of range");
}

static void sample_that_keeps_nobody_is_refused(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    fixture_small(*state);
    spec.sample_users = 1e-12;
    fixture_refuse(&spec, ERR_DATA, "sample_empty", "Raise sample_users");
}

static void sample_without_a_later_row_has_an_empty_holdout(void **state)
{
    struct load_spec spec = fixture_spec(*state);
    bool seen = false;
    replace_clicks(*state, "SELECT * FROM small WHERE cookie = 9 OR event_date <= TIMESTAMP "
                           "'2025-01-02'");
    spec.sample_users = 0.5;
    for (spec.seed = 0; spec.seed < 64 && !seen; spec.seed++) { /* some keep 1 to 3 and not 9 */
        struct error err = {0};
        struct dataset *dataset = NULL;
        assert_int_equal(dataset_load(&spec, NULL, &dataset, &err), ERR_DATA);
        seen = strcmp(err.reason, "holdout_empty") == 0;
    }
    assert_true(seen);
}

static void csv_row_that_does_not_fit_is_named(void **state)
{
    struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    static char text[1 << 20];
    fixture_text(f, "events.csv", "event,is_contact\n10,1\n");
    size_t used = (size_t)snprintf(text, sizeof(text), "cookie,node,event,event_date\n");
    for (int i = 0; i < 25000; i++) /* beyond the rows that types are guessed from */
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%d,2,10,2025-01-01\n", i);
    snprintf(text + used, sizeof(text) - used, "x,2,10,2025-01-01\n");
    fixture_text(f, "clickstream.csv", text);
    fixture_refuse(&spec, ERR_DATA, "csv_row", "clickstream.csv, line 25002, column `cookie`");
    snprintf(text + used, sizeof(text) - used, "1,2,10\n1,2,10,2025-01-01\n");
    fixture_text(f, "clickstream.csv", text);
    fixture_refuse(&spec, ERR_DATA, "csv_row", "clickstream.csv, line 25002");
}

static void binary_csv_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    fixture_text(f, "events.csv", "event,is_contact\n10,1\n");
    fixture_write(f, "clickstream.csv", "PK\0\x03", 4);
    fixture_refuse(&spec, ERR_DATA, "not_csv", "clickstream.csv is no CSV file");
}

static void make_parts(const struct fixture *f)
{
    char from[512], to[512];
    fixture_small(f);
    snprintf(to, sizeof(to), "%s/clickstream", f->path);
    assert_int_equal(mkdir(to, 0700), 0);
    snprintf(from, sizeof(from), "%s/clickstream.pq", f->path);
    snprintf(to, sizeof(to), "%s/clickstream/a.pq", f->path);
    assert_int_equal(rename(from, to), 0);
}

static void parts_that_do_not_fit_together_are_refused(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    make_parts(f);
    fixture_sql(f,
                "COPY (SELECT * REPLACE (cookie::VARCHAR AS cookie) FROM "
                "read_parquet('$D/clickstream/a.pq')) TO '$D/clickstream/b.pq' (FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "parts_differ",
                   "column `cookie` is BIGINT in clickstream/a.pq and VARCHAR in clickstream/b.pq");
    fixture_sql(f, "COPY (SELECT * EXCLUDE (node) FROM read_parquet('$D/clickstream/a.pq')) TO "
                   "'$D/clickstream/b.pq' (FORMAT parquet)");
    fixture_refuse(&spec, ERR_DATA, "column_missing", "clickstream/b.pq has no column `node`");
}

static void parts_of_two_kinds_are_refused(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    make_parts(f);
    fixture_text(f, "clickstream/b.csv", "cookie,node,event,event_date\n1,2,10,2025-01-01\n");
    fixture_refuse(&spec, ERR_DATA, "parts_mixed", "clickstream/b.csv is not of the same kind");
}

static void directory_without_parts_is_refused(void **state)
{
    const struct fixture *f = *state;
    const struct load_spec spec = fixture_spec(f);
    char path[512];
    fixture_events(f);
    snprintf(path, sizeof(path), "%s/clickstream.pq", f->path);
    assert_int_equal(mkdir(path, 0700), 0);
    fixture_refuse(&spec, ERR_DATA, "parts_missing", "without a single part");
}

static void more_ids_than_an_index_can_number_are_refused(void **state)
{
    (void)state;
    struct error err;
    assert_int_equal(ids_check_count(INT32_MAX, "users", &err), ERR_OK);
    assert_int_equal(ids_check_count((int64_t)INT32_MAX + 1, "users", &err), ERR_DATA);
    assert_string_equal(err.reason, "too_many_ids");
    assert_non_null(strstr(err.message, "distinct users"));
}

int main(void)
{
#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(parameters_out_of_range_are_invalid),
        WITH_FIXTURE(missing_path_is_not_found),
        WITH_FIXTURE(pattern_without_a_match_is_not_found),
        WITH_FIXTURE(file_in_place_of_the_directory_is_refused),
        WITH_FIXTURE(directory_without_the_files_names_them),
        WITH_FIXTURE(file_of_another_user_is_denied),
        WITH_FIXTURE(link_out_of_the_directory_is_denied),
        WITH_FIXTURE(two_candidates_are_ambiguous),
        WITH_FIXTURE(pipe_is_no_ordinary_file),
        WITH_FIXTURE(files_that_are_not_parquet_are_refused),
        WITH_FIXTURE(truncated_parquet_is_refused_wherever_it_ends),
        WITH_FIXTURE(missing_column_lists_those_there_are),
        WITH_FIXTURE(wrong_type_names_what_was_expected),
        WITH_FIXTURE(events_of_another_kind_than_the_clicks_are_refused),
        WITH_FIXTURE(nulls_are_counted_and_the_first_is_named),
        WITH_FIXTURE(null_event_in_the_events_file_is_refused),
        WITH_FIXTURE(text_that_is_no_time_is_counted),
        WITH_FIXTURE(clickstream_without_rows_is_refused),
        WITH_FIXTURE(events_without_a_contact_are_refused),
        WITH_FIXTURE(event_that_is_listed_twice_is_refused),
        WITH_FIXTURE(empty_holdout_says_which_step_emptied_it),
        WITH_FIXTURE(equal_times_cannot_be_split),
        WITH_FIXTURE(window_longer_than_the_data_leaves_no_train),
        WITH_FIXTURE(sample_that_keeps_nobody_is_refused),
        WITH_FIXTURE(sample_without_a_later_row_has_an_empty_holdout),
        WITH_FIXTURE(csv_row_that_does_not_fit_is_named),
        WITH_FIXTURE(binary_csv_is_refused),
        WITH_FIXTURE(parts_that_do_not_fit_together_are_refused),
        WITH_FIXTURE(parts_of_two_kinds_are_refused),
        WITH_FIXTURE(directory_without_parts_is_refused),
        cmocka_unit_test(more_ids_than_an_index_can_number_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
