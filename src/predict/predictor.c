#include "predict/predictor.h"

#include <math.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/score.h"
#include "predict/predictor_parts.h"

enum { SHARED_BYTES_MIN = 16 << 20, PIECE_ROWS = 8192 }; /* of a table that threads share */

enum err predictor_create(const struct model_record *record, int32_t threads,
                          struct predictor **ret_predictor, struct error *err)
{
    struct predictor *predictor = mem_array(1, sizeof(*predictor), err);
    if (predictor == NULL)
        return ERR_NOMEM;
    predictor->record = record;
    predictor->threads = threads;
    pthread_mutex_init(&predictor->lock, NULL);
    *ret_predictor = predictor;
    return ERR_OK;
}

void predictor_free(struct predictor *predictor)
{
    if (predictor == NULL)
        return;
    if (predictor->fold != NULL)
        predictor->record->model->kind->fold->close(predictor->fold);
    mem_free(predictor->norms);
    topk_items_free(atomic_load(&predictor->arranged));
    pthread_mutex_destroy(&predictor->lock);
    mem_free(predictor);
}

enum err predictor_arrange(struct predictor *predictor, struct error *err)
{
    enum err rc = ERR_OK;
    struct factors_view view;
    struct topk_items *made = NULL, *none = NULL;
    const struct model *model = predictor->record->model;
    if (model->kind->factors == NULL || predictor_is_arranged(predictor))
        return ERR_OK;
    model->kind->factors(model, &view);
    TRY(topk_items_create(view.items, model->items, view.factors, view.item_stride,
                          predictor->threads, &made, err));
    if (atomic_compare_exchange_strong(&predictor->arranged, &none, made))
        made = NULL;
done:
    topk_items_free(made); /* another thread was quicker */
    return rc;
}

bool predictor_is_arranged(const struct predictor *predictor)
{
    return atomic_load(&predictor->arranged) != NULL;
}

int64_t predictor_arranged_bytes(const struct predictor *predictor)
{
    struct factors_view view;
    const struct topk_items *arranged = atomic_load(&predictor->arranged);
    const struct model *model = predictor->record->model;
    if (arranged != NULL)
        return topk_items_bytes(arranged);
    if (model->kind->factors == NULL)
        return 0;
    model->kind->factors(model, &view);
    return (int64_t)model->items * (view.factors + 1) * (int64_t)sizeof(float);
}

const struct model_record *predictor_record(const struct predictor *predictor)
{
    return predictor->record;
}

const char *basis_name(enum basis basis)
{
    static const char *const names[] = {
        [BASIS_USER] = "user", [BASIS_HISTORY] = "history", [BASIS_POPULAR] = "popular"};
    return names[basis];
}

enum err predictor_fold(struct predictor *predictor, const void **ret_fold, struct error *err)
{
    enum err rc = ERR_OK;
    const struct model *model = predictor->record->model;
    pthread_mutex_lock(&predictor->lock);
    if (predictor->fold == NULL)
        rc = model->kind->fold->open(model, predictor->record->params, predictor->threads,
                                     &predictor->fold, err);
    if (rc == ERR_OK)
        *ret_fold = predictor->fold;
    pthread_mutex_unlock(&predictor->lock);
    return rc;
}

static float *make_norms(const struct model *model, struct error *err)
{
    struct factors_view view;
    float *norms = mem_array((size_t)model->items, sizeof(*norms), err);
    if (norms == NULL)
        return NULL;
    model->kind->factors(model, &view);
    for (int32_t item = 0; item < model->items; item++) {
        const float *y = view.items + item * view.item_stride;
        double sum = 0;
        for (int32_t j = 0; j < view.factors; j++)
            sum += (double)y[j] * (double)y[j];
        norms[item] = (float)sqrt(sum);
    }
    return norms;
}

enum err predictor_norms(struct predictor *predictor, const float **ret_norms, struct error *err)
{
    enum err rc = ERR_OK;
    pthread_mutex_lock(&predictor->lock);
    if (predictor->norms == NULL)
        TRY_PTR(predictor->norms = make_norms(predictor->record->model, err));
    *ret_norms = predictor->norms;
done:
    pthread_mutex_unlock(&predictor->lock);
    return rc;
}

bool predictor_history(const struct predictor *predictor, int32_t user, struct history *ret_history)
{
    const struct csr *matrix = predictor->record->matrix;
    if (user < 0 || csr_row_nnz(matrix, user) == 0)
        return false;
    *ret_history = (struct history){
        .items = matrix->indices + matrix->indptr[user],
        .counts = matrix->values + matrix->indptr[user],
        .count = (int32_t)csr_row_nnz(matrix, user),
    };
    return true;
}

void predictor_seen(const struct predictor *predictor, const struct recommend_query *query,
                    const int32_t **ret_items, int32_t *ret_count)
{
    struct history history = {0};
    if (query->history != NULL)
        history = *query->history;
    else
        (void)predictor_history(predictor, query->user, &history);
    *ret_items = history.items;
    *ret_count = history.count;
}

enum err predictor_factors(struct predictor *predictor, const struct recommend_query *query,
                           float **ret_folded, const float **ret_x, struct error *err)
{
    enum err rc = ERR_OK;
    const void *fold;
    float *folded = NULL;
    struct factors_view view;
    const struct model_kind *kind = predictor->record->model->kind;
    *ret_x = *ret_folded = NULL;
    if (!kind->personal || kind->factors == NULL)
        return ERR_OK;
    kind->factors(predictor->record->model, &view);
    if (query->history != NULL && kind->fold != NULL && kind->fold->vector != NULL) {
        TRY(predictor_fold(predictor, &fold, err));
        TRY_PTR(folded = mem_array((size_t)view.factors, sizeof(*folded), err));
        TRY(kind->fold->vector(fold, query->history, folded, err));
        *ret_x = *ret_folded = folded;
        folded = NULL;
    } else if (query->history == NULL && query->user >= 0) {
        *ret_x = view.users + query->user * view.user_stride;
    }
done:
    mem_free(folded);
    return rc;
}

struct products {
    struct factors_view view;
    const float *x;
    float *scores;
};

static void multiply(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct products *p = context;
    (void)worker;
    score_rows(p->x, p->view.items + begin * p->view.item_stride, end - begin, p->view.item_stride,
               p->view.factors, p->scores + begin);
}

void predictor_products(const struct predictor *predictor, const float *x, float *scores)
{
    const struct model *model = predictor->record->model;
    struct products products = {.x = x, .scores = scores};
    model->kind->factors(model, &products.view);
    const int64_t bytes = (int64_t)model->items * products.view.factors * (int64_t)sizeof(float);
    const int32_t threads = bytes >= SHARED_BYTES_MIN ? predictor->threads : 1;
    parallel_for(threads, model->items, PIECE_ROWS, multiply, &products);
}

enum err predictor_score(struct predictor *predictor, const struct recommend_query *query,
                         float *scores, enum basis *ret_basis, struct error *err)
{
    enum err rc;
    const void *fold;
    const float *x;
    float *folded;
    const struct model *model = predictor->record->model;
    TRY(predictor_factors(predictor, query, &folded, &x, err));
    if (!model->kind->personal) { /* whoever asks: one list, in the kind's own order */
        model->kind->score(model, 0, scores);
        *ret_basis = BASIS_POPULAR;
    } else if (x != NULL) {
        predictor_products(predictor, x, scores);
        *ret_basis = query->history != NULL ? BASIS_HISTORY : BASIS_USER;
    } else if (query->history != NULL && model->kind->fold != NULL) {
        TRY(predictor_fold(predictor, &fold, err));
        TRY(model->kind->fold->score(fold, query->history, scores, err));
        *ret_basis = BASIS_HISTORY;
    } else if (query->history == NULL && query->user >= 0) {
        model->kind->score(model, query->user, scores);
        *ret_basis = BASIS_USER;
    } else {
        for (int32_t item = 0; item < model->items; item++)
            scores[item] = (float)predictor->record->popularity[item];
        *ret_basis = BASIS_POPULAR;
    }
    mem_free(folded);
done:
    return rc;
}
