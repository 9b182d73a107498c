/*
 * Compiled once per CPU level. The loops over a vector's parts are unrolled by the compiler since
 * TILE is a constant; a tile of sums lives in registers while rows stream past it.
 */
#include <math.h>
#include <string.h>

#include "linalg/solve_work.h"
#include "linalg/vec.h"

enum {
    L = VEC_LANES,
    TILE = 8,   /* vectors of sums held in registers: half of AVX2's sixteen */
    DOTS = 8,   /* dot products taken together */
    AHEAD = 24, /* rows that a gather fetches ahead of the one it copies */
    LINE_BYTES = 64,
    OUTER_ROWS = VEC_LANES == 16 ? 8 : 4, /* register tile of add_outer: rows … */
    OUTER_VECS = 2,                       /* … × vectors */
};
#define UNROLL _Pragma("GCC unroll 16")

static inline void fetch_row(const void *row, int64_t bytes)
{
    for (int64_t at = 0; at < bytes; at += LINE_BYTES)
        __builtin_prefetch((const char *)row + at, 0, 3);
}

static inline float lanes_sum(vec v)
{
    float sums[L];
    memcpy(sums, &v, sizeof(sums));
    for (int half = L / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            sums[i] += sums[i + half];
    return sums[0];
}

static inline float dot(const float *a, const float *b, int32_t width)
{
    vec sum = {0};
    for (int32_t at = 0; at < width; at += L)
        sum += vec_load(a + at) * vec_load(b + at);
    return lanes_sum(sum);
}

static inline void copy_row(float *to, const float *from, int32_t width)
{
    for (int32_t at = 0; at < width; at += L)
        vec_store(to + at, vec_load(from + at));
}

/* to += scale × from */
static inline void add_row(float *to, const float *from, float scale, int32_t width)
{
    const vec s = vec_all(scale);
    for (int32_t at = 0; at < width; at += L)
        vec_store(to + at, vec_load(to + at) + s * vec_load(from + at));
}

/* out[e] = rows_e . x for DOTS rows. */
static inline void dots_together(const float *rows, int32_t width, const float *x, float *out)
{
    vec sum[DOTS] = {{0}};
    for (int32_t at = 0; at < width; at += L) {
        const vec xv = vec_load(x + at);
        UNROLL for (int e = 0; e < DOTS; e++) sum[e] +=
            xv * vec_load(rows + (size_t)e * (size_t)width + at);
    }
    vec_sums8(sum, out);
}

static void dots(const float *rows, int64_t n, int32_t width, const float *x, float *out)
{
    int64_t i = 0;
    for (; i + DOTS <= n; i += DOTS) {
        dots_together(rows + (size_t)i * (size_t)width, width, x, out + i);
    }
    for (; i < n; i++)
        out[i] = dot(rows + (size_t)i * (size_t)width, x, width);
}

/* out[0 .. vecs × L) += sum_i weight_i rows_i, with the sums in registers. */
static inline __attribute__((always_inline)) void
add_tile(const float *rows, int64_t n, int32_t width, const float *weight, float *out, int vecs)
{
    vec sum[TILE];
    UNROLL for (int v = 0; v < vecs; v++) sum[v] = vec_load(out + v * L);
    for (int64_t i = 0; i < n; i++) {
        const vec w = vec_all(weight[i]);
        const float *row = rows + (size_t)i * (size_t)width;
        UNROLL for (int v = 0; v < vecs; v++) sum[v] += w * vec_load(row + v * L);
    }
    UNROLL for (int v = 0; v < vecs; v++) vec_store(out + v * L, sum[v]);
}

static void add_scaled(const float *rows, int64_t n, int32_t width, const float *weight, float *out)
{
    int32_t at = 0;
    for (; at + TILE * L <= width; at += TILE * L)
        add_tile(rows + at, n, width, weight, out + at, TILE);
    for (; at + 4 * L <= width; at += 4 * L)
        add_tile(rows + at, n, width, weight, out + at, 4);
    for (; at + 2 * L <= width; at += 2 * L)
        add_tile(rows + at, n, width, weight, out + at, 2);
    for (; at < width; at += L)
        add_tile(rows + at, n, width, weight, out + at, 1);
}

/* The listed rows of the table, side by side, as floats. */
static void gather(const struct solve_side *side, const int32_t *list, int64_t n, float *to)
{
    const int32_t width = side->width;
    const vec scale = vec_all(side->half_scale);
    for (int64_t i = 0; i < n && side->half == NULL; i++) {
        if (i + AHEAD < n)
            fetch_row(side->table + (size_t)list[i + AHEAD] * (size_t)width, width * 4);
        copy_row(to + (size_t)i * (size_t)width, side->table + (size_t)list[i] * (size_t)width,
                 width);
    }
    for (int64_t i = 0; i < n && side->half != NULL; i++) {
        if (i + AHEAD < n)
            fetch_row(side->half + (size_t)list[i + AHEAD] * (size_t)width, width * 2);
        const uint16_t *from = side->half + (size_t)list[i] * (size_t)width;
        for (int32_t at = 0; at < width; at += L)
            vec_store(to + (size_t)i * (size_t)width + at, scale * vec_from_half(from + at));
    }
}

/* out += sum of the listed rows of the table, by way of a block that stays in the cache. */
static void add_listed(const struct solve_side *side, struct solve_work *work, const int32_t *list,
                       int64_t n, float *out)
{
    float ones[SOLVE_BLOCK_ROWS];
    for (int i = 0; i < SOLVE_BLOCK_ROWS; i++)
        ones[i] = 1;
    for (int64_t at = 0; at < n; at += SOLVE_BLOCK_ROWS) {
        const int64_t rows = n - at < SOLVE_BLOCK_ROWS ? n - at : SOLVE_BLOCK_ROWS;
        gather(side, list + at, rows, work->scaled);
        add_scaled(work->scaled, rows, side->width, ones, out);
    }
}

/*
 * A tile of a += sum_i left_i right_i': rows [row, row + OUTER_ROWS), `vecs` vectors from `col`.
 */
static inline __attribute__((always_inline)) void outer_tile(const float *left, const float *right,
                                                             int64_t n, int32_t width, float *a,
                                                             int32_t row, int32_t col, int vecs)
{
    vec sum[OUTER_ROWS][OUTER_VECS];
    float *corner = a + (size_t)row * (size_t)width + col;
    UNROLL for (int r = 0; r < OUTER_ROWS; r++) UNROLL for (int v = 0; v < vecs; v++) sum[r][v] =
        vec_load(corner + (size_t)r * (size_t)width + v * L);
    for (int64_t i = 0; i < n; i++) {
        const float *l = left + (size_t)i * (size_t)width + row;
        const float *y = right + (size_t)i * (size_t)width + col;
        UNROLL for (int r = 0; r < OUTER_ROWS; r++) UNROLL for (int v = 0; v < vecs; v++)
            sum[r][v] += vec_all(l[r]) * vec_load(y + v * L);
    }
    UNROLL for (int r = 0; r < OUTER_ROWS; r++) UNROLL for (int v = 0; v < vecs; v++)
        vec_store(corner + (size_t)r * (size_t)width + v * L, sum[r][v]);
}

/* The upper triangle of a += sum_i left_i right_i'. */
static void add_outer(const float *left, const float *right, int64_t n, int32_t width, float *a)
{
    for (int32_t row = 0; row < width; row += OUTER_ROWS) {
        int32_t col = row / L * L;
        for (; col + OUTER_VECS * L <= width; col += OUTER_VECS * L)
            outer_tile(left, right, n, width, a, row, col, OUTER_VECS);
        for (; col < width; col += L)
            outer_tile(left, right, n, width, a, row, col, 1);
    }
}

static void add_gram(const float *rows, int64_t n, int32_t width, float *a)
{
    for (int64_t first = 0; first < n; first += 2 * SOLVE_BLOCK_ROWS) {
        const int64_t left = n - first;
        const float *block = rows + (size_t)first * (size_t)width;
        add_outer(block, block, left < 2 * SOLVE_BLOCK_ROWS ? left : 2 * SOLVE_BLOCK_ROWS, width,
                  a);
    }
}

/* out = G x */
static inline void gram_times(const struct solve_side *side, const float *x, float *out)
{
    memset(out, 0, (size_t)side->width * sizeof(float));
    add_scaled(side->gram, side->width, side->width, x, out);
}

/* Part the row into what has confidence 1 and what has not. Returns how many of the latter. */
static int64_t part_row(const struct solve_side *side, const struct solve_row *row,
                        struct solve_work *work, int64_t *ret_plain)
{
    int64_t weighted = 0, plain = 0;
    for (int64_t i = 0; i < row->count; i++) { /* without branches: which it is looks random */
        const float c = side->alpha * row->values[i];
        work->confidence[weighted] = c;
        work->weighted[weighted] = row->indices[i];
        work->plain[plain] = row->indices[i];
        weighted += c != 1;
        plain += c == 1;
    }
    *ret_plain = plain;
    return weighted;
}

/*
 * One pass over the weighted vectors, block by block: out[i] = y_i . p for all, and
 * sum += sum_i w_i y_i, where w_i is (c_i - 1) out[i], and for the right side in the first pass
 * c_i - (c_i - 1) out[i]. Where sum is NULL nothing is summed.
 */
static void pass(const struct solve_side *side, struct solve_work *work, int64_t weighted,
                 bool first, const float *p, float *out, float *sum)
{
    const int32_t width = side->width;
    const bool kept = weighted <= work->capacity_rows;
    float weight[SOLVE_BLOCK_ROWS];

    for (int64_t at = 0; at < weighted; at += SOLVE_BLOCK_ROWS) {
        const int64_t n = weighted - at < SOLVE_BLOCK_ROWS ? weighted - at : SOLVE_BLOCK_ROWS;
        float *rows = work->rows + (kept ? (size_t)at * (size_t)width : 0);
        const float *c = work->confidence + at;
        if (first || !kept)
            gather(side, work->weighted + at, n, rows);
        dots(rows, n, width, p, out + at);
        if (sum == NULL)
            continue;
        for (int64_t i = 0; i < n; i++)
            weight[i] = (first ? c[i] : 0) - (c[i] - 1) * out[at + i] * (first ? 1 : -1);
        add_scaled(rows, n, width, weight, sum);
    }
}

/* sum_i (c_i - 1) change_i^2 over the weighted interactions: what they add to p'Ap. */
static float weighted_squares(const struct solve_work *work, int64_t weighted)
{
    vec sums = {0};
    int64_t i = 0;
    for (; i + L <= weighted; i += L) {
        const vec change = vec_load(work->change + i);
        sums += (vec_load(work->confidence + i) - vec_all(1)) * change * change;
    }
    float sum = lanes_sum(sums);
    for (; i < weighted; i++)
        sum += (work->confidence[i] - 1) * work->change[i] * work->change[i];
    return sum;
}

/*
 * The row's part of the objective, from what the solver has at hand: over the weighted
 * interactions c (1 - s)^2 - s^2, over the plain ones 1 - 2 s, and x'Y'Yx for all as unobserved.
 */
static double row_loss(const struct solve_side *side, const struct solve_work *work,
                       int64_t weighted, int64_t plain, const float *plain_sum, const float *x,
                       const float *gram_x)
{
    double loss = 0;
    for (int64_t i = 0; i < weighted; i++) {
        const double c = work->confidence[i], s = work->score[i];
        loss += c * (1 - s) * (1 - s) - s * s;
    }
    loss += (double)plain - 2 * (double)dot(x, plain_sum, side->width);
    loss += (double)dot(x, gram_x, side->width) -
            (double)side->regularization * (double)dot(x, x, side->width);
    return loss;
}

static bool cg(const struct solve_side *side, const struct solve_row *row, float *x,
               struct solve_work *work, double *loss)
{
    const int32_t width = side->width;
    const size_t row_bytes = (size_t)width * sizeof(float);
    float *r = work->vectors, *p = r + width, *q = p + width, *gram_x = q + width;
    float *plain_sum = gram_x + width, *gram_p = plain_sum + width;
    if (row->count == 0) {
        memset(x, 0, row_bytes);
        return true;
    }
    int64_t plain;
    const int64_t weighted = part_row(side, row, work, &plain);

    memset(plain_sum, 0, row_bytes);
    add_listed(side, work, work->plain, plain, plain_sum);
    gram_times(side, x, gram_x);
    for (int32_t at = 0; at < width; at += L)
        vec_store(r + at, vec_load(plain_sum + at) - vec_load(gram_x + at));
    pass(side, work, weighted, true, x, work->score, r);

    copy_row(p, r, width);
    float residual = dot(r, r, width), length = 0;
    for (int32_t step = 1; step <= side->steps && residual >= 1e-20f; step++) {
        const bool last = step == side->steps; /* no residual is needed after it, only p'Ap */
        gram_times(side, p, q);
        if (side->want_loss)
            copy_row(gram_p, q, width);
        pass(side, work, weighted, false, p, work->change, last ? NULL : q);
        length = residual / (dot(p, q, width) + (last ? weighted_squares(work, weighted) : 0));
        add_row(x, p, length, width);
        if (side->want_loss) {
            add_row(gram_x, gram_p, length, width);
            for (int64_t i = 0; i < weighted; i++)
                work->score[i] += length * work->change[i];
        }
        if (last)
            break;
        add_row(r, q, -length, width);
        const float before = residual;
        residual = dot(r, r, width);
        for (int32_t at = 0; at < width; at += L)
            vec_store(p + at, vec_load(r + at) + vec_all(residual / before) * vec_load(p + at));
    }
    if (side->want_loss)
        *loss += row_loss(side, work, weighted, plain, plain_sum, x, gram_x);
    return isfinite(residual) && isfinite(length);
}

/* a = U'U in place (upper triangle, row-major), then x = a^-1 x. False: a is not positive. */
static bool cholesky_solve(float *a, int32_t width, float *x)
{
    for (int32_t k = 0; k < width; k++) {
        float *ak = a + (size_t)k * (size_t)width;
        if (!(ak[k] > 0))
            return false;
        const float scale = 1 / sqrtf(ak[k]);
        for (int32_t at = k / L * L; at < width; at += L)
            vec_store(ak + at, vec_load(ak + at) * vec_all(scale));
        for (int32_t row = k + 1; row < width; row++) {
            float *ar = a + (size_t)row * (size_t)width;
            const vec s = vec_all(ak[row]);
            for (int32_t at = row / L * L; at < width; at += L)
                vec_store(ar + at, vec_load(ar + at) - s * vec_load(ak + at));
        }
        x[k] *= scale;
        for (int32_t row = k + 1; row < width; row++)
            x[row] -= ak[row] * x[k];
        ak[k] = scale; /* the reciprocal of the pivot, for the way back */
    }
    for (int32_t k = width - 1; k >= 0; k--) {
        const float *ak = a + (size_t)k * (size_t)width;
        float sum = x[k];
        for (int32_t col = k + 1; col < width; col++)
            sum -= ak[col] * x[col];
        x[k] = sum * ak[k];
    }
    return true;
}

static bool cholesky(const struct solve_side *side, const struct solve_row *row, float *x,
                     struct solve_work *work, double *loss)
{
    const int32_t width = side->width;
    const size_t row_bytes = (size_t)width * sizeof(float);
    float *gram_x = work->vectors, *plain_sum = gram_x + width;
    memset(x, 0, row_bytes);
    if (row->count == 0)
        return true;
    int64_t plain;
    const int64_t weighted = part_row(side, row, work, &plain);

    memset(plain_sum, 0, row_bytes);
    add_listed(side, work, work->plain, plain, plain_sum);
    copy_row(x, plain_sum, width);
    memcpy(work->matrix, side->gram, row_bytes * (size_t)width);
    for (int64_t at = 0; at < weighted; at += SOLVE_BLOCK_ROWS) {
        const int64_t n = weighted - at < SOLVE_BLOCK_ROWS ? weighted - at : SOLVE_BLOCK_ROWS;
        gather(side, work->weighted + at, n, work->rows);
        for (int64_t i = 0; i < n; i++) {
            const float *from = work->rows + (size_t)i * (size_t)width;
            float *to = work->scaled + (size_t)i * (size_t)width;
            for (int32_t j = 0; j < width; j += L)
                vec_store(to + j, vec_all(work->confidence[at + i] - 1) * vec_load(from + j));
        }
        add_outer(work->rows, work->scaled, n, width, work->matrix);
        add_scaled(work->rows, n, width, work->confidence + at, x);
    }
    if (!cholesky_solve(work->matrix, width, x) || !isfinite(dot(x, x, width)))
        return false;
    if (side->want_loss) {
        gram_times(side, x, gram_x);
        for (int64_t i = 0; i < weighted; i++)
            work->score[i] = dot(side->table + (size_t)work->weighted[i] * (size_t)width, x, width);
        *loss += row_loss(side, work, weighted, plain, plain_sum, x, gram_x);
    }
    return true;
}

static void to_half(const float *rows, int64_t floats, float scale, uint16_t *half)
{
    for (int64_t at = 0; at < floats; at += L)
        vec_to_half(half + at, vec_all(scale) * vec_load(rows + at));
}

const struct solve_kernels LEVEL_NAME(solve_kernels) = {cg, cholesky, add_gram, to_half};
