/* What to recommend, and what is alike: the best of all scores. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "linalg/score.h"
#include "linalg/topk.h"
#include "predict/predictor_parts.h"

static void strike(float *scores, const int32_t *items, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        scores[items[i]] = NAN;
}

static void strike_all_but(float *scores, int32_t items, const int32_t *allow, int32_t count)
{
    for (int32_t item = 0, next = 0; item < items; item++) {
        while (next < count && allow[next] < item)
            next++;
        if (next == count || allow[next] != item)
            scores[item] = NAN;
    }
}

void predictor_strike(const struct predictor *predictor, const struct recommend_query *query,
                      float *scores)
{
    const int32_t *seen;
    int32_t seen_count;
    predictor_seen(predictor, query, &seen, &seen_count);
    if (!query->with_seen)
        strike(scores, seen, seen_count);
    if (query->allow != NULL)
        strike_all_but(scores, predictor->record->model->items, query->allow, query->allow_count);
    strike(scores, query->deny, query->deny_count);
}

/* The best k that are left. */
static enum err pick(const struct predictor *predictor, const float *scores, enum basis basis,
                     int32_t k, struct recommendation *ret_items, int32_t *ret_count,
                     struct error *err)
{
    const int32_t items = predictor->record->model->items, most = k < items ? k : items;
    int32_t *columns = mem_array((size_t)most, sizeof(*columns), err);
    if (columns == NULL)
        return ERR_NOMEM;
    const int32_t count = topk_of_scores(scores, items, NULL, 0, most, columns);
    for (int32_t i = 0; i < count; i++)
        ret_items[i] = (struct recommendation){
            columns[i], predictor_told(predictor, basis, scores, columns[i])};
    *ret_count = count;
    mem_free(columns);
    return ERR_OK;
}

enum err predict_recommend(struct predictor *predictor, const struct recommend_query *query,
                           struct recommendation *ret_items, int32_t *ret_count,
                           enum basis *ret_basis, struct error *err)
{
    enum err rc;
    enum basis basis;
    float *scores = mem_array((size_t)predictor->record->model->items, sizeof(*scores), err);
    if (scores == NULL)
        return ERR_NOMEM;
    TRY(predictor_score(predictor, query, scores, &basis, err));
    predictor_strike(predictor, query, scores);
    TRY(pick(predictor, scores, basis, query->k, ret_items, ret_count, err));
    *ret_basis = basis;
done:
    mem_free(scores);
    return rc;
}

enum err predict_similar(struct predictor *predictor, int32_t item, int32_t k,
                         struct recommendation *ret_items, int32_t *ret_count, struct error *err)
{
    enum err rc;
    const struct model *model = predictor->record->model;
    const float *norms;
    struct factors_view view;
    float *scores = NULL;
    if (model->kind->factors == NULL)
        return FAIL_REASON(err, ERR_INVALID, "kind_without_factors",
                           "a model of kind %s cannot say which items are alike",
                           model->kind->name);
    TRY(predictor_norms(predictor, &norms, err));
    TRY_PTR(scores = mem_array((size_t)model->items, sizeof(*scores), err));
    model->kind->factors(model, &view);
    score_rows(view.items + item * view.item_stride, view.items, model->items, view.item_stride,
               view.factors, scores);
    for (int32_t other = 0; other < model->items; other++) {
        const float length = norms[item] * norms[other];
        scores[other] = length > 0 ? scores[other] / length : NAN;
    }
    scores[item] = NAN;
    TRY(pick(predictor, scores, BASIS_USER, k, ret_items, ret_count, err));
done:
    mem_free(scores);
    return rc;
}
