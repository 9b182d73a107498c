/* Why an item was recommended, or was not. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "linalg/topk.h"
#include "predict/predictor_parts.h"

static int larger_part_first(const void *left, const void *right)
{
    const struct reason *a = left, *b = right;
    if (a->part != b->part)
        return a->part > b->part ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

const char *kept_out_name(enum kept_out kept_out)
{
    static const char *const names[] = {[KEPT_OUT_NOT] = NULL,
                                        [KEPT_OUT_SEEN] = "seen",
                                        [KEPT_OUT_BELOW] = "below",
                                        [KEPT_OUT_DENIED] = "denied",
                                        [KEPT_OUT_ALLOWED] = "not_allowed"};
    return names[kept_out];
}

static bool holds(const int32_t *items, int32_t count, int32_t item)
{
    int32_t low = 0, high = count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && items[low] == item;
}

/* Which of the query's bounds struck the item. */
static enum kept_out struck_by(const struct predictor *predictor,
                               const struct recommend_query *query, int32_t item)
{
    const int32_t *seen;
    int32_t count;
    predictor_seen(predictor, query, &seen, &count);
    if (!query->with_seen && holds(seen, count, item))
        return KEPT_OUT_SEEN;
    return holds(query->deny, query->deny_count, item) ? KEPT_OUT_DENIED : KEPT_OUT_ALLOWED;
}

/* The item's place among all that the list may hold, and the score of its last. */
static enum err find_place(struct predictor *predictor, const struct recommend_query *query,
                           int32_t item, struct explanation *made, struct error *err)
{
    enum err rc;
    int32_t *list = NULL;
    const int32_t items = predictor->record->model->items;
    const int32_t most = query->k < items ? query->k : items;
    float *scores = mem_array((size_t)items, sizeof(*scores), err);
    if (scores == NULL)
        return ERR_NOMEM;
    TRY_PTR(list = mem_array((size_t)most, sizeof(*list), err));
    TRY(predictor_score(predictor, query, scores, &made->basis, err));
    const float own = scores[item];
    made->list_score = predictor_told(predictor, made->basis, scores, item);
    predictor_strike(predictor, query, scores);
    const int32_t count = topk_of_scores(scores, items, NULL, 0, most, list);
    if (count > 0)
        made->cutoff = predictor_told(predictor, made->basis, scores, list[count - 1]);
    if (isnan(scores[item])) {
        made->kept_out = struck_by(predictor, query, item);
        goto done;
    }
    made->rank = 1; /* what was struck is neither above nor equal */
    for (int32_t other = 0; other < items; other++)
        made->rank += scores[other] > own || (scores[other] == own && other < item);
    made->kept_out = made->rank > query->k ? KEPT_OUT_BELOW : KEPT_OUT_NOT;
done:
    mem_free(scores);
    mem_free(list);
    return rc;
}

/* The parts of the score, by the exact solution for what the user did. */
static enum err find_reasons(struct predictor *predictor, const struct history *history,
                             int32_t item, struct explanation *made, struct error *err)
{
    enum err rc;
    const void *fold;
    double *parts = NULL;
    TRY(predictor_fold(predictor, &fold, err));
    TRY_PTR(parts = mem_array((size_t)history->count, sizeof(*parts), err));
    TRY(predictor->record->model->kind->fold->explain(fold, history, item, parts, err));
    TRY_PTR(made->reasons = mem_array((size_t)history->count, sizeof(*made->reasons), err));
    made->count = history->count;
    made->score = 0;
    for (int32_t i = 0; i < history->count; i++) {
        made->reasons[i] = (struct reason){history->items[i], history->counts[i], parts[i]};
        made->score += parts[i];
    }
    qsort(made->reasons, (size_t)made->count, sizeof(*made->reasons), larger_part_first);
done:
    mem_free(parts);
    return rc;
}

enum err predict_explain(struct predictor *predictor, const struct recommend_query *query,
                         int32_t item, struct explanation *ret_explanation, struct error *err)
{
    enum err rc;
    struct history history;
    struct explanation made = {0};
    TRY(find_place(predictor, query, item, &made, err));
    made.score = (double)made.list_score;
    bool is_known = made.basis != BASIS_POPULAR && predictor->record->model->kind->fold != NULL;
    if (query->history != NULL)
        history = *query->history;
    else
        is_known = is_known && predictor_history(predictor, query->user, &history);
    if (is_known)
        TRY(find_reasons(predictor, &history, item, &made, err));
    *ret_explanation = made;
    made = (struct explanation){0};
done:
    explanation_release(&made);
    return rc;
}

void explanation_release(struct explanation *explanation)
{
    mem_free(explanation->reasons);
    *explanation = (struct explanation){0};
}
