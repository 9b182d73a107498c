#include "solve_golden.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "support/test.h"

static struct error err;

enum { USERS = 12, ITEMS = 9, GOLDEN_FACTORS = 4, GOLDEN_WIDTH = 16 };

static void read_table(const json_t *from, int32_t rows, float *to)
{
    for (int32_t row = 0; row < rows; row++)
        for (int32_t j = 0; j < GOLDEN_FACTORS; j++)
            to[row * GOLDEN_WIDTH + j] = (float)json_number_value(
                json_array_get(json_array_get(from, (size_t)row), (size_t)j));
}

static double half_sweep(const struct solve_kernels *kernels, bool exact, const json_t *matrix,
                         bool by_user, float alpha, float regularization, const float *fixed,
                         float *solved)
{
    const int32_t rows = by_user ? USERS : ITEMS, cols = by_user ? ITEMS : USERS;
    float *gram = mem_array(GOLDEN_WIDTH * GOLDEN_WIDTH, sizeof(float), &err);
    struct solve_work *work;
    double loss = 0;
    assert_ok(solve_gram(fixed, cols, GOLDEN_FACTORS, regularization, 1, gram, &err));
    assert_ok(solve_work_create(GOLDEN_WIDTH, cols, cols, &work, &err));
    const struct solve_side side = {.table = fixed,
                                    .gram = gram,
                                    .regularization = regularization,
                                    .alpha = alpha,
                                    .width = GOLDEN_WIDTH,
                                    .steps = 3,
                                    .want_loss = true};
    for (int32_t row = 0; row < rows; row++) {
        int32_t indices[USERS], count = 0;
        float values[USERS];
        for (int32_t col = 0; col < cols; col++) {
            const json_t *line = json_array_get(matrix, (size_t)(by_user ? row : col));
            const double value =
                json_number_value(json_array_get(line, (size_t)(by_user ? col : row)));
            indices[count] = col;
            values[count] = (float)value;
            count += value > 0;
        }
        const struct solve_row entries = {.indices = indices, .values = values, .count = count};
        assert_true((exact ? kernels->cholesky : kernels->cg)(
            &side, &entries, solved + row * GOLDEN_WIDTH, work, &loss));
    }
    solve_work_free(work);
    mem_free(gram);
    return loss;
}

static double squares(const float *table, int32_t rows)
{
    double sum = 0;
    for (int32_t i = 0; i < rows * GOLDEN_WIDTH; i++)
        sum += (double)table[i] * (double)table[i];
    return sum;
}

static void compare_tables(const json_t *wanted, int32_t rows, const float *have, double tolerance)
{
    float *table = mem_array((size_t)rows * GOLDEN_WIDTH, sizeof(float), &err);
    read_table(wanted, rows, table);
    for (int32_t i = 0; i < rows * GOLDEN_WIDTH; i++)
        assert_true(fabs((double)table[i] - (double)have[i]) < tolerance);
    mem_free(table);
}

static void check_case(const json_t *root, const json_t *one, const struct solve_kernels *kernels)
{
    const json_t *matrix = json_object_get(root, "matrix");
    const bool exact = strcmp(json_string_value(json_object_get(one, "solver")), "chol") == 0;
    const float alpha = (float)json_number_value(json_object_get(one, "alpha"));
    const float regularization = (float)json_number_value(json_object_get(one, "regularization"));
    float *users = mem_array(USERS * GOLDEN_WIDTH, sizeof(float), &err);
    float *items = mem_array(ITEMS * GOLDEN_WIDTH, sizeof(float), &err);
    double confidence = 0, cells = 0;
    read_table(json_object_get(root, "initial_user_factors"), USERS, users);
    read_table(json_object_get(root, "initial_item_factors"), ITEMS, items);
    for (size_t user = 0; user < USERS; user++)
        for (size_t item = 0; item < ITEMS; item++) {
            double value = json_number_value(json_array_get(json_array_get(matrix, user), item));
            confidence += (double)alpha * value;
            cells += value > 0;
        }
    for (size_t i = 0; i < 3; i++) {
        (void)half_sweep(kernels, exact, matrix, true, alpha, regularization, items, users);
        double loss =
            half_sweep(kernels, exact, matrix, false, alpha, regularization, users, items);
        loss += (double)regularization * (squares(users, USERS) + squares(items, ITEMS));
        loss /= confidence + USERS * ITEMS - cells;
        const double wanted = json_number_value(json_array_get(json_object_get(one, "losses"), i));
        assert_true(fabs(loss - wanted) < (exact ? 1e-5 : 1e-4) * wanted);
    }
    compare_tables(json_object_get(one, "user_factors"), USERS, users, exact ? 2e-4 : 5e-3);
    compare_tables(json_object_get(one, "item_factors"), ITEMS, items, exact ? 1e-4 : 2e-3);
    mem_free(users);
    mem_free(items);
}

void check_golden_solutions(const struct solve_kernels *kernels)
{
    json_error_t why;
    json_t *root = json_load_file(RECTRAIN_GOLDEN "/als_small.json", 0, &why);
    assert_non_null(root);
    const json_t *cases = json_object_get(root, "cases");
    assert_int_equal(json_array_size(cases), 8);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(root, json_array_get(cases, i), kernels);
    json_decref(root);
}
