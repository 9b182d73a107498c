#include "base/memory.h"

#include <string.h>

#include "support/test.h"

/* From the heap, and large enough to be mapped. */
static const size_t sizes[] = {0, 1, 63, 64, 65, 1000, (size_t)5 << 20};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void arrays_are_zeroed_and_aligned(void **state)
{
    struct error err;
    (void)state;
    for (int i = 0; i < SIZES; i++) {
        char *array = mem_array(sizes[i], 1, &err);
        assert_non_null(array);
        assert_int_equal((uintptr_t)array % 64, 0);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(array[at], 0);
        if (sizes[i] > 0)
            memset(array, 0xA5, sizes[i]); /* all of it is ours: the sanitizer looks on */
        mem_free(array);
    }
}

static void used_memory_comes_back_zeroed(void **state)
{
    struct error err;
    (void)state;
    for (int round = 0; round < 50; round++) {
        unsigned char *array = mem_array(300, 1, &err);
        assert_non_null(array);
        for (int at = 0; at < 300; at++)
            assert_int_equal(array[at], 0);
        memset(array, 0xFF, 300);
        mem_free(array);
    }
}

static void sizes_that_overflow_are_refused(void **state)
{
    struct error err;
    (void)state;
    assert_null(mem_array(SIZE_MAX / 2, 3, &err));
    assert_int_equal(err.code, ERR_NOMEM);
    assert_null(mem_array(SIZE_MAX - 10, 1, &err));
    assert_int_equal(err.code, ERR_NOMEM);
    assert_null(mem_array((size_t)1 << 62, 1, &err)); /* no overflow, but nobody has that much */
    assert_int_equal(err.code, ERR_NOMEM);
}

static void a_grown_array_keeps_its_content_and_ends_in_zeros(void **state)
{
    struct error err;
    (void)state;
    for (int i = 1; i < SIZES; i++) {
        char *array = mem_array(sizes[i], 1, &err);
        assert_non_null(array);
        memset(array, 7, sizes[i]);
        array = mem_resize(array, sizes[i] + 100, 1, &err);
        assert_non_null(array);
        assert_int_equal(array[sizes[i] - 1], 7);
        for (size_t at = sizes[i]; at < sizes[i] + 100; at++)
            assert_int_equal(array[at], 0);
        array = mem_resize(array, 1, 1, &err);
        assert_non_null(array);
        assert_int_equal(array[0], 7);
        mem_free(array);
    }
}

static void resizing_nothing_makes_an_array(void **state)
{
    struct error err;
    (void)state;
    int *array = mem_resize(NULL, 4, sizeof(int), &err);
    assert_non_null(array);
    assert_int_equal(array[3], 0);
    mem_free(array);
}

static void a_failed_resize_leaves_the_array_alone(void **state)
{
    struct error err;
    (void)state;
    int *array = mem_array(2, sizeof(int), &err);
    assert_non_null(array);
    array[1] = 42;
    mem_fail_after(1);
    int *grown = mem_resize(array, 200, sizeof(int), &err);
    mem_fail_after(0);
    assert_null(grown);
    assert_int_equal(err.code, ERR_NOMEM);
    assert_int_equal(array[1], 42);
    mem_free(array);
}

static void copies_are_copies(void **state)
{
    struct error err;
    (void)state;
    char text[] = "clicks";
    char *copy = mem_dup_string(text, &err);
    char *bytes = mem_dup(text, 3, &err);
    char *nothing = mem_dup(NULL, 0, &err);
    assert_non_null(copy);
    assert_non_null(bytes);
    assert_non_null(nothing);
    text[0] = 'C';
    assert_string_equal(copy, "clicks");
    assert_memory_equal(bytes, "cli", 3);
    mem_free(copy);
    mem_free(bytes);
    mem_free(nothing);
}

static void freeing_nothing_is_allowed(void **state)
{
    (void)state;
    int64_t held = mem_held_bytes();
    mem_free(NULL);
    assert_int_equal(mem_held_bytes(), held);
}

static void what_is_held_and_its_peak_are_counted(void **state)
{
    struct error err;
    (void)state;
    const int64_t before = mem_held_bytes();
    void *small = mem_array(10, 100, &err);
    void *large = mem_array(6 << 20, 1, &err);
    assert_non_null(small);
    assert_non_null(large);
    assert_int_equal(mem_held_bytes() - before, 1000 + (6 << 20));
    mem_free(large);
    assert_int_equal(mem_held_bytes() - before, 1000);
    assert_true(mem_peak_bytes() - before >= 1000 + (6 << 20));
    mem_reset_peak();
    assert_int_equal(mem_peak_bytes(), mem_held_bytes());
    mem_free(small);
    assert_int_equal(mem_held_bytes(), before);
}

static void the_chosen_allocation_and_all_after_it_fail(void **state)
{
    struct error err;
    (void)state;
    mem_fail_after(3);
    void *first = mem_array(1, 1, &err), *second = mem_array(1, 1, &err);
    void *third = mem_array(1, 1, &err);
    enum err third_code = err.code;
    void *fourth = mem_array(1, 1, &err);
    assert_int_equal(mem_fail_count(), 4);
    mem_fail_after(0);
    void *fifth = mem_array(1, 1, &err);
    assert_non_null(first);
    assert_non_null(second);
    assert_null(third);
    assert_int_equal(third_code, ERR_NOMEM);
    assert_null(fourth);
    assert_non_null(fifth);
    mem_free(first);
    mem_free(second);
    mem_free(fifth);
}

static void a_failed_allocation_is_not_counted_as_held(void **state)
{
    struct error err;
    (void)state;
    const int64_t before = mem_held_bytes();
    mem_fail_after(1);
    assert_null(mem_array(1000, 1, &err));
    mem_fail_after(0);
    assert_int_equal(mem_held_bytes(), before);
}

static void the_process_tells_its_memory(void **state)
{
    struct error err;
    (void)state;
    const size_t bytes = (size_t)64 << 20;
    char *array = mem_array(bytes, 1, &err);
    assert_non_null(array);
    memset(array, 1, bytes);
    assert_true(mem_rss_bytes() >= (int64_t)bytes);
    mem_free(array);
    assert_true(mem_peak_rss_bytes() >= (int64_t)bytes);
    const int64_t now = mem_rss_bytes();
    assert_true(mem_peak_rss_bytes() >= now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_zeroed_and_aligned),
        cmocka_unit_test(used_memory_comes_back_zeroed),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_grown_array_keeps_its_content_and_ends_in_zeros),
        cmocka_unit_test(resizing_nothing_makes_an_array),
        cmocka_unit_test(a_failed_resize_leaves_the_array_alone),
        cmocka_unit_test(copies_are_copies),
        cmocka_unit_test(freeing_nothing_is_allowed),
        cmocka_unit_test(what_is_held_and_its_peak_are_counted),
        cmocka_unit_test(the_chosen_allocation_and_all_after_it_fail),
        cmocka_unit_test(a_failed_allocation_is_not_counted_as_held),
        cmocka_unit_test(the_process_tells_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
