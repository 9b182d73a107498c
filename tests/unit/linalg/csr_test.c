#include "linalg/csr.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/test.h"

/*     0 1 2 3
 * 0 [ . 2 . 3 ]
 * 1 [ . . . . ]
 * 2 [ 5 7 . . ]   column 2 is empty as well */
static struct csr small(void)
{
    static const int64_t indptr[] = {0, 2, 2, 4};
    static const int32_t indices[] = {1, 3, 0, 1};
    static const float values[] = {2, 3, 5, 7};
    struct error err;
    struct csr m;
    assert_ok(csr_init(&m, 3, 4, 4, &err));
    memcpy(m.indptr, indptr, sizeof(indptr));
    memcpy(m.indices, indices, sizeof(indices));
    memcpy(m.values, values, sizeof(values));
    return m;
}

/* About `density` of the entries, values that tell row and column. */
static struct csr scattered(int32_t rows, int32_t cols, double density)
{
    struct error err;
    struct csr m;
    int64_t nnz = 0;
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1)
            assert_ok(csr_init(&m, rows, cols, nnz, &err));
        nnz = 0;
        for (int32_t row = 0; row < rows; row++) {
            for (int32_t col = 0; col < cols; col++) {
                if (random_double(random_bits(3, (uint64_t)row, (uint64_t)col)) >= density)
                    continue;
                if (pass == 1) {
                    m.indices[nnz] = col;
                    m.values[nnz] = (float)(row * cols + col + 1);
                }
                nnz++;
            }
            if (pass == 1)
                m.indptr[row + 1] = nnz;
        }
    }
    return m;
}

static void assert_equal_csr(const struct csr *a, const struct csr *b)
{
    assert_int_equal(a->rows, b->rows);
    assert_int_equal(a->cols, b->cols);
    assert_memory_equal(a->indptr, b->indptr, ((size_t)a->rows + 1) * sizeof(*a->indptr));
    if (csr_nnz(a) == 0)
        return;
    assert_memory_equal(a->indices, b->indices, (size_t)csr_nnz(a) * sizeof(*a->indices));
    assert_memory_equal(a->values, b->values, (size_t)csr_nnz(a) * sizeof(*a->values));
}

static void a_new_matrix_is_zeroed_and_valid_once_it_is_empty(void **state)
{
    struct error err;
    struct csr m;
    (void)state;
    assert_ok(csr_init(&m, 2, 3, 0, &err));
    assert_int_equal(csr_nnz(&m), 0);
    assert_int_equal(csr_row_nnz(&m, 1), 0);
    assert_ok(csr_check(&m, "train", &err));
    csr_release(&m);
    assert_null(m.indptr);
    assert_int_equal(m.rows, 0);
    csr_release(&m); /* a second time is allowed */
}

static void rows_are_counted(void **state)
{
    (void)state;
    struct csr m = small();
    assert_int_equal(csr_nnz(&m), 4);
    assert_int_equal(csr_row_nnz(&m, 0), 2);
    assert_int_equal(csr_row_nnz(&m, 1), 0);
    assert_int_equal(csr_row_nnz(&m, 2), 2);
    csr_release(&m);
}

static void the_transpose_of_a_small_matrix_is_right(void **state)
{
    static const int64_t indptr[] = {0, 1, 3, 3, 4};
    static const int32_t indices[] = {2, 0, 2, 0};
    static const float values[] = {5, 2, 7, 3};
    struct error err;
    struct csr t;
    (void)state;
    struct csr m = small();
    assert_ok(csr_transpose(&m, 1, &t, &err));
    assert_int_equal(t.rows, 4);
    assert_int_equal(t.cols, 3);
    assert_memory_equal(t.indptr, indptr, sizeof(indptr));
    assert_memory_equal(t.indices, indices, sizeof(indices));
    assert_memory_equal(t.values, values, sizeof(values));
    assert_ok(csr_check(&t, "transpose", &err));
    csr_release(&m);
    csr_release(&t);
}

static void the_transpose_of_the_transpose_is_the_matrix(void **state)
{
    static const struct {
        int32_t rows, cols;
        double density;
    } shapes[] = {{1, 1, 1}, {50, 70, 0.1}, {70, 3, 0.9}, {3, 300, 0.5}, {20, 20, 0}};
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct csr m = scattered(shapes[i].rows, shapes[i].cols, shapes[i].density), t, back;
        assert_ok(csr_transpose(&m, 2, &t, &err));
        assert_ok(csr_check(&t, "transpose", &err));
        assert_ok(csr_transpose(&t, 2, &back, &err));
        assert_equal_csr(&m, &back);
        csr_release(&m);
        csr_release(&t);
        csr_release(&back);
    }
}

static void the_transpose_is_the_same_for_any_number_of_threads(void **state)
{
    struct error err;
    (void)state;
    struct csr m = scattered(100, 37, 0.2), one, many;
    assert_ok(csr_transpose(&m, 1, &one, &err));
    for (int32_t threads = 2; threads <= 64; threads += 5) { /* also more threads than rows */
        assert_ok(csr_transpose(&m, threads, &many, &err));
        assert_equal_csr(&one, &many);
        csr_release(&many);
    }
    csr_release(&m);
    csr_release(&one);
}

static void a_transpose_without_memory_leaves_nothing_behind(void **state)
{
    struct error err;
    (void)state;
    struct csr m = small(), t = {0};
    const int64_t before = mem_held_bytes();
    for (int64_t n = 1; n <= 4; n++) {
        mem_fail_after(n);
        enum err code = csr_transpose(&m, 1, &t, &err);
        mem_fail_after(0);
        assert_error(code, ERR_NOMEM);
        assert_null(t.indptr);
        assert_int_equal(mem_held_bytes(), before);
    }
    csr_release(&m);
}

/* One entry is spoiled at a time; the check must see it and name the matrix. */
static void assert_found(struct csr *m)
{
    struct error err;
    assert_error(csr_check(m, "train", &err), ERR_DATA);
    assert_non_null(strstr(err.message, "train"));
    csr_release(m);
}

static void a_matrix_as_promised_passes_the_check(void **state)
{
    struct error err;
    (void)state;
    struct csr m = scattered(30, 40, 0.3);
    assert_ok(csr_check(&m, "train", &err));
    csr_release(&m);
}

static void offsets_that_fall_are_found(void **state)
{
    (void)state;
    struct csr m = small();
    m.indptr[1] = 3; /* then row 1 would go from 3 back to 2 */
    assert_found(&m);
}

static void a_first_offset_above_zero_is_found(void **state)
{
    (void)state;
    struct csr m = small();
    m.indptr[0] = 1;
    assert_found(&m);
}

static void a_column_out_of_range_is_found(void **state)
{
    (void)state;
    struct csr m = small();
    m.indices[1] = 4;
    assert_found(&m);
    m = small();
    m.indices[2] = -1;
    assert_found(&m);
}

static void columns_out_of_order_are_found(void **state)
{
    (void)state;
    struct csr m = small();
    m.indices[0] = 3;
    m.indices[1] = 1;
    assert_found(&m);
}

static void a_column_that_appears_twice_is_found(void **state)
{
    (void)state;
    struct csr m = small();
    m.indices[3] = 0;
    assert_found(&m);
}

static void values_that_are_not_finite_are_found(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct csr m = small();
        m.values[3] = bad[i];
        assert_found(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_matrix_is_zeroed_and_valid_once_it_is_empty),
        cmocka_unit_test(rows_are_counted),
        cmocka_unit_test(the_transpose_of_a_small_matrix_is_right),
        cmocka_unit_test(the_transpose_of_the_transpose_is_the_matrix),
        cmocka_unit_test(the_transpose_is_the_same_for_any_number_of_threads),
        cmocka_unit_test(a_transpose_without_memory_leaves_nothing_behind),
        cmocka_unit_test(a_matrix_as_promised_passes_the_check),
        cmocka_unit_test(offsets_that_fall_are_found),
        cmocka_unit_test(a_first_offset_above_zero_is_found),
        cmocka_unit_test(a_column_out_of_range_is_found),
        cmocka_unit_test(columns_out_of_order_are_found),
        cmocka_unit_test(a_column_that_appears_twice_is_found),
        cmocka_unit_test(values_that_are_not_finite_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
