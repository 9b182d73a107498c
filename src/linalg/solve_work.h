#ifndef LINALG_SOLVE_WORK_H
#define LINALG_SOLVE_WORK_H

/* What solve.c allocates and solve_level.c uses. */
#include "linalg/solve.h"

struct solve_work {
    int64_t capacity_rows; /* how many gathered rows `rows` can hold */
    float *rows;       /* [capacity_rows × width] the row's vectors of confidence other than 1 */
    float *scaled;     /* [SOLVE_BLOCK_ROWS × width] the same times (c - 1), for cholesky */
    float *confidence; /* [longest_row] of those vectors */
    float *score;      /* [longest_row] x . y */
    float *change;     /* [longest_row] p . y */
    int32_t *weighted; /* [longest_row] indices with confidence other than 1 */
    int32_t *plain;    /* [longest_row] indices with confidence 1 */
    float *vectors;    /* [SOLVE_VECTORS × width] x, r, p and so on */
    float *matrix;     /* [width × width] for cholesky */
};

enum { SOLVE_VECTORS = 6 };

extern const struct solve_kernels solve_kernels_portable, solve_kernels_avx2, solve_kernels_avx512;

#endif
