/* Two lists side by side, whose models know different items, by ids of each kind. */
#include "predict/compare.h"

#include "base/memory.h"
#include "data/idmap.h"
#include "support/test.h"

enum { LONG_MAX = 8 };

struct rig {
    struct idmap ids[2];
    struct model_record records[2];
    struct recommendation lists[2][LONG_MAX];
    int32_t places[2][LONG_MAX];
    struct compared_list sides[2];
};

static void set(struct rig *rig, int side, struct idmap ids, const int32_t *items, int32_t count)
{
    rig->ids[side] = ids;
    rig->records[side] = (struct model_record){.items = &rig->ids[side]};
    for (int32_t i = 0; i < count; i++) {
        rig->lists[side][i] = (struct recommendation){items[i], (float)-i};
        rig->places[side][i] = 99;
    }
    rig->sides[side] =
        (struct compared_list){&rig->records[side], rig->lists[side], count, rig->places[side]};
}

static struct idmap numbers(int64_t *ids, int32_t count)
{
    return (struct idmap){.kind = ID_INT64, .count = count, .ints = ids};
}

static void items_are_matched_by_their_ids(void **state)
{
    struct rig rig;
    struct error err;
    int32_t common = -1;
    int64_t left_ids[] = {-4, 10, 11, 12, 90}, right_ids[] = {10, 12, 13, 91};
    static const int32_t left[] = {3, 0, 1, 4}, right[] = {2, 0, 1}; /* 12 -4 10 90, 13 10 12 */
    (void)state;
    set(&rig, 0, numbers(left_ids, 5), left, 4);
    set(&rig, 1, numbers(right_ids, 4), right, 3);
    assert_ok(lists_compare(&rig.sides[0], &rig.sides[1], &common, &err));
    assert_int_equal(common, 2);
    static const int32_t want_left[] = {3, 0, 2, 0}, want_right[] = {0, 3, 1};
    assert_memory_equal(rig.places[0], want_left, sizeof(want_left));
    assert_memory_equal(rig.places[1], want_right, sizeof(want_right));
}

static void texts_and_numbers_are_compared_as_they_are_written(void **state)
{
    struct rig rig;
    struct error err;
    int32_t common = -1;
    char bytes[] = "10sku";
    int64_t offsets[] = {0, 2, 5}, ids[] = {7, 10};
    static const int32_t items[] = {1, 0};
    const struct idmap texts = {.kind = ID_STRING, .count = 2, .offsets = offsets, .bytes = bytes};
    (void)state;
    set(&rig, 0, texts, items, 2);           /* sku 10 */
    set(&rig, 1, numbers(ids, 2), items, 2); /* 10 7 */
    assert_ok(lists_compare(&rig.sides[0], &rig.sides[1], &common, &err));
    assert_int_equal(common, 1);
    assert_int_equal(rig.places[0][0], 0);
    assert_int_equal(rig.places[0][1], 1);
    assert_int_equal(rig.places[1][0], 2);
    mem_fail_after(1);
    assert_error(lists_compare(&rig.sides[0], &rig.sides[1], &common, &err), ERR_NOMEM);
    mem_fail_after(0);
}

static void empty_lists_have_nothing_in_common(void **state)
{
    struct rig rig;
    struct error err;
    int32_t common = -1;
    int64_t ids[] = {1};
    (void)state;
    set(&rig, 0, numbers(ids, 1), NULL, 0);
    set(&rig, 1, numbers(ids, 1), (const int32_t[]){0}, 1);
    assert_ok(lists_compare(&rig.sides[0], &rig.sides[1], &common, &err));
    assert_int_equal(common, 0);
    assert_int_equal(rig.places[1][0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_matched_by_their_ids),
        cmocka_unit_test(texts_and_numbers_are_compared_as_they_are_written),
        cmocka_unit_test(empty_lists_have_nothing_in_common),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
