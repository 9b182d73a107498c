#include "linalg/score.h"

#include "linalg/score_kernel.h"

score_kernel *score_kernel_of(enum cpu_level level)
{
#if defined(__x86_64__)
    if (level == CPU_AVX512)
        return score_rows_avx512;
    if (level == CPU_AVX2)
        return score_rows_avx2;
#endif
    (void)level;
    return score_rows_portable;
}

void score_rows(const float *x, const float *rows, int64_t count, int64_t stride, int32_t factors,
                float *ret_scores)
{
    score_kernel_of(cpu_level())(x, rows, count, stride, factors, ret_scores);
}
