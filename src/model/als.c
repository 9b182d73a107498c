/*
 * Implicit-feedback matrix factorization by alternating least squares: minimizes
 *
 *   sum_ui c_ui (p_ui - x_u . y_i)^2 + regularization (sum_u |x_u|^2 + sum_i |y_i|^2)
 *
 * with p_ui = [r_ui > 0] and c_ui = alpha r_ui where r_ui > 0, else 1: implicit's convention, the
 * paper's is 1 + alpha r_ui. Source: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit
 * Feedback Datasets", ICDM 2008, eqs. 3-5; conjugate gradients as Takács, Pilászy, Tikk,
 * "Applications of the Conjugate Gradient Method for Implicit Feedback Collaborative Filtering",
 * RecSys 2011. See docs/math/als.md.
 *
 * A sweep solves all users with the items fixed, then all items with the users fixed; each row is a
 * small system of its own (linalg/solve.h). Rows are taken longest first, so that no thread is left
 * with a long one at the end, and nothing a row computes depends on which thread has it.
 *
 * Time O(iterations (nnz f + (users + items) f^2)) with cg, O(iterations (nnz f^2 + (users + items)
 * f^3)) with cholesky; memory: the factors, the transpose of the matrix, and buffers.
 */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "linalg/score.h"
#include "linalg/solve.h"
#include "model/kinds.h"

enum { ALS_FACTORS_MAX = 512, ALS_ITERATIONS_MAX = 1000, ALS_STEPS_MAX = 100 };
enum { ROWS_A_PIECE_CG = 8, KEPT_ROWS_MIN = 2048, HALVED_TABLE_BYTES_MIN = 2 << 20 };

static const struct param_info als_params[] = {
    {"iterations", PARAM_INT, "10", 1, ALS_ITERATIONS_MAX, false, NULL,
     "sweeps over users and items: more fit closer, and take longer in proportion"},
    {"factors", PARAM_INT, "60", 1, ALS_FACTORS_MAX, false, NULL,
     "length of a taste vector: more tell finer tastes apart, and cost memory and time"},
    {"regularization", PARAM_REAL, "0.01", 0, 1e6, false, NULL,
     "penalty on large factors: more holds rare users and items closer to the middle"},
    {"alpha", PARAM_REAL, "1.0", 0, 1e6, true, NULL,
     "confidence of one interaction: 1 counts it like one of the unseen, 40 forty times as much"},
    {"solver", PARAM_CHOICE, "cg", 0, 0, false, "cg|cholesky",
     "cg approaches each row's solution in a few steps, cholesky computes it"},
    {"cg_steps", PARAM_INT, "3", 1, ALS_STEPS_MAX, false, NULL,
     "steps of cg for each row and sweep"},
};

/* Solving the rows of `ratings` with the factors of its columns fixed. */
struct half_sweep {
    const struct csr *ratings;
    const int32_t *order; /* [rows] longest first */
    const float *fixed;   /* [cols × width] */
    float *solved;        /* [rows × width] */
    const char *name;     /* of a row, for messages */
    bool last_in_sweep;   /* the loss is known after it */
};

struct fit {
    const struct fit_input *input;
    int32_t factors, width, threads;
    bool cholesky;
    struct solve_side side;
    const struct solve_kernels *kernels;
    uint16_t *half_table; /* [rows × width] of the fixed side, where that is large */
    float *gram;          /* [width × width] */
    double *piece_losses; /* [pieces] summed in order, whoever did them */
    int64_t piece_rows;
    struct solve_work *work[PARALLEL_THREADS_MAX];
    int32_t bad_row[PARALLEL_THREADS_MAX]; /* the largest without a solution, or -1 */
    const struct half_sweep *half;
};

static void solve_piece(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct fit *fit = context;
    const struct half_sweep *half = fit->half;
    const struct csr *m = half->ratings;
    double loss = 0;
    if (progress_cancelled(fit->input->progress))
        return;
    for (int64_t place = begin; place < end; place++) {
        const int32_t row = half->order[place];
        const struct solve_row entries = {
            .indices = m->indices + m->indptr[row],
            .values = m->values + m->indptr[row],
            .count = csr_row_nnz(m, row),
        };
        float *x = half->solved + (size_t)row * (size_t)fit->width;
        const bool ok =
            fit->cholesky
                ? fit->kernels->cholesky(&fit->side, &entries, x, fit->work[worker], &loss)
                : fit->kernels->cg(&fit->side, &entries, x, fit->work[worker], &loss);
        if (!ok && row > fit->bad_row[worker])
            fit->bad_row[worker] = row;
    }
    fit->piece_losses[begin / fit->piece_rows] = loss;
}

/* Whether a table of factors is read faster as half floats: not when it fits the cache anyway, nor
 * for cholesky, which is bound by arithmetic and promises the exact solution. */
static bool is_large(const struct fit *fit, int32_t rows)
{
    return !fit->cholesky && (int64_t)rows * fit->width * 4 > HALVED_TABLE_BYTES_MIN;
}

/* ret_loss: the rows' part of the objective. */
static enum err sweep_half(struct fit *fit, const struct half_sweep *half, double *ret_loss,
                           struct error *err)
{
    enum err rc;
    const struct csr *m = half->ratings;
    fit->half = half;
    fit->side.table = half->fixed;
    fit->side.half = NULL;
    if (is_large(fit, m->cols))
        solve_side_halve(&fit->side, m->cols, fit->threads, fit->half_table);
    fit->side.want_loss = half->last_in_sweep;
    TRY(solve_gram(half->fixed, m->cols, fit->factors, fit->side.regularization, fit->threads,
                   fit->gram, err));
    for (int32_t i = 0; i < fit->threads; i++)
        fit->bad_row[i] = -1;
    parallel_for(fit->threads, m->rows, fit->piece_rows, solve_piece, fit);
    if (progress_cancelled(fit->input->progress))
        return FAIL(err, ERR_CANCELLED, "cancelled while training");

    int32_t bad_row = -1;
    for (int32_t i = 0; i < fit->threads; i++)
        bad_row = fit->bad_row[i] > bad_row ? fit->bad_row[i] : bad_row;
    if (bad_row >= 0)
        return FAIL_REASON(err, ERR_NUMERIC, "no_finite_solution",
                           "%s %d has no finite solution: try a larger regularization or a "
                           "smaller alpha",
                           half->name, bad_row);
    *ret_loss = 0;
    for (int64_t piece = 0; piece * fit->piece_rows < m->rows; piece++)
        *ret_loss += fit->piece_losses[piece];
done:
    return rc;
}

/* implicit's loss: the objective over the sum of all confidences, seen and unseen. */
static double mean_loss(const struct fit *fit, double rows_loss, const float *users,
                        const float *items)
{
    const struct csr *m = fit->input->train;
    double norm = 0, confidence = 0;
    for (size_t i = 0; i < (size_t)m->rows * (size_t)fit->width; i++)
        norm += (double)users[i] * (double)users[i];
    for (size_t i = 0; i < (size_t)m->cols * (size_t)fit->width; i++)
        norm += (double)items[i] * (double)items[i];
    for (int64_t i = 0; i < csr_nnz(m); i++)
        confidence += (double)(fit->side.alpha * m->values[i]);
    const double cells = (double)m->rows * (double)m->cols;
    return (rows_loss + (double)fit->side.regularization * norm) /
           (confidence + cells - (double)csr_nnz(m));
}

/* Rows by falling length, equal ones by number: a counting sort. */
static enum err order_rows(const struct csr *m, int32_t **ret_order, struct error *err)
{
    enum err rc = ERR_OK;
    int64_t longest = 0, *next = NULL;
    int32_t *order = NULL;
    for (int32_t row = 0; row < m->rows; row++)
        longest = csr_row_nnz(m, row) > longest ? csr_row_nnz(m, row) : longest;
    TRY_PTR(next = mem_array((size_t)longest + 2, sizeof(*next), err));
    TRY_PTR(order = mem_array((size_t)m->rows, sizeof(*order), err));
    for (int32_t row = 0; row < m->rows; row++)
        next[longest - csr_row_nnz(m, row) + 1]++;
    for (int64_t i = 0; i <= longest; i++)
        next[i + 1] += next[i];
    for (int32_t row = 0; row < m->rows; row++)
        order[next[longest - csr_row_nnz(m, row)]++] = row;
    *ret_order = order;
done:
    mem_free(next);
    return rc;
}

struct filling {
    float *table;
    int32_t factors, width;
    uint64_t seed, stream;
};

static void fill_rows(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct filling *f = context;
    (void)worker;
    for (int64_t row = begin; row < end; row++)
        for (int32_t j = 0; j < f->factors; j++)
            f->table[row * f->width + j] =
                0.01f *
                random_float(random_bits(f->seed, f->stream, (uint64_t)(row * f->factors + j)));
}

static int64_t longest_row(const struct csr *m, const int32_t *order)
{
    return m->rows > 0 ? csr_row_nnz(m, order[0]) : 0;
}

/* Each thread keeps gathered rows in a buffer of at most a sixteenth of the factors' memory over
 * all threads, but never fewer than KEPT_ROWS_MIN. */
static enum err create_work(struct fit *fit, int64_t longest, struct error *err)
{
    enum err rc = ERR_OK;
    const int64_t rows = (int64_t)fit->input->train->rows + fit->input->train->cols;
    int64_t kept = rows / 16 / fit->threads;
    kept = kept < KEPT_ROWS_MIN ? KEPT_ROWS_MIN : kept;
    kept = kept > longest + SOLVE_BLOCK_ROWS ? longest + SOLVE_BLOCK_ROWS : kept;
    for (int32_t i = 0; i < fit->threads; i++)
        TRY(solve_work_create(fit->width, longest, kept, &fit->work[i], err));
done:
    return rc;
}

static enum err iterate(struct fit *fit, const struct half_sweep halves[2], struct model *model,
                        float *users, float *items, struct error *err)
{
    enum err rc = ERR_OK;
    const int32_t iterations = (int32_t)param_int(fit->input->params, "iterations");
    for (int32_t i = 1; i <= iterations; i++) {
        const double start = clock_seconds();
        double rows_loss;
        TRY(sweep_half(fit, &halves[0], &rows_loss, err));
        TRY(sweep_half(fit, &halves[1], &rows_loss, err));
        const double loss = mean_loss(fit, rows_loss, users, items);
        const double seconds = clock_seconds() - start;
        if (!isfinite(loss))
            return FAIL_REASON(err, ERR_NUMERIC, "no_finite_solution",
                               "the loss of iteration %d is not finite", i);
        const struct progress_update update = {.phase = PHASE_TRAIN,
                                               .done = i,
                                               .total = iterations,
                                               .unit = "iterations",
                                               .iteration = i,
                                               .loss = loss,
                                               .seconds = seconds,
                                               .recall = NAN};
        if (fit->input->on_iteration != NULL)
            TRY(fit->input->on_iteration(fit->input->context, i, loss, seconds, model, err));
        else
            progress_report(fit->input->progress, &update);
    }
done:
    return rc;
}

/* Rows lose their padding, in place. */
static void pack_rows(struct model_array *array)
{
    float *data = array->data;
    for (int64_t row = 1; row < array->shape[0]; row++)
        memmove(data + row * array->shape[1], data + row * array->stride,
                (size_t)array->shape[1] * sizeof(float));
    array->stride = array->shape[1];
}

static enum err als_fit(const struct fit_input *input, struct model **ret_model, struct error *err)
{
    enum err rc;
    struct model *model = NULL;
    struct csr transpose = {0};
    int32_t *user_order = NULL, *item_order = NULL;
    void *users, *items;
    const struct csr *train = input->train;
    struct fit fit = {
        .input = input,
        .factors = (int32_t)param_int(input->params, "factors"),
        .threads = input->threads,
        .cholesky = strcmp(param_text(input->params, "solver"), "cholesky") == 0,
        .kernels = solve_kernels(),
    };
    fit.width = solve_width(fit.factors);
    fit.piece_rows = fit.cholesky ? 1 : ROWS_A_PIECE_CG;
    fit.side = (struct solve_side){
        .regularization = (float)param_real(input->params, "regularization"),
        .alpha = (float)param_real(input->params, "alpha"),
        .width = fit.width,
        .steps = (int32_t)param_int(input->params, "cg_steps"),
    };

    TRY(model_create(&als_kind, train->rows, train->cols, &model, err));
    TRY(model_add_array(model, "user_factors", DTYPE_F32, 2, train->rows, fit.factors, fit.width,
                        &users, err));
    TRY(model_add_array(model, "item_factors", DTYPE_F32, 2, train->cols, fit.factors, fit.width,
                        &items, err));
    TRY(csr_transpose(train, fit.threads, &transpose, err));
    TRY(order_rows(train, &user_order, err));
    TRY(order_rows(&transpose, &item_order, err));
    TRY_PTR(fit.gram = mem_array((size_t)fit.width * (size_t)fit.width, sizeof(float), err));
    fit.side.gram = fit.gram;
    const int32_t most_rows = train->rows > train->cols ? train->rows : train->cols;
    TRY_PTR(fit.piece_losses =
                mem_array((size_t)(most_rows / fit.piece_rows) + 1, sizeof(double), err));
    if (is_large(&fit, most_rows))
        TRY_PTR(fit.half_table =
                    mem_array((size_t)most_rows * (size_t)fit.width, sizeof(*fit.half_table), err));
    const int64_t longest_user = longest_row(train, user_order);
    const int64_t longest_item = longest_row(&transpose, item_order);
    TRY(create_work(&fit, longest_user > longest_item ? longest_user : longest_item, err));

    struct filling fill[] = {{users, fit.factors, fit.width, input->seed, 0},
                             {items, fit.factors, fit.width, input->seed, 1}};
    parallel_for(fit.threads, train->rows, 1024, fill_rows, &fill[0]);
    parallel_for(fit.threads, train->cols, 1024, fill_rows, &fill[1]);
    const struct half_sweep halves[2] = {{train, user_order, items, users, "user", false},
                                         {&transpose, item_order, users, items, "item", true}};
    TRY(iterate(&fit, halves, model, users, items, err));
    pack_rows(&model->arrays[0]);
    pack_rows(&model->arrays[1]);
    *ret_model = model;
    model = NULL;
done:
    for (int32_t i = 0; i < fit.threads; i++)
        solve_work_free(fit.work[i]);
    mem_free(fit.piece_losses);
    mem_free(fit.gram);
    mem_free(fit.half_table);
    mem_free(user_order);
    mem_free(item_order);
    csr_release(&transpose);
    model_free(model);
    return rc;
}

static enum err als_check(const struct model *model, struct error *err)
{
    const struct model_array *users = model_find_array(model, "user_factors");
    const struct model_array *items = model_find_array(model, "item_factors");
    if (users == NULL || items == NULL || users->dtype != DTYPE_F32 || items->dtype != DTYPE_F32 ||
        users->ndim != 2 || items->ndim != 2 || users->shape[0] != model->users ||
        items->shape[0] != model->items || users->shape[1] != items->shape[1] ||
        users->shape[1] < 1 || users->shape[1] > ALS_FACTORS_MAX)
        return FAIL(err, ERR_CORRUPT,
                    "an als model needs user_factors [%d x f] and item_factors [%d x f], f 1 to %d",
                    model->users, model->items, ALS_FACTORS_MAX);
    return ERR_OK;
}

static void als_factors(const struct model *model, struct factors_view *ret_view)
{
    const struct model_array *users = model_find_array(model, "user_factors");
    const struct model_array *items = model_find_array(model, "item_factors");
    *ret_view = (struct factors_view){
        .users = users->data,
        .items = items->data,
        .user_stride = users->stride,
        .item_stride = items->stride,
        .factors = (int32_t)users->shape[1],
    };
}

static void als_score(const struct model *model, int32_t user, float *scores)
{
    struct factors_view view;
    als_factors(model, &view);
    score_rows(view.users + user * view.user_stride, view.items, model->items, view.item_stride,
               view.factors, scores);
}

const struct model_kind als_kind = {
    .name = "als",
    .title = "ALS",
    .summary = "Personal lists by matrix factorization. Minutes.",
    .params = {als_params, sizeof(als_params) / sizeof(als_params[0])},
    .personal = true,
    .fit = als_fit,
    .check = als_check,
    .score = als_score,
    .factors = als_factors,
    .fold = &als_fold,
};
