#include "worker/child_check.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    ESTIMATE_CELLS = 300000, /* of the matrix, that the timed fit sees at most … */
    ESTIMATE_USERS = 200,    /* … and users that the timed evaluation does */
};
/* What a fit holds beside factors and both matrices (docs/benchmarks.md), and what pruning leaves
 * of the scores to compute, both on the safe side. */
static const double FIT_OVERHEAD = 1.17, PRUNED_SHARE = 0.6;
static const double SAVE_BYTES_A_SECOND = 4e8;

/* The matrix with every n-th user's row only, in the same shape, so that the costs of a cell are
 * those of the whole. */
static enum err thin_out(const struct csr *whole, struct csr *ret_part, struct error *err)
{
    enum err rc = ERR_OK;
    const int64_t nnz = csr_nnz(whole);
    const int32_t step = (int32_t)(nnz / ESTIMATE_CELLS) + 1;
    struct csr part = {.rows = whole->rows, .cols = whole->cols};
    int64_t used = 0;
    for (int32_t row = 0; row < whole->rows; row += step)
        used += whole->indptr[row + 1] - whole->indptr[row];
    TRY_PTR(part.indptr = mem_array((size_t)whole->rows + 1, sizeof(*part.indptr), err));
    TRY_PTR(part.indices = mem_array((size_t)used, sizeof(*part.indices), err));
    TRY_PTR(part.values = mem_array((size_t)used, sizeof(*part.values), err));
    used = 0;
    for (int32_t row = 0; row < whole->rows; row++) {
        const int64_t begin = whole->indptr[row];
        const size_t count = row % step == 0 ? (size_t)(whole->indptr[row + 1] - begin) : 0;
        memcpy(part.indices + used, whole->indices + begin, count * sizeof(*part.indices));
        memcpy(part.values + used, whole->values + begin, count * sizeof(*part.values));
        used += (int64_t)count;
        part.indptr[row + 1] = used;
    }
    *ret_part = part;
    part = (struct csr){0};
done:
    csr_release(&part);
    return rc;
}

/* Seconds that evaluating all users of the holdout takes with such a model. */
static enum err time_evaluation(const struct run_spec *run, const struct dataset *dataset,
                                const struct model *model, const struct progress *progress,
                                double *ret_seconds, struct error *err)
{
    struct eval_result result = {0};
    const struct eval_spec spec = {
        .model = model,
        .train = &dataset->train,
        .holdout = &dataset->holdout,
        .k = (int32_t)param_int(&run->run, "k"),
        .threads = run_threads(run),
        .users_max = ESTIMATE_USERS,
        .prune = false,
        .progress = progress,
    };
    const double begin = clock_seconds();
    const enum err rc = evaluate(&spec, &result, err);
    if (rc == ERR_OK)
        *ret_seconds = (clock_seconds() - begin) * PRUNED_SHARE * (double)dataset->holdout.count /
                       (double)(result.users > 0 ? result.users : 1);
    eval_result_release(&result);
    return rc;
}

/* Seconds from the matrix to the saved model. */
static enum err time_training(const struct run_spec *run, const struct dataset *dataset,
                              const struct progress *progress, double *ret_seconds,
                              struct error *err)
{
    enum err rc;
    struct csr part = {0};
    struct model *model = NULL;
    struct param_set params = run->params;
    const struct progress quiet = {.cancel = progress->cancel};
    double evaluation = 0;
    const bool iterates = params_find(params.table, "iterations") != NULL;
    const double iterations = iterates ? (double)param_int(&params, "iterations") : 1;

    if (iterates)
        TRY(params_set(&params, "iterations", "1", err));
    TRY(thin_out(&dataset->train, &part, err));
    const struct fit_input input = {
        .train = &part,
        .popularity = dataset->popularity,
        .params = &params,
        .seed = (uint64_t)param_int(&run->run, "seed"),
        .threads = run_threads(run),
        .progress = &quiet,
    };
    const double begin = clock_seconds();
    TRY(run->kind->fit(&input, &model, err));
    const double fit = clock_seconds() - begin;
    TRY(time_evaluation(run, dataset, model, &quiet, &evaluation, err));
    const double cells = (double)csr_nnz(&dataset->train), seen = (double)csr_nnz(&part);
    *ret_seconds = iterations * fit * (seen > 0 ? cells / seen : 1) + evaluation;
done:
    model_free(model);
    csr_release(&part);
    return rc;
}

/* Bytes at the peak: while reading, which is known by now, or while fitting. */
static double memory_of(const struct run_spec *run, const struct dataset *dataset, double load_peak)
{
    const double matrix = (double)csr_nnz(&dataset->train) * 8;
    const double rows = (double)dataset->train.rows + (double)dataset->train.cols;
    const bool has_factors = params_find(run->params.table, "factors") != NULL;
    const double factors = has_factors ? rows * (double)param_int(&run->params, "factors") * 4 : 0;
    const double fit =
        (double)mem_rss_bytes() - matrix + FIT_OVERHEAD * (factors + 2 * matrix + 16 * rows);
    return fit > load_peak ? fit : load_peak;
}

static enum err add_estimate(json_t *report, const struct run_spec *run,
                             const struct dataset *dataset, const struct progress *progress,
                             struct error *err)
{
    enum err rc;
    double training;
    json_t *estimate = json_object();
    const double load_peak = (double)mem_peak_rss_bytes();
    const double bytes = memory_of(run, dataset, load_peak);
    TRY(json_set(report, "estimate", estimate, err));
    TRY(time_training(run, dataset, progress, &training, err));
    const double seconds =
        dataset->load_seconds + dataset->split_seconds + training + bytes / 2 / SAVE_BYTES_A_SECOND;
    TRY(json_set(estimate, "memory_bytes", json_integer((json_int_t)bytes), err));
    TRY(json_set(estimate, "seconds", json_number(seconds), err));
done:
    return rc;
}

static enum err make_report(const struct dataset *dataset, json_t *report, struct error *err)
{
    enum err rc;
    const struct funnel *funnel = &dataset->funnel;
    json_t *holdout;
    TRY(json_set(report, "rows", json_integer(funnel->rows), err));
    TRY(json_set(report, "users", json_integer(funnel->users), err));
    TRY(json_set(report, "items", json_integer(funnel->items), err));
    TRY(json_set(report, "time", json_incref(json_object_get(dataset->passport, "time")), err));
    TRY(json_set(report, "holdout", holdout = json_object(), err));
    TRY(json_set(holdout, "users", json_integer(funnel->eval_users), err));
    TRY(json_set(holdout, "pairs", json_integer(funnel->pairs), err));
    TRY(json_set(report, "funnel", funnel_to_json(funnel), err));
    TRY(json_set(report, "data", json_incref(dataset->passport), err));
done:
    return rc;
}

enum err child_check(const struct run_spec *run, const struct progress *progress,
                     json_t **ret_report, struct error *err)
{
    enum err rc;
    struct load_spec load;
    struct dataset *dataset = NULL;
    json_t *report = json_object();
    if (report == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a report");
    TRY(run_load_spec(run, &load, err));
    TRY(dataset_load(&load, progress, &dataset, err));
    TRY(make_report(dataset, report, err));
    TRY(add_estimate(report, run, dataset, progress, err));
    *ret_report = report;
    report = NULL;
done:
    json_decref(report);
    dataset_free(dataset);
    return rc;
}
