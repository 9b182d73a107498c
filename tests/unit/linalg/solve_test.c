/* Against dense systems solved in double, and against what implicit gives on a small matrix. The
 * same tests run for each CPU level that the processor has; solve_wide_test.c adds the 16-lane
 * kernels on any processor. */
#include "support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "linalg/cpu.h"
#include "linalg/solve_work.h"
#include "solve_golden.h"

#ifndef SOLVE_TEST_LEVEL_FIRST
#define SOLVE_TEST_LEVEL_FIRST CPU_PORTABLE
#define SOLVE_TEST_LEVEL_LAST cpu_level_best()
#endif

static struct error err;

static const struct solve_kernels *kernels_at(enum cpu_level level)
{
    return level == CPU_AVX512 ? &solve_kernels_avx512
           : level == CPU_AVX2 ? &solve_kernels_avx2
                               : &solve_kernels_portable;
}

enum { TABLE_ROWS = 300, FACTORS_MAX = 200 };

/* A made-up row: `count` entries over a table of TABLE_ROWS random vectors. */
struct problem {
    int32_t factors, width, count;
    float *table, *gram;
    float values[TABLE_ROWS];
    int32_t indices[TABLE_ROWS];
    struct solve_side side;
    struct solve_row row;
};

/* A third of the entries have confidence 1, some less than 1. */
static void make_problem(struct problem *p, int32_t factors, int32_t count, uint64_t seed)
{
    *p = (struct problem){.factors = factors, .width = solve_width(factors), .count = count};
    p->table = mem_array((size_t)TABLE_ROWS * (size_t)p->width, sizeof(float), &err);
    p->gram = mem_array((size_t)p->width * (size_t)p->width, sizeof(float), &err);
    for (int32_t row = 0; row < TABLE_ROWS; row++)
        for (int32_t j = 0; j < factors; j++)
            p->table[row * p->width + j] =
                random_float(random_bits(seed, 0, (uint64_t)(row * factors + j))) - 0.4f;
    for (int32_t i = 0; i < count; i++) {
        static const float values[] = {0.5f, 2, 1, 7, 3.5f, 0.25f};
        p->indices[i] = (int32_t)((int64_t)i * TABLE_ROWS / count);
        p->values[i] = values[random_bits(seed, 1, (uint64_t)i) % 6];
    }
    assert_ok(solve_gram(p->table, TABLE_ROWS, factors, 0.3f, 1, p->gram, &err));
    p->side = (struct solve_side){.table = p->table,
                                  .gram = p->gram,
                                  .regularization = 0.3f,
                                  .alpha = 2,
                                  .width = p->width,
                                  .steps = 3,
                                  .want_loss = true};
    p->row = (struct solve_row){.indices = p->indices, .values = p->values, .count = count};
}

static void free_problem(struct problem *p)
{
    mem_free(p->table);
    mem_free(p->gram);
}

/* The same system in doubles by Gaussian elimination, the slow and obvious way. */
static void solve_densely(const struct problem *p, double *x)
{
    static double a[FACTORS_MAX][FACTORS_MAX + 1];
    const int32_t f = p->factors;
    for (int32_t j = 0; j < f; j++)
        for (int32_t l = 0; l <= f; l++)
            a[j][l] = j == l ? (double)0.3f : 0;
    for (int32_t row = 0; row < TABLE_ROWS; row++)
        for (int32_t j = 0; j < f; j++)
            for (int32_t l = 0; l < f; l++)
                a[j][l] +=
                    (double)p->table[row * p->width + j] * (double)p->table[row * p->width + l];
    for (int32_t i = 0; i < p->count; i++) {
        const float *y = p->table + p->indices[i] * p->width;
        const double c = 2 * (double)p->values[i];
        for (int32_t j = 0; j < f; j++) {
            for (int32_t l = 0; l < f; l++)
                a[j][l] += (c - 1) * (double)y[j] * (double)y[l];
            a[j][f] += c * (double)y[j];
        }
    }
    for (int32_t k = 0; k < f; k++)
        for (int32_t j = 0; j < f; j++) {
            const double factor = j == k ? 0 : a[j][k] / a[k][k];
            for (int32_t l = k; l <= f && j != k; l++)
                a[j][l] -= factor * a[k][l];
        }
    for (int32_t k = 0; k < f; k++)
        x[k] = a[k][f] / a[k][k];
}

/* sum over the whole table of c (p - x . y)^2 */
static double dense_loss(const struct problem *p, const float *x)
{
    double loss = 0;
    for (int32_t row = 0; row < TABLE_ROWS; row++) {
        double score = 0, c = 1, wanted = 0;
        for (int32_t j = 0; j < p->factors; j++)
            score += (double)x[j] * (double)p->table[row * p->width + j];
        for (int32_t i = 0; i < p->count; i++)
            if (p->indices[i] == row) {
                c = 2 * (double)p->values[i];
                wanted = 1;
            }
        loss += c * (wanted - score) * (wanted - score);
    }
    return loss;
}

static double largest_error(const struct problem *p, const float *x, const double *wanted)
{
    double worst = 0, size = 0;
    for (int32_t j = 0; j < p->factors; j++) {
        worst = fmax(worst, fabs((double)x[j] - wanted[j]));
        size = fmax(size, fabs(wanted[j]));
    }
    for (int32_t j = p->factors; j < p->width; j++)
        assert_true(x[j] == 0);
    return size > 0 ? worst / size : worst;
}

static const int32_t widths[] = {1, 7, 16, 17, 60, 64, 100, 128, 200};
static const int32_t counts[] = {1, 5, 63, 64, 65, 200, 300};

static void check_level(const struct problem *p, enum cpu_level level, bool exact,
                        const double *wanted)
{
    const struct solve_kernels *kernels = kernels_at(level);
    struct solve_work *work;
    double loss = 0;
    assert_ok(solve_work_create(p->width, p->count, p->count, &work, &err));
    float *x = mem_array((size_t)p->width, sizeof(float), &err);
    for (int32_t j = 0; j < p->factors; j++)
        x[j] = 0.01f * (float)(j % 5);
    assert_true((exact ? kernels->cholesky : kernels->cg)(&p->side, &p->row, x, work, &loss));
    assert_true(largest_error(p, x, wanted) < 2e-4);
    const double dense = dense_loss(p, x);
    assert_true(fabs(loss - dense) < 1e-4 * (1 + dense));
    mem_free(x);
    solve_work_free(work);
}

/* The dense solution takes longer than the rest, so it is made once for all levels. */
static void check_levels(bool exact)
{
    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++)
        for (size_t n = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
            struct problem p;
            double wanted[FACTORS_MAX];
            make_problem(&p, widths[w], counts[n], 1000 * w + n);
            p.side.steps = 3 * widths[w] + 20; /* far enough for conjugate gradients to arrive */
            solve_densely(&p, wanted);
            for (int level = SOLVE_TEST_LEVEL_FIRST; level <= (int)SOLVE_TEST_LEVEL_LAST; level++)
                check_level(&p, (enum cpu_level)level, exact, wanted);
            free_problem(&p);
        }
}

static void cholesky_solves_the_normal_equations(void **state)
{
    (void)state;
    check_levels(true);
}

static void conjugate_gradients_arrive_at_the_same_solution(void **state)
{
    (void)state;
    check_levels(false);
}

/* One factor, y = 1, 2, 3, 4, regularization 0.5; items 1 (c = 2) and 2 (c = 1) are seen:
 * x = (2 · 2 + 3) / (1 + 4 + 9 + 16 + 0.5 + (2 - 1) · 4). */
static void one_factor_comes_out_as_by_hand(void **state)
{
    (void)state;
    float *table = mem_array(4 * 16, sizeof(float), &err);
    float *gram = mem_array(16 * 16, sizeof(float), &err);
    float *x = mem_array(16, sizeof(float), &err);
    const int32_t indices[] = {1, 2};
    const float values[] = {2, 1};
    struct solve_work *work;
    double loss = 0;
    for (int i = 0; i < 4; i++)
        table[16 * i] = (float)(i + 1);
    assert_ok(solve_gram(table, 4, 1, 0.5f, 1, gram, &err));
    assert_true(gram[0] == 30.5f && gram[1] == 0 && gram[17] == 1);
    assert_ok(solve_work_create(16, 2, 2, &work, &err));
    const struct solve_side side = {.table = table,
                                    .gram = gram,
                                    .regularization = 0.5f,
                                    .alpha = 1,
                                    .width = 16,
                                    .steps = 3,
                                    .want_loss = true};
    const struct solve_row row = {.indices = indices, .values = values, .count = 2};
    for (int level = SOLVE_TEST_LEVEL_FIRST; level <= (int)SOLVE_TEST_LEVEL_LAST; level++) {
        x[0] = 0;
        loss = 0;
        assert_true(kernels_at((enum cpu_level)level)->cg(&side, &row, x, work, &loss));
        const double s = 7 / 34.5;
        assert_true(fabs((double)x[0] - s) < 1e-6);
        const double by_hand =
            s * s + 2 * (1 - 2 * s) * (1 - 2 * s) + (1 - 3 * s) * (1 - 3 * s) + 16 * s * s;
        assert_true(fabs(loss - by_hand) < 1e-5);
    }
    solve_work_free(work);
    mem_free(table);
    mem_free(gram);
    mem_free(x);
}

static void a_row_without_interactions_becomes_zero(void **state)
{
    (void)state;
    struct problem p;
    struct solve_work *work;
    double loss = 0;
    make_problem(&p, 20, 1, 3);
    p.row.count = 0;
    assert_ok(solve_work_create(p.width, 1, 1, &work, &err));
    float *x = mem_array((size_t)p.width, sizeof(float), &err);
    for (int solver = 0; solver < 2; solver++) {
        const struct solve_kernels *kernels = kernels_at((enum cpu_level)SOLVE_TEST_LEVEL_FIRST);
        x[0] = x[19] = 3;
        assert_true((solver ? kernels->cholesky : kernels->cg)(&p.side, &p.row, x, work, &loss));
        for (int32_t j = 0; j < p.width; j++)
            assert_true(x[j] == 0);
    }
    mem_free(x);
    solve_work_free(work);
    free_problem(&p);
}

static void a_row_longer_than_the_buffer_gives_the_same_bits(void **state)
{
    (void)state;
    for (int level = SOLVE_TEST_LEVEL_FIRST; level <= (int)SOLVE_TEST_LEVEL_LAST; level++) {
        struct problem p;
        double losses[2] = {0};
        float *x[2];
        make_problem(&p, 60, 300, 5);
        for (int i = 0; i < 2; i++) {
            struct solve_work *work;
            x[i] = mem_array((size_t)p.width, sizeof(float), &err);
            assert_ok(solve_work_create(p.width, p.count, i == 0 ? 1000 : 1, &work, &err));
            assert_true(
                kernels_at((enum cpu_level)level)->cg(&p.side, &p.row, x[i], work, &losses[i]));
            solve_work_free(work);
        }
        assert_memory_equal(x[0], x[1], (size_t)p.width * sizeof(float));
        assert_true(losses[0] == losses[1]);
        mem_free(x[0]);
        mem_free(x[1]);
        free_problem(&p);
    }
}

static void check_halves(const float given[16], const uint16_t wanted[16])
{
    for (int level = SOLVE_TEST_LEVEL_FIRST; level <= (int)SOLVE_TEST_LEVEL_LAST; level++) {
        float *rows = mem_array(16, sizeof(float), &err);
        uint16_t half[16];
        memcpy(rows, given, 16 * sizeof(float));
        kernels_at((enum cpu_level)level)->to_half(rows, 16, 1, half);
        for (int i = 0; i < 16; i++)
            assert_int_equal(half[i], wanted[i]);
        mem_free(rows);
    }
}

/* What is a half stays; a float in between goes to the nearer. */
static void halves_round_to_the_nearest(void **state)
{
    (void)state;
    static const float given[16] = {1,       -1,           65504,    0x1p-24f, 0x1p-14f,   0,
                                    -0.0f,   0.333333333f, 2048.9f,  2049.1f,  0x1.8p-25f, 0x1p-26f,
                                    1023.9f, -0x1p-20f,    -2051.5f, 0.1f};
    static const uint16_t wanted[16] = {0x3c00, 0xbc00, 0x7bff, 0x0001, 0x0400, 0,
                                        0x8000, 0x3555, 0x6800, 0x6801, 0x0001, 0,
                                        0x6400, 0x8010, 0xe802, 0x2e66};
    check_halves(given, wanted);
}

/* A float in the middle of two halves goes to the even one, up as well as down, at every size. */
static void halves_in_the_middle_go_to_the_even(void **state)
{
    (void)state;
    static const float given[16] = {1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 2049,        2051, -2049,
                                    -2051,        0x1p-25f,         3 * 0x1p-25f};
    static const uint16_t wanted[16] = {0x3c00, 0x3c02, 0x6800, 0x6802, 0xe800, 0xe802, 0, 0x0002};
    check_halves(given, wanted);
}

static void gathering_half_floats_changes_the_solution_little(void **state)
{
    (void)state;
    for (int level = SOLVE_TEST_LEVEL_FIRST; level <= (int)SOLVE_TEST_LEVEL_LAST; level++) {
        struct problem p;
        struct solve_work *work;
        double wanted[FACTORS_MAX], loss = 0;
        const struct solve_kernels *kernels = kernels_at((enum cpu_level)level);
        make_problem(&p, 60, 200, 8);
        p.side.steps = 200;
        assert_ok(solve_work_create(p.width, p.count, p.count, &work, &err));
        uint16_t *half = mem_array((size_t)TABLE_ROWS * (size_t)p.width, sizeof(*half), &err);
        p.side.half = half;
        p.side.half_scale = 0x1p-15f;
        kernels->to_half(p.table, (int64_t)TABLE_ROWS * p.width, 0x1p15f, half);
        float *x = mem_array((size_t)p.width, sizeof(float), &err);
        assert_true(kernels->cg(&p.side, &p.row, x, work, &loss));
        solve_densely(&p, wanted);
        assert_true(largest_error(&p, x, wanted) < 1e-2);
        const double exact = dense_loss(&p, x);
        assert_true(fabs(loss - exact) < 1e-3 * exact);
        mem_free(x);
        mem_free(half);
        solve_work_free(work);
        free_problem(&p);
    }
}

static void the_halved_table_keeps_its_largest_factor(void **state)
{
    (void)state;
    float *table = mem_array(2 * 16, sizeof(float), &err);
    uint16_t *half = mem_array(2 * 16, sizeof(*half), &err);
    table[3] = -1e6f;
    table[20] = 1e-3f;
    struct solve_side side = {.table = table, .width = 16};
    solve_side_halve(&side, 2, 2, half);
    assert_ptr_equal(side.half, half);
    assert_true((half[3] & 0x7fff) < 0x7c00 && (half[3] & 0x7fff) > 0x7000);
    assert_true(half[20] != 0);
    mem_free(table);
    mem_free(half);
}

static void the_gram_product_has_the_same_bits_for_any_threads(void **state)
{
    (void)state;
    enum { ROWS = 5000, FACTORS = 60, WIDTH = 64 };
    float *table = mem_array((size_t)ROWS * WIDTH, sizeof(float), &err);
    float *gram[3];
    const int32_t threads[] = {1, 2, 7};
    for (int32_t row = 0; row < ROWS; row++)
        for (int32_t j = 0; j < FACTORS; j++)
            table[row * WIDTH + j] =
                random_float(random_bits(9, 0, (uint64_t)(row * FACTORS + j))) - 0.5f;
    for (int i = 0; i < 3; i++) {
        gram[i] = mem_array((size_t)WIDTH * WIDTH, sizeof(float), &err);
        assert_ok(solve_gram(table, ROWS, FACTORS, 0.1f, threads[i], gram[i], &err));
        assert_memory_equal(gram[0], gram[i], (size_t)WIDTH * WIDTH * sizeof(float));
    }
    for (int32_t j = 0; j < FACTORS; j += 7)
        for (int32_t l = 0; l < FACTORS; l += 5) {
            double sum = j == l ? 0.1 : 0;
            for (int32_t row = 0; row < ROWS; row++)
                sum += (double)table[row * WIDTH + j] * (double)table[row * WIDTH + l];
            assert_true(fabs((double)gram[0][j * WIDTH + l] - sum) < 1e-2);
        }
    mem_free(table);
    for (int i = 0; i < 3; i++)
        mem_free(gram[i]);
}

static void what_has_no_solution_is_said_so(void **state)
{
    (void)state;
    struct problem p;
    struct solve_work *work;
    double loss = 0;
    make_problem(&p, 16, 5, 11);
    assert_ok(solve_work_create(p.width, p.count, p.count, &work, &err));
    float *x = mem_array((size_t)p.width, sizeof(float), &err);
    const struct solve_kernels *kernels = kernels_at((enum cpu_level)SOLVE_TEST_LEVEL_FIRST);
    p.values[2] = INFINITY;
    assert_false(kernels->cg(&p.side, &p.row, x, work, &loss));
    memset(x, 0, (size_t)p.width * sizeof(float));
    assert_false(kernels->cholesky(&p.side, &p.row, x, work, &loss));
    mem_free(x);
    solve_work_free(work);
    free_problem(&p);
}

static void three_iterations_agree_with_implicit(void **state)
{
    (void)state;
    for (int level = SOLVE_TEST_LEVEL_FIRST; level <= (int)SOLVE_TEST_LEVEL_LAST; level++)
        check_golden_solutions(kernels_at((enum cpu_level)level));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cholesky_solves_the_normal_equations),
        cmocka_unit_test(conjugate_gradients_arrive_at_the_same_solution),
        cmocka_unit_test(one_factor_comes_out_as_by_hand),
        cmocka_unit_test(a_row_without_interactions_becomes_zero),
        cmocka_unit_test(a_row_longer_than_the_buffer_gives_the_same_bits),
        cmocka_unit_test(halves_round_to_the_nearest),
        cmocka_unit_test(halves_in_the_middle_go_to_the_even),
        cmocka_unit_test(gathering_half_floats_changes_the_solution_little),
        cmocka_unit_test(the_halved_table_keeps_its_largest_factor),
        cmocka_unit_test(the_gram_product_has_the_same_bits_for_any_threads),
        cmocka_unit_test(what_has_no_solution_is_said_so),
        cmocka_unit_test(three_iterations_agree_with_implicit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
