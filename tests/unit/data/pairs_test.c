#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "data/ids.h"
#include "data/pairs.h"

static int compare(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort_agrees_with_qsort_at_any_size_and_limit(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 2, 255, 256, 257, 65536, 65537, 16777216, UINT32_MAX};
    static uint32_t values[3000], scratch[3000], want[3000];
    for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
        for (int64_t count = 0; count <= 3000; count = count < 40 ? count + 1 : count * 3) {
            for (int64_t i = 0; i < count; i++)
                want[i] = values[i] =
                    (uint32_t)(random_bits(7, l, (uint64_t)i) % (uint64_t)limits[l]);
            qsort(want, (size_t)count, sizeof(*want), compare);
            sort_small(values, scratch, count, limits[l]);
            assert_memory_equal(values, want, (size_t)count * sizeof(*want));
        }
    }
}

static void pairs_are_gathered_by_user_over_lists_and_blocks(void **state)
{
    (void)state;
    enum { PAIRS = 20000, USERS = 7 };
    struct error err;
    struct pair_list a = {0}, b = {0}, *lists[] = {&a, &b};
    struct buckets buckets;
    int64_t want_count[USERS] = {0}, want_sum[USERS] = {0};
    _Atomic int64_t *counts = mem_array(USERS, sizeof(*counts), &err);
    const int64_t held = mem_held_bytes() - USERS * (int64_t)sizeof(*counts);

    for (uint32_t i = 0; i < PAIRS; i++) { /* more than a first block */
        struct pair *at;
        struct pair_list *list = lists[i % 5 == 0];
        const struct pair pair = {(uint32_t)(random_bits(1, 0, i / 3) % (USERS - 1)), i};
        assert_int_equal(pair_list_reserve(list, 1, &at, &err), ERR_OK);
        *at = pair;
        pair_list_added(list, 1);
        pairs_count_users(&pair, 1, counts);
        want_count[pair.user]++;
        want_sum[pair.user] += i;
    }
    assert_int_equal(buckets_init(&buckets, lists, 2, counts, USERS, 2, NULL, &err), ERR_OK);
    assert_null(a.first);
    for (int u = 0; u < USERS; u++) {
        int64_t sum = 0;
        assert_int_equal(buckets.indptr[u + 1] - buckets.indptr[u], want_count[u]);
        for (int64_t i = buckets.indptr[u]; i < buckets.indptr[u + 1]; i++)
            sum += buckets.items[i];
        assert_int_equal(sum, want_sum[u]);
    }
    buckets_release(&buckets);
    mem_free((void *)counts);
    assert_int_equal(mem_held_bytes(), held);
}

static void only_marked_ids_are_numbered_across_lanes(void **state)
{
    (void)state;
    struct error err;
    struct ids ids;
    struct idmap map;
    struct id_lane first, second, *lanes[] = {&first, &second};
    const int64_t keys[] = {50, -7, 50, INT64_MAX}, others[] = {INT64_MAX, 3};
    uint32_t codes[4], more[2];
    bool inside;
    assert_int_equal(ids_init(&ids, IDS_HASHED, false, 0, 0, &err), ERR_OK);
    id_lane_init(&first, &ids);
    id_lane_init(&second, &ids);
    assert_int_equal(id_lane_keys(&first, keys, 4, "users", codes, &inside, &err), ERR_OK);
    assert_int_equal(id_lane_keys(&second, others, 2, "users", more, &inside, &err), ERR_OK);
    assert_int_equal(codes[0], codes[2]);
    id_lane_mark(&first, codes[1]); /* -7 */
    id_lane_mark(&second, more[0]); /* INT64_MAX, which the first lane met but did not mark */
    assert_int_equal(ids_finish(&ids, lanes, 2, "users", &map, &err), ERR_OK);
    assert_int_equal(map.count, 2);
    assert_int_equal(map.ints[0], -7);
    assert_int_equal(map.ints[1], INT64_MAX);
    assert_int_equal(id_lane_dense(&first)[codes[0]], -1);
    assert_int_equal(id_lane_dense(&first)[codes[1]], 0);
    assert_int_equal(id_lane_dense(&first)[codes[3]], 1);
    assert_int_equal(id_lane_dense(&second)[more[0]], 1);
    assert_int_equal(id_lane_dense(&second)[more[1]], -1);
    idmap_release(&map);
    id_lane_release(&first);
    id_lane_release(&second);
    ids_release(&ids);
}

static void key_outside_the_range_is_noticed(void **state)
{
    (void)state;
    struct error err;
    struct ids ids;
    struct id_lane lane;
    const int64_t good[] = {-2, 5}, low[] = {-3}, high[] = {6};
    uint32_t codes[2];
    bool inside;
    assert_true(ids_range_is_small(-2, 5, 1));
    assert_false(ids_range_is_small(0, INT64_C(1) << 40, INT64_MAX));
    assert_false(ids_range_is_small(INT64_MIN, INT64_MAX, INT64_MAX));
    assert_false(ids_range_is_small(5, 4, 10));
    assert_int_equal(ids_init(&ids, IDS_DIRECT, false, -2, 5, &err), ERR_OK);
    id_lane_init(&lane, &ids);
    assert_int_equal(id_lane_keys(&lane, good, 2, "items", codes, &inside, &err), ERR_OK);
    assert_true(inside && codes[0] == 0 && codes[1] == 7);
    assert_int_equal(id_lane_keys(&lane, low, 1, "items", codes, &inside, &err), ERR_OK);
    assert_false(inside);
    assert_int_equal(id_lane_keys(&lane, high, 1, "items", codes, &inside, &err), ERR_OK);
    assert_false(inside);
    id_lane_release(&lane);
    ids_release(&ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_agrees_with_qsort_at_any_size_and_limit),
        cmocka_unit_test(pairs_are_gathered_by_user_over_lists_and_blocks),
        cmocka_unit_test(only_marked_ids_are_numbered_across_lanes),
        cmocka_unit_test(key_outside_the_range_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
