/* Which of a model's users a list means. */
#include "predict/batch_users.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static int64_t numbers[] = {3, 5, 8};
static const struct idmap ids = {.kind = ID_INT64, .count = 3, .ints = numbers};

static void take(struct batch_users *list, const char *id)
{
    struct error err;
    assert_ok(batch_users_take(list, (struct str){id, strlen(id)}, &err));
}

static void each_user_counts_once_in_the_order_of_the_list(void **state)
{
    (void)state;
    struct error err;
    struct batch_users list;
    assert_ok(batch_users_init(&list, &ids, &err));
    take(&list, "8");
    take(&list, "4");
    take(&list, "3");
    take(&list, "8");
    take(&list, "eight");
    assert_int_equal(list.count, 2);
    assert_int_equal(list.users[0], 2);
    assert_int_equal(list.users[1], 0);
    assert_int_equal(list.unknown, 2);
    assert_int_equal(list.repeated, 1);
    assert_string_equal(list.first_unknown, "4");
    assert_ok(batch_users_check(&list, &err));
    batch_users_release(&list);
}

static void a_list_of_strangers_is_refused_and_so_is_none(void **state)
{
    (void)state;
    struct error err;
    struct batch_users list;
    assert_ok(batch_users_init(&list, &ids, &err));
    assert_error(batch_users_check(&list, &err), ERR_DATA);
    assert_string_equal(err.reason, "users_empty");
    take(&list, "4");
    assert_error(batch_users_check(&list, &err), ERR_DATA);
    assert_string_equal(err.reason, "users_unknown");
    assert_non_null(strstr(err.message, "the first is 4"));
    batch_users_release(&list);
}

static void an_id_with_a_zero_byte_is_a_stranger(void **state)
{
    (void)state;
    struct error err;
    struct batch_users list;
    assert_ok(batch_users_init(&list, &ids, &err));
    assert_ok(batch_users_take(&list, (struct str){"3\0x", 3}, &err));
    assert_int_equal(list.count, 0);
    assert_int_equal(list.unknown, 1);
    batch_users_release(&list);
}

static void no_memory_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    struct error err;
    struct batch_users list;
    for (int64_t after = 1; after <= 2; after++) {
        mem_fail_after(after);
        assert_error(batch_users_init(&list, &ids, &err), ERR_NOMEM);
    }
    mem_fail_after(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_user_counts_once_in_the_order_of_the_list),
        cmocka_unit_test(a_list_of_strangers_is_refused_and_so_is_none),
        cmocka_unit_test(an_id_with_a_zero_byte_is_a_stranger),
        cmocka_unit_test(no_memory_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
