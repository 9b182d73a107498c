#ifndef LINALG_SOLVE_H
#define LINALG_SOLVE_H

/*
 * The small systems that alternating least squares solves, one for each user or item:
 *
 *   (G + sum_i (c_i - 1) y_i y_i') x = sum_i c_i y_i,    G = Y'Y + regularization I
 *
 * where i runs over the row's interactions, y_i are rows of the fixed factor table Y and c_i the
 * confidences (Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM
 * 2008, eq. 4, with implicit's confidence). An interaction of confidence 1 adds nothing to the
 * left side, and is never looked at again after the right side has been summed.
 *
 * What makes it fast: a row's vectors are gathered once into a buffer that stays in the cache, and
 * every pass over them works on blocks that fit the first level; eight dot products are taken at a
 * time, so that the sums across a vector's lanes are shared.
 *
 * Tables have rows of `width` floats, a multiple of SOLVE_WIDTH_STEP, padded with zeros, the first
 * on a 64-byte boundary. Threads may solve different rows at once, each with work of its own.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { SOLVE_WIDTH_STEP = 16, SOLVE_BLOCK_ROWS = 64 };

/* The padded width of f factors. */
static inline int32_t solve_width(int32_t factors)
{
    return (factors + SOLVE_WIDTH_STEP - 1) / SOLVE_WIDTH_STEP * SOLVE_WIDTH_STEP;
}

/* What is the same for all rows of a half-sweep. */
struct solve_side {
    const float *table;   /* Y [rows × width] */
    const uint16_t *half; /* NULL, or what rows are gathered from instead: Y as half floats, over
                             half_scale [rows × width]; see solve_side_halve */
    float half_scale;
    const float *gram; /* G [width × width], symmetric, regularization on the diagonal */
    float regularization;
    float alpha; /* confidence per unit of value: c = alpha × value, above 0 */
    int32_t width;
    int32_t steps; /* of conjugate gradients */
    bool want_loss;
};

/* One row's interactions. */
struct solve_row {
    const int32_t *indices; /* [count] rows of the table */
    const float *values;    /* [count], above 0 */
    int64_t count;
};

struct solve_work; /* one thread's buffers */

/* Room to solve rows of up to longest_row interactions. Rows longer than capacity_rows are gathered
 * anew in each pass instead of being kept: memory is about capacity_rows × width × 4 bytes +
 * longest_row × 20. */
MUST_CHECK enum err solve_work_create(int32_t width, int64_t longest_row, int64_t capacity_rows,
                                      struct solve_work **ret_work, struct error *err);
void solve_work_free(struct solve_work *work); /* NULL is allowed */

/*
 * Both solvers replace x[width], which `cg` starts from, and add to *loss (when side->want_loss)
 * the row's part of the objective: sum over all of Y of c (p - x . y)^2, without the
 * regularization. A row without interactions becomes zero. False: no finite solution.
 *
 *   cg        side->steps of conjugate gradients from x, stopping when |r|^2 < 1e-20, as implicit's
 *             `use_cg=True`. Time O(steps (count width + width^2)).
 *   cholesky  exact. Time O(count width^2 / 2 + width^3 / 3).
 */
struct solve_kernels {
    bool (*cg)(const struct solve_side *side, const struct solve_row *row, float *x,
               struct solve_work *work, double *loss);
    bool (*cholesky)(const struct solve_side *side, const struct solve_row *row, float *x,
                     struct solve_work *work, double *loss);
    /* The upper triangle (row-major, tiles of it may spill below the diagonal) of
     * a[width × width] += sum over n rows of y y'. */
    void (*add_gram)(const float *rows, int64_t n, int32_t width, float *a);
    /* half[floats] = scale × rows[floats], a multiple of SOLVE_WIDTH_STEP */
    void (*to_half)(const float *rows, int64_t floats, float scale, uint16_t *half);
};

/* Those of the CPU level in use (linalg/cpu.h). */
const struct solve_kernels *solve_kernels(void);

/*
 * gram[width × width] = Y'Y + regularization I over all `rows` of the table, the same bits for any
 * number of threads: pieces of the table, cut the same way always, are summed in their order.
 * Padding gets 1 on the diagonal. Time O(rows width^2 / 2), memory O(pieces width^2).
 */
MUST_CHECK enum err solve_gram(const float *table, int64_t rows, int32_t factors,
                               float regularization, int32_t threads, float *gram,
                               struct error *err);

/*
 * Make side->half of side->table [rows × width] in `half`, which has room for as many numbers. A
 * sweep is bound by fetching rows in random order, and half floats are half as much to fetch; they
 * keep 11 bits of each factor (relative error below 0.0005), scaled by a power of two so that the
 * largest fits; everything is summed and solved in floats all the same. Measured on
 * docs/benchmarks.md's data, the loss after ten sweeps differs by less than 0.01 %.
 */
void solve_side_halve(struct solve_side *side, int64_t rows, int32_t threads, uint16_t *half);

#endif
