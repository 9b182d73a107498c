/* Inner products with rows as they lie, at every level, against a plain loop. */
#include "linalg/score.h"

#include <math.h>

#include "base/memory.h"
#include "linalg/cpu.h"
#include "linalg/score_kernel.h"
#include "linalg/topk.h"
#include "support/test.h"

enum { ROWS_MAX = 53, FACTORS_MAX = 70, STRIDE = 71 };

/* Numbers of either sign, of three sizes. */
static float number(uint32_t at)
{
    const uint32_t bits = at * 2654435761u >> 8;
    return ((float)(bits & 0xFFFF) - 32768.0f) * (bits & 0x10000 ? 1e-5f : 3e-3f);
}

struct table {
    float x[FACTORS_MAX], rows[ROWS_MAX * STRIDE];
};

static void fill(struct table *table)
{
    for (uint32_t i = 0; i < FACTORS_MAX; i++)
        table->x[i] = number(i + 1);
    for (uint32_t i = 0; i < ROWS_MAX * STRIDE; i++)
        table->rows[i] = number(i + 1000);
}

static void every_level_agrees_with_a_plain_loop(void **state)
{
    static struct table table;
    float scores[ROWS_MAX + 1];
    (void)state;
    fill(&table);
    for (int level = 0; level <= (int)cpu_level(); level++)
        for (int32_t rows = 0; rows <= ROWS_MAX; rows += 1 + (rows > 20) * 8)
            for (int32_t factors = 1; factors <= FACTORS_MAX; factors += 7) {
                scores[rows] = 42;
                score_kernel_of((enum cpu_level)level)(table.x, table.rows, rows, STRIDE, factors,
                                                       scores);
                for (int32_t row = 0; row < rows; row++) {
                    double sum = 0, size = 0;
                    for (int32_t j = 0; j < factors; j++) {
                        const double part =
                            (double)table.x[j] * (double)table.rows[row * STRIDE + j];
                        sum += part;
                        size += fabs(part);
                    }
                    assert_true(fabs((double)scores[row] - sum) <= size * factors * 6e-8);
                }
                assert_true(scores[rows] == 42); /* nothing is written beyond */
            }
}

/* A user alone gets what they get among many, bit by bit. */
static void scores_are_those_of_the_scan_for_many(void **state)
{
    static struct table table;
    struct error err;
    struct topk_items *items;
    float scores[ROWS_MAX], best[ROWS_MAX];
    int32_t columns[ROWS_MAX];
    (void)state;
    fill(&table);
    assert_ok(topk_items_create(table.rows, ROWS_MAX, FACTORS_MAX, STRIDE, 1, &items, &err));
    const struct topk_query query = {
        .users = table.x, .user_stride = FACTORS_MAX, .count = 1, .k = ROWS_MAX, .threads = 1};
    assert_ok(topk_select(items, &query, columns, best, NULL, &err));
    score_rows(table.x, table.rows, ROWS_MAX, STRIDE, FACTORS_MAX, scores);
    for (int32_t i = 0; i < ROWS_MAX; i++)
        assert_true(best[i] == scores[columns[i]]);
    topk_items_free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_agrees_with_a_plain_loop),
        cmocka_unit_test(scores_are_those_of_the_scan_for_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
