/*
 * score_rows at one level. A chain of additions waits for each of them, so the chains of several
 * rows go side by side: as many as hide the latency of an addition, each in a register of its own.
 */
#include "linalg/score_kernel.h"
#include "linalg/vec.h"

enum { ROWS = 8 };

/* One rounding where the level has the instruction, as in topk_level.c. Written out, since the
 * compiler would else multiply several at once and round each product. */
static inline float add_product(float sum, float x, float y)
{
#ifdef __FMA__
    return __builtin_fmaf(x, y, sum);
#else
    return sum + x * y;
#endif
}

void LEVEL_NAME(score_rows)(const float *x, const float *rows, int64_t count, int64_t stride,
                            int32_t factors, float *ret_scores)
{
    int64_t row = 0;
    for (; row + ROWS <= count; row += ROWS) {
        const float *y = rows + row * stride;
        float sums[ROWS] = {0};
        for (int32_t j = 0; j < factors; j++) {
#pragma GCC unroll 8
            for (int32_t i = 0; i < ROWS; i++)
                sums[i] = add_product(sums[i], x[j], y[i * stride + j]);
        }
#pragma GCC unroll 8
        for (int32_t i = 0; i < ROWS; i++)
            ret_scores[row + i] = sums[i];
    }
    for (; row < count; row++) {
        const float *y = rows + row * stride;
        float sum = 0;
        for (int32_t j = 0; j < factors; j++)
            sum = add_product(sum, x[j], y[j]);
        ret_scores[row] = sum;
    }
}
