/* Lists of ids as people write them: what is an id in them, and what is refused in words. */
#include "data/csv_ids.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

static char taken[2000];
static struct error err;

static enum err take(void *context, struct str id, struct error *take_err)
{
    (void)take_err;
    size_t *room = context;
    const size_t used = strlen(taken);
    assert_true(id.len > 0 && used + id.len + 2 < *room);
    snprintf(taken + used, *room - used, "%.*s|", (int)id.len, id.ptr);
    return ERR_OK;
}

/* The ids of a file, read in pieces of `piece` bytes. */
static enum err read_ids(const char *text, size_t size, size_t piece)
{
    enum err rc = ERR_OK;
    struct csv_ids csv;
    size_t room = sizeof(taken);
    taken[0] = '\0';
    csv_ids_init(&csv, "users.csv", "cookie", take, &room);
    for (size_t at = 0; rc == ERR_OK && at < size; at += piece)
        rc = csv_ids_add(&csv, text + at, size - at < piece ? size - at : piece, &err);
    return rc == ERR_OK ? csv_ids_end(&csv, &err) : rc;
}

static void assert_ids(const char *text, const char *wanted)
{
    for (size_t piece = 1; piece < 9; piece++) {
        assert_ok(read_ids(text, strlen(text), piece));
        assert_string_equal(taken, wanted);
    }
}

static void assert_refused(const char *text, const char *reason, const char *words)
{
    assert_error(read_ids(text, strlen(text), 3), ERR_DATA);
    assert_string_equal(err.reason, reason);
    if (strstr(err.message, words) == NULL)
        fail_msg("%s: it does not say %s", err.message, words);
}

static void ids_stand_in_the_column_that_is_named(void **state)
{
    (void)state;
    assert_ids("cookie\n1\n2\n", "1|2|");
    assert_ids("cookie\r\n1\r\n2", "1|2|");
    assert_ids("a,cookie,b\n1,2,3\n4,5,6\n", "2|5|");
    assert_ids("a;cookie\n1,5;2\n", "2|");
    assert_ids("cookie\tb\n1\t2\n", "1|");
    assert_ids("cookie,b\n 7 ,x\n", "7|");
    assert_ids("b,cookie,cookie\n1,2,3\n", "2|");
    assert_ids("cookie\n", "");
}

static void a_file_of_one_column_may_go_without_a_name(void **state)
{
    (void)state;
    assert_ids("1\n2\n", "1|2|");
    assert_ids("user_id\n1\n", "user_id|1|");
    assert_ids("1", "1|");
}

static void quotes_and_marks_are_no_part_of_an_id(void **state)
{
    (void)state;
    assert_ids("\xEF\xBB\xBF"
               "cookie\n1\n",
               "1|");
    assert_ids("\xEF\xBB\xBF\"cookie\",x\n\"1\",2\n", "1|");
    assert_ids("x,cookie\n\"a,\"\"b\"\"\n c\",\"3\"\n", "3|");
    assert_ids("cookie\n\"a\"\"b\"\n", "a\"b|");
    assert_ids("cookie\na\"b\n", "a\"b|");
}

static void empty_lines_are_passed_over(void **state)
{
    (void)state;
    assert_ids("cookie\n\n1\n\n\n2\n\n", "1|2|");
}

static void what_is_no_table_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("", "csv_row", "line 1");
    assert_refused("\n1\n", "csv_row", "line 1");
    assert_refused("a,b\n1,2\n", "column_missing", "Found: a, b");
    assert_refused("a,cookie\n1,2\n3\n", "csv_row", "line 3");
    assert_refused("a,cookie\n1,\n", "null_values", "line 2");
    assert_refused("a,cookie\n1,  \n", "null_values", "line 2");
    assert_refused("cookie\n\"1\n", "csv_row", "never closed");
    assert_refused("cookie\n\"1\"2\n", "csv_row", "closing quote");
    assert_error(read_ids("cookie\n1\0002\n", 11, 4), ERR_DATA);
    assert_string_equal(err.reason, "not_csv");
}

static void a_field_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    static char text[CSV_ID_MAX + 20], many[2 * CSV_COLUMNS_MAX + 20];
    snprintf(text, sizeof(text), "cookie\n");
    memset(text + 7, 'x', CSV_ID_MAX + 1);
    assert_error(read_ids(text, CSV_ID_MAX + 8, 1000), ERR_DATA);
    assert_string_equal(err.reason, "csv_row");
    memset(many, ',', sizeof(many));
    assert_error(read_ids(many, sizeof(many), 1000), ERR_DATA);
    assert_string_equal(err.reason, "csv_row");
}

static void assert_pasted(const char *text, const char *wanted)
{
    size_t room = sizeof(taken);
    taken[0] = '\0';
    assert_ok(pasted_ids(text, "cookie", take, &room, &err));
    assert_string_equal(taken, wanted);
}

static void pasted_ids_are_divided_by_lines_and_commas(void **state)
{
    (void)state;
    assert_pasted("", "");
    assert_pasted(" \n,; \t", "");
    assert_pasted("1,2\n3;4\t5\r\n6", "1|2|3|4|5|6|");
    assert_pasted("cookie\n1\ncookie\n", "1|cookie|");
    assert_pasted("\"1\", \"a b\"", "1|a b|");
    static char text[CSV_ID_MAX + 2];
    size_t room = sizeof(taken);
    memset(text, 'x', CSV_ID_MAX + 1);
    assert_error(pasted_ids(text, "cookie", take, &room, &err), ERR_DATA);
}

static enum err refuse(void *context, struct str id, struct error *take_err)
{
    (void)context;
    (void)id;
    return FAIL(take_err, ERR_CANCELLED, "enough");
}

static void what_the_taker_says_ends_it(void **state)
{
    (void)state;
    struct csv_ids csv;
    csv_ids_init(&csv, "users.csv", "cookie", refuse, NULL);
    assert_error(csv_ids_add(&csv, "cookie\n1\n2\n", 11, &err), ERR_CANCELLED);
    assert_error(pasted_ids("1", "cookie", refuse, NULL, &err), ERR_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_stand_in_the_column_that_is_named),
        cmocka_unit_test(a_file_of_one_column_may_go_without_a_name),
        cmocka_unit_test(quotes_and_marks_are_no_part_of_an_id),
        cmocka_unit_test(empty_lines_are_passed_over),
        cmocka_unit_test(what_is_no_table_is_refused_with_its_line),
        cmocka_unit_test(a_field_beyond_the_limit_is_refused),
        cmocka_unit_test(pasted_ids_are_divided_by_lines_and_commas),
        cmocka_unit_test(what_the_taker_says_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
