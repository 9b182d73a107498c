#include "data/idmap.h"

#include <string.h>

#include "base/memory.h"
#include "support/test.h"

static struct idmap ints(const int64_t *values, int32_t count)
{
    struct error err;
    struct idmap map = {.kind = ID_INT64, .count = count};
    map.ints = mem_dup(values, (size_t)count * sizeof(*values), &err);
    assert_non_null(map.ints);
    return map;
}

static struct idmap uints(const uint64_t *values, int32_t count)
{
    struct error err;
    struct idmap map = {.kind = ID_UINT64, .count = count};
    map.uints = mem_dup(values, (size_t)count * sizeof(*values), &err);
    assert_non_null(map.uints);
    return map;
}

static struct idmap strings(const char *const *values, int32_t count)
{
    struct error err;
    struct idmap map = {.kind = ID_STRING, .count = count};
    size_t size = 0;
    for (int32_t i = 0; i < count; i++)
        size += strlen(values[i]);
    map.offsets = mem_array((size_t)count + 1, sizeof(*map.offsets), &err);
    map.bytes = mem_array(size, 1, &err);
    assert_true(map.offsets != NULL && map.bytes != NULL);
    for (int32_t i = 0; i < count; i++) {
        const size_t length = strlen(values[i]);
        memcpy(map.bytes + map.offsets[i], values[i], length);
        map.offsets[i + 1] = map.offsets[i] + (int64_t)length;
    }
    return map;
}

/* Every id is written as text and found again at its own index. */
static void assert_round_trip(const struct idmap *map)
{
    char text[64];
    for (int32_t i = 0; i < map->count; i++) {
        assert_ptr_equal(idmap_text(map, i, text, sizeof(text)), text);
        assert_int_equal(idmap_find_text(map, text), i);
    }
}

static void numbers_are_found_where_they_stand(void **state)
{
    static const int64_t ids[] = {INT64_MIN, -5, 0, 7, 42, INT64_MAX};
    char text[32];
    (void)state;
    for (int32_t count = 0; count <= 6; count++) {
        struct idmap map = ints(ids, count);
        assert_round_trip(&map);
        idmap_release(&map);
    }
    struct idmap map = ints(ids, 6);
    assert_int_equal(idmap_find_text(&map, "42"), 4);
    assert_string_equal(idmap_text(&map, 0, text, sizeof(text)), "-9223372036854775808");
    idmap_release(&map);
}

static void a_number_that_is_not_there_is_not_found(void **state)
{
    static const int64_t ids[] = {-5, 7, 42};
    static const char *const absent[] = {"-6", "0", "8", "43", "9223372036854775807"};
    (void)state;
    struct idmap map = ints(ids, 3);
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
        assert_int_equal(idmap_find_text(&map, absent[i]), -1);
    idmap_release(&map);
}

static void what_is_no_number_is_not_found_among_numbers(void **state)
{
    static const int64_t ids[] = {0, 7};
    static const uint64_t naturals[] = {0, 7, UINT64_MAX};
    static const char *const foreign[] = {"",    "x",   "7x",  " 7",  "7 ",
                                          "\t7", "7.0", "0x7", "--7", "99999999999999999999"};
    (void)state;
    struct idmap signed_map = ints(ids, 2), unsigned_map = uints(naturals, 3);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (idmap_find_text(&signed_map, foreign[i]) != -1)
            fail_msg("\"%s\" was found", foreign[i]);
        if (idmap_find_text(&unsigned_map, foreign[i]) != -1)
            fail_msg("\"%s\" was found among naturals", foreign[i]);
    }
    assert_int_equal(idmap_find_text(&unsigned_map, "-1"), -1); /* not its complement */
    idmap_release(&signed_map);
    idmap_release(&unsigned_map);
}

static void large_naturals_are_found(void **state)
{
    static const uint64_t ids[] = {3, (uint64_t)INT64_MAX + 1, UINT64_MAX};
    char text[32];
    (void)state;
    struct idmap map = uints(ids, 3);
    assert_round_trip(&map);
    assert_string_equal(idmap_text(&map, 2, text, sizeof(text)), "18446744073709551615");
    assert_int_equal(idmap_find_text(&map, "9223372036854775808"), 1);
    assert_int_equal(idmap_find_text(&map, "4"), -1);
    idmap_release(&map);
}

static void strings_are_found_by_their_bytes(void **state)
{
    static const char *const ids[] = {"", "10", "9", "A", "a", "aa", "ab", "мир"};
    (void)state;
    struct idmap map = strings(ids, 8);
    assert_round_trip(&map);
    assert_int_equal(idmap_find_text(&map, "9"), 2);
    assert_int_equal(idmap_find_text(&map, "мир"), 7);
    idmap_release(&map);
}

static void a_string_that_only_begins_alike_is_not_found(void **state)
{
    static const char *const ids[] = {"aa", "ab", "abc"};
    (void)state;
    struct idmap map = strings(ids, 3);
    assert_int_equal(idmap_find_text(&map, "a"), -1);
    assert_int_equal(idmap_find_text(&map, "abb"), -1);
    assert_int_equal(idmap_find_text(&map, "abcd"), -1);
    assert_int_equal(idmap_find_text(&map, "AB"), -1);
    assert_int_equal(idmap_find_text(&map, ""), -1);
    idmap_release(&map);
}

static void a_string_is_lent_without_a_copy(void **state)
{
    static const char *const ids[] = {"sku-1", "sku-27"};
    (void)state;
    struct idmap map = strings(ids, 2);
    struct str text = idmap_string(&map, 1);
    assert_ptr_equal(text.ptr, map.bytes + 5);
    assert_int_equal(text.len, 6);
    assert_memory_equal(text.ptr, "sku-27", 6);
    idmap_release(&map);
}

static void text_is_cut_to_its_room(void **state)
{
    static const char *const ids[] = {"sku-27"};
    static const int64_t numbers[] = {123456};
    char text[8] = "#######";
    (void)state;
    struct idmap named = strings(ids, 1), numbered = ints(numbers, 1);
    assert_string_equal(idmap_text(&named, 0, text, 4), "sku");
    assert_int_equal(text[4], '#');
    assert_string_equal(idmap_text(&numbered, 0, text, 4), "123");
    assert_int_equal(text[4], '#');
    idmap_release(&named);
    idmap_release(&numbered);
}

static void a_map_without_ids_finds_nothing(void **state)
{
    (void)state;
    struct idmap map = {0};
    assert_int_equal(idmap_find_text(&map, "1"), -1);
    map.kind = ID_STRING;
    assert_int_equal(idmap_find_text(&map, "1"), -1);
}

static void a_released_map_is_empty_and_holds_nothing(void **state)
{
    static const char *const ids[] = {"a", "b"};
    static const uint64_t naturals[] = {1, 2};
    (void)state;
    const int64_t before = mem_held_bytes();
    struct idmap named = strings(ids, 2), numbered = uints(naturals, 2);
    assert_true(mem_held_bytes() > before);
    idmap_release(&named);
    idmap_release(&numbered);
    assert_int_equal(mem_held_bytes(), before);
    assert_int_equal(named.count, 0);
    assert_null(named.bytes);
    idmap_release(&named); /* a second time is allowed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_found_where_they_stand),
        cmocka_unit_test(a_number_that_is_not_there_is_not_found),
        cmocka_unit_test(what_is_no_number_is_not_found_among_numbers),
        cmocka_unit_test(large_naturals_are_found),
        cmocka_unit_test(strings_are_found_by_their_bytes),
        cmocka_unit_test(a_string_that_only_begins_alike_is_not_found),
        cmocka_unit_test(a_string_is_lent_without_a_copy),
        cmocka_unit_test(text_is_cut_to_its_room),
        cmocka_unit_test(a_map_without_ids_finds_nothing),
        cmocka_unit_test(a_released_map_is_empty_and_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
