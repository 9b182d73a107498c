/* What to recommend, and what is alike: the best of all scores. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
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

/* By the arranged items: those of small norm are not looked at. */
static enum err find_arranged(const struct predictor *predictor, const struct topk_items *arranged,
                              const struct recommend_query *query, const float *x,
                              struct recommendation *ret_items, int32_t *ret_count,
                              struct error *err)
{
    enum err rc = ERR_OK;
    const struct model *model = predictor->record->model;
    const int32_t most = query->k < model->items ? query->k : model->items;
    const int32_t *seen;
    int32_t seen_count, *columns = NULL;
    float *scores = NULL;
    uint64_t *keys = NULL;
    predictor_seen(predictor, query, &seen, &seen_count);
    const struct topk_question question = {.x = x,
                                           .k = most,
                                           .seen = seen,
                                           .seen_count = query->with_seen ? 0 : seen_count,
                                           .deny = query->deny,
                                           .deny_count = query->deny_count};
    TRY_PTR(keys = mem_array((size_t)topk_keys_needed(most), sizeof(*keys), err));
    TRY_PTR(columns = mem_array((size_t)most, sizeof(*columns), err));
    TRY_PTR(scores = mem_array((size_t)most, sizeof(*scores), err));
    *ret_count = topk_find(arranged, &question, keys, columns, scores, NULL);
    for (int32_t i = 0; i < *ret_count; i++)
        ret_items[i] = (struct recommendation){columns[i], scores[i]};
done:
    mem_free(keys);
    mem_free(columns);
    mem_free(scores);
    return rc;
}

/* The same from all scores. */
static enum err find_plain(struct predictor *predictor, const struct recommend_query *query,
                           struct recommendation *ret_items, int32_t *ret_count,
                           enum basis *ret_basis, struct error *err)
{
    enum err rc;
    enum basis basis;
    float *scores;
    TRY_PTR(scores = mem_array((size_t)predictor->record->model->items, sizeof(*scores), err));
    TRY(predictor_score(predictor, query, scores, &basis, err));
    predictor_strike(predictor, query, scores);
    TRY(pick(predictor, scores, basis, query->k, ret_items, ret_count, err));
    *ret_basis = basis;
done:
    mem_free(scores);
    return rc;
}

enum err predict_recommend(struct predictor *predictor, const struct recommend_query *query,
                           struct recommendation *ret_items, int32_t *ret_count,
                           enum basis *ret_basis, struct error *err)
{
    enum err rc;
    float *folded;
    const float *x;
    const struct topk_items *arranged = atomic_load(&predictor->arranged);
    if (arranged == NULL ||
        query->allow != NULL) /* of the allowed ones most may have small norms */
        return find_plain(predictor, query, ret_items, ret_count, ret_basis, err);
    TRY(predictor_factors(predictor, query, &folded, &x, err));
    if (x == NULL)
        return find_plain(predictor, query, ret_items, ret_count, ret_basis, err);
    rc = find_arranged(predictor, arranged, query, x, ret_items, ret_count, err);
    if (rc == ERR_OK)
        *ret_basis = query->history != NULL ? BASIS_HISTORY : BASIS_USER;
    mem_free(folded);
done:
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
    predictor_products(predictor, view.items + item * view.item_stride, scores);
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
