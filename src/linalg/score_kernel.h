#ifndef LINALG_SCORE_KERNEL_H
#define LINALG_SCORE_KERNEL_H

/* score_rows at each level of the processor: for linalg/score.c and its test. */
#include <stdint.h>

#include "linalg/cpu.h"

typedef void score_kernel(const float *x, const float *rows, int64_t count, int64_t stride,
                          int32_t factors, float *ret_scores);
extern score_kernel score_rows_portable, score_rows_avx2, score_rows_avx512;

score_kernel *score_kernel_of(enum cpu_level level);

#endif
