#include "linalg/solve.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/cpu.h"
#include "linalg/solve_work.h"

const struct solve_kernels *solve_kernels(void)
{
#if defined(__x86_64__)
    static const struct solve_kernels *const levels[CPU_LEVELS] = {
        &solve_kernels_portable, &solve_kernels_avx2, &solve_kernels_avx512};
    return levels[cpu_level()];
#else
    return &solve_kernels_portable;
#endif
}

enum err solve_work_create(int32_t width, int64_t longest_row, int64_t capacity_rows,
                           struct solve_work **ret_work, struct error *err)
{
    enum err rc = ERR_OK;
    const size_t w = (size_t)width;
    const size_t longest = (size_t)longest_row + SOLVE_BLOCK_ROWS; /* whole blocks are written */
    struct solve_work *work;

    TRY_PTR(work = mem_array(1, sizeof(*work), err));
    *work = (struct solve_work){.capacity_rows = capacity_rows < SOLVE_BLOCK_ROWS ? SOLVE_BLOCK_ROWS
                                                                                  : capacity_rows};
    TRY_PTR(work->rows = mem_array((size_t)work->capacity_rows * w, sizeof(float), err));
    TRY_PTR(work->scaled = mem_array(SOLVE_BLOCK_ROWS * w, sizeof(float), err));
    TRY_PTR(work->confidence = mem_array(longest, sizeof(float), err));
    TRY_PTR(work->score = mem_array(longest, sizeof(float), err));
    TRY_PTR(work->change = mem_array(longest, sizeof(float), err));
    TRY_PTR(work->weighted = mem_array(longest, sizeof(int32_t), err));
    TRY_PTR(work->plain = mem_array(longest, sizeof(int32_t), err));
    TRY_PTR(work->vectors = mem_array(SOLVE_VECTORS * w, sizeof(float), err));
    TRY_PTR(work->matrix = mem_array(w * w, sizeof(float), err));
    *ret_work = work;
    work = NULL;
done:
    solve_work_free(work);
    return rc;
}

void solve_work_free(struct solve_work *work)
{
    if (work == NULL)
        return;
    mem_free(work->rows);
    mem_free(work->scaled);
    mem_free(work->confidence);
    mem_free(work->score);
    mem_free(work->change);
    mem_free(work->weighted);
    mem_free(work->plain);
    mem_free(work->vectors);
    mem_free(work->matrix);
    mem_free(work);
}

enum { GRAM_PIECES_MAX = 32, GRAM_PIECE_ROWS_MIN = 1024 };

struct gram_job {
    const float *table;
    int64_t rows, piece_rows;
    int32_t width;
    float *partial; /* [pieces × width × width] */
    void (*add_gram)(const float *rows, int64_t n, int32_t width, float *a);
};

static void gram_pieces(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct gram_job *job = context;
    const size_t width = (size_t)job->width;
    (void)worker;
    for (int64_t piece = begin; piece < end; piece++) {
        const int64_t first = piece * job->piece_rows;
        const int64_t left = job->rows - first;
        job->add_gram(job->table + (size_t)first * width,
                      left < job->piece_rows ? left : job->piece_rows, job->width,
                      job->partial + (size_t)piece * width * width);
    }
}

enum err solve_gram(const float *table, int64_t rows, int32_t factors, float regularization,
                    int32_t threads, float *gram, struct error *err)
{
    const int32_t width = solve_width(factors);
    const size_t cells = (size_t)width * (size_t)width;
    int64_t piece_rows = (rows + GRAM_PIECES_MAX - 1) / GRAM_PIECES_MAX;
    if (piece_rows < GRAM_PIECE_ROWS_MIN)
        piece_rows = GRAM_PIECE_ROWS_MIN;
    const int64_t pieces = (rows + piece_rows - 1) / piece_rows;

    float *partial = mem_array((size_t)pieces * cells, sizeof(float), err);
    if (partial == NULL)
        return ERR_NOMEM;
    struct gram_job job = {table, rows, piece_rows, width, partial, solve_kernels()->add_gram};
    parallel_for(threads, pieces, 1, gram_pieces, &job);

    memset(gram, 0, cells * sizeof(float));
    for (int64_t piece = 0; piece < pieces; piece++)
        for (size_t cell = 0; cell < cells; cell++)
            gram[cell] += partial[(size_t)piece * cells + cell];
    mem_free(partial);
    for (int32_t row = 0; row < width; row++) {
        for (int32_t col = 0; col < row; col++)
            gram[row * width + col] = gram[col * width + row];
        gram[row * width + row] += row < factors ? regularization : 1;
    }
    return ERR_OK;
}

struct halving {
    const struct solve_side *side;
    uint16_t *half;
    float largest[PARALLEL_THREADS_MAX];
};

static void find_largest(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct halving *h = context;
    const int64_t width = h->side->width;
    float largest = h->largest[worker];
    for (int64_t i = begin * width; i < end * width; i++) {
        const float size = fabsf(h->side->table[i]);
        largest = size > largest ? size : largest;
    }
    h->largest[worker] = largest;
}

static void halve_rows(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct halving *h = context;
    const size_t width = (size_t)h->side->width;
    (void)worker;
    solve_kernels()->to_half(h->side->table + (size_t)begin * width, (end - begin) * (int64_t)width,
                             1 / h->side->half_scale, h->half + (size_t)begin * width);
}

void solve_side_halve(struct solve_side *side, int64_t rows, int32_t threads, uint16_t *half)
{
    enum { ROWS_A_PIECE = 1024, LARGEST_EXPONENT = 14 /* of a half float that is left headroom */ };
    struct halving h = {.side = side, .half = half};
    parallel_for(threads, rows, ROWS_A_PIECE, find_largest, &h);
    float largest = 0;
    for (int32_t i = 0; i < threads; i++)
        largest = h.largest[i] > largest ? h.largest[i] : largest;
    side->half_scale =
        largest > 0 && isfinite(largest) ? ldexpf(1, ilogbf(largest) - LARGEST_EXPONENT) : 1;
    side->half = half;
    parallel_for(threads, rows, ROWS_A_PIECE, halve_rows, &h);
}
