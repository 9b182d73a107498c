/*
 * ALS for users that were not trained on: the exact solution of their row, with the items' factors
 * fixed (docs/math/als.md, "One row"), in double.
 *
 *   A = Y'Y + regularization I + sum_j (c_j - 1) y_j y_j',   c_j = alpha count_j
 *   x = A^-1 sum_j c_j y_j,   score of item i = y_i . x
 *
 * and so the share of item j in that score is c_j (A^-1 y_i) . y_j (Hu, Koren, Volinsky, ICDM 2008,
 * section 5). To score, x is rounded to float as trained factors are. Time O(count f^2 + f^3 / 3),
 * and O(items f) for all scores; what is shared, Y'Y, costs O(items f^2 / 2) once.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/score.h"
#include "linalg/solve.h"
#include "model/fold.h"
#include "model/kinds.h"

/* Of the factors that are padded and summed at a time: in float, and the sums of all in double. */
enum { CHUNK_ROWS = 512 };

struct als_fold {
    struct factors_view view;
    int32_t items;
    double alpha;
    double *gram; /* [f × f] Y'Y + regularization I */
};

/* ---- what all fold-ins share ---- */

struct gram_job {
    const struct als_fold *fold;
    int32_t width;
    float *padded; /* [threads × CHUNK_ROWS × width] */
    float *chunks; /* [chunks × width × width] */
};

/* Y'Y of one chunk of items, whose rows get the padding that the kernel wants. */
static void sum_chunk(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct gram_job *job = context;
    const struct factors_view *view = &job->fold->view;
    const size_t width = (size_t)job->width;
    float *rows = job->padded + (size_t)worker * CHUNK_ROWS * width;
    for (int64_t row = begin; row < end; row++)
        memcpy(rows + (size_t)(row - begin) * width, view->items + row * view->item_stride,
               (size_t)view->factors * sizeof(float));
    solve_kernels()->add_gram(rows, end - begin, job->width,
                              job->chunks + (size_t)(begin / CHUNK_ROWS) * width * width);
}

static enum err make_gram(struct als_fold *fold, double regularization, int32_t threads,
                          struct error *err)
{
    enum err rc = ERR_OK;
    const int32_t f = fold->view.factors, width = solve_width(f);
    const size_t chunks = ((size_t)fold->items + CHUNK_ROWS - 1) / CHUNK_ROWS;
    const size_t square = (size_t)width * (size_t)width;
    struct gram_job job = {.fold = fold, .width = width};
    TRY_PTR(fold->gram = mem_array((size_t)f * (size_t)f, sizeof(double), err));
    TRY_PTR(job.padded =
                mem_array((size_t)threads * CHUNK_ROWS * (size_t)width, sizeof(float), err));
    TRY_PTR(job.chunks = mem_array(chunks * square, sizeof(float), err));
    parallel_for(threads, fold->items, CHUNK_ROWS, sum_chunk, &job);
    for (int32_t i = 0; i < f; i++) {
        for (int32_t j = i; j < f; j++) {
            double sum = i == j ? regularization : 0;
            for (size_t chunk = 0; chunk < chunks; chunk++)
                sum += (double)job.chunks[chunk * square + (size_t)(i * width + j)];
            fold->gram[i * f + j] = fold->gram[j * f + i] = sum;
        }
    }
done:
    mem_free(job.padded);
    mem_free(job.chunks);
    return rc;
}

static enum err read_param(const json_t *params, const char *name, double *ret_value,
                           struct error *err)
{
    const json_t *value = json_object_get(params, name);
    if (!json_is_number(value) || !isfinite(json_number_value(value)) ||
        json_number_value(value) < 0)
        return FAIL(err, ERR_CORRUPT, "the model's parameters hold no %s", name);
    *ret_value = json_number_value(value);
    return ERR_OK;
}

static void als_fold_close(void *state)
{
    struct als_fold *fold = state;
    if (fold != NULL)
        mem_free(fold->gram);
    mem_free(fold);
}

static enum err als_fold_open(const struct model *model, const json_t *params, int32_t threads,
                              void **ret_state, struct error *err)
{
    enum err rc = ERR_OK;
    double regularization;
    struct als_fold *fold = mem_array(1, sizeof(*fold), err);
    if (fold == NULL)
        return ERR_NOMEM;
    fold->items = model->items;
    als_kind.factors(model, &fold->view);
    TRY(read_param(params, "alpha", &fold->alpha, err));
    TRY(read_param(params, "regularization", &regularization, err));
    TRY(make_gram(fold, regularization, threads, err));
    *ret_state = fold;
    return ERR_OK;
done:
    als_fold_close(fold);
    return rc;
}

/* ---- one row ---- */

/* The lower triangle of A becomes L with L L' = A. False: A is not positive definite. */
static bool factor(double *a, int32_t n)
{
    for (int32_t j = 0; j < n; j++) {
        double pivot = a[j * n + j];
        for (int32_t k = 0; k < j; k++)
            pivot -= a[j * n + k] * a[j * n + k];
        if (!(pivot > 0) || !isfinite(pivot))
            return false;
        pivot = sqrt(pivot);
        a[j * n + j] = pivot;
        for (int32_t i = j + 1; i < n; i++) {
            double sum = a[i * n + j];
            for (int32_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = sum / pivot;
        }
    }
    return true;
}

/* b becomes the x of L L' x = b. */
static void solve_factored(const double *l, int32_t n, double *b)
{
    for (int32_t i = 0; i < n; i++) {
        for (int32_t k = 0; k < i; k++)
            b[i] -= l[i * n + k] * b[k];
        b[i] /= l[i * n + i];
    }
    for (int32_t i = n - 1; i >= 0; i--) {
        for (int32_t k = i + 1; k < n; k++)
            b[i] -= l[k * n + i] * b[k];
        b[i] /= l[i * n + i];
    }
}

static const float *factors_of_item(const struct als_fold *fold, int32_t item)
{
    return fold->view.items + item * fold->view.item_stride;
}

/* A of the history, factored. `l` has room for f × f. */
static enum err factor_history(const struct als_fold *fold, const struct history *history,
                               double *l, struct error *err)
{
    const int32_t f = fold->view.factors;
    memcpy(l, fold->gram, (size_t)f * (size_t)f * sizeof(*l));
    for (int32_t j = 0; j < history->count; j++) {
        const float *y = factors_of_item(fold, history->items[j]);
        const double more = fold->alpha * (double)history->counts[j] - 1;
        for (int32_t a = 0; a < f; a++)
            for (int32_t b = 0; b <= a; b++)
                l[a * f + b] += more * (double)y[a] * (double)y[b];
    }
    if (!factor(l, f))
        return FAIL_REASON(err, ERR_NUMERIC, "no_finite_solution",
                           "a history of %d items has no finite solution", history->count);
    return ERR_OK;
}

static double dot(const float *y, const double *x, int32_t n)
{
    double sum = 0;
    for (int32_t i = 0; i < n; i++)
        sum += (double)y[i] * x[i];
    return sum;
}

static enum err als_fold_vector(const void *state, const struct history *history, float *x,
                                struct error *err)
{
    enum err rc = ERR_OK;
    const struct als_fold *fold = state;
    const int32_t f = fold->view.factors;
    double *l, *exact = NULL;
    TRY_PTR(l = mem_array((size_t)f * (size_t)f, sizeof(*l), err));
    TRY_PTR(exact = mem_array((size_t)f, sizeof(*exact), err));
    TRY(factor_history(fold, history, l, err));
    for (int32_t j = 0; j < history->count; j++) {
        const float *y = factors_of_item(fold, history->items[j]);
        for (int32_t a = 0; a < f; a++)
            exact[a] += fold->alpha * (double)history->counts[j] * (double)y[a];
    }
    solve_factored(l, f, exact);
    for (int32_t a = 0; a < f; a++)
        x[a] = (float)exact[a];
done:
    mem_free(l);
    mem_free(exact);
    return rc;
}

static enum err als_fold_score(const void *state, const struct history *history, float *scores,
                               struct error *err)
{
    enum err rc = ERR_OK;
    const struct als_fold *fold = state;
    const int32_t f = fold->view.factors;
    float *x;
    TRY_PTR(x = mem_array((size_t)f, sizeof(*x), err));
    TRY(als_fold_vector(state, history, x, err));
    score_rows(x, fold->view.items, fold->items, fold->view.item_stride, f, scores);
done:
    mem_free(x);
    return rc;
}

static enum err als_fold_explain(const void *state, const struct history *history, int32_t item,
                                 double *parts, struct error *err)
{
    enum err rc = ERR_OK;
    const struct als_fold *fold = state;
    const int32_t f = fold->view.factors;
    double *l, *z = NULL;
    TRY_PTR(l = mem_array((size_t)f * (size_t)f, sizeof(*l), err));
    TRY_PTR(z = mem_array((size_t)f, sizeof(*z), err));
    TRY(factor_history(fold, history, l, err));
    for (int32_t a = 0; a < f; a++)
        z[a] = (double)factors_of_item(fold, item)[a];
    solve_factored(l, f, z);
    for (int32_t j = 0; j < history->count; j++)
        parts[j] = fold->alpha * (double)history->counts[j] *
                   dot(factors_of_item(fold, history->items[j]), z, f);
done:
    mem_free(l);
    mem_free(z);
    return rc;
}

const struct fold_kind als_fold = {
    .open = als_fold_open,
    .close = als_fold_close,
    .score = als_fold_score,
    .vector = als_fold_vector,
    .explain = als_fold_explain,
};
