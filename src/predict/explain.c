/* Why an item was recommended, or was not. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "predict/predictor_parts.h"

static int larger_part_first(const void *left, const void *right)
{
    const struct reason *a = left, *b = right;
    if (a->part != b->part)
        return a->part > b->part ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

static bool holds(const struct history *history, int32_t item)
{
    int32_t low = 0, high = history->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (history->items[middle] < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low < history->count && history->items[low] == item;
}

/* The item's place among those that the person has not touched, and the score of the k-th. */
static enum err find_place(struct predictor *predictor, const struct recommend_query *query,
                           const struct history *history, int32_t item,
                           struct explanation *explanation, struct error *err)
{
    enum err rc;
    enum basis basis;
    int32_t count;
    struct recommendation *list = NULL;
    const int32_t items = predictor->record->model->items;
    float *scores = mem_array((size_t)items, sizeof(*scores), err);
    if (scores == NULL)
        return ERR_NOMEM;
    TRY(predictor_score(predictor, query, scores, &basis, err));
    if (!holds(history, item)) {
        int32_t before = 0;
        for (int32_t other = 0; other < items; other++)
            before += (scores[other] > scores[item] ||
                       (!(scores[other] < scores[item]) && other < item)) &&
                      !holds(history, other);
        explanation->rank = before + 1;
    }
    const struct recommend_query plain = {
        .user = query->user, .history = query->history, .k = query->k};
    TRY_PTR(list = mem_array((size_t)query->k, sizeof(*list), err));
    TRY(predict_recommend(predictor, &plain, list, &count, &basis, err));
    explanation->cutoff = count > 0 ? list[count - 1].score : 0;
done:
    mem_free(list);
    mem_free(scores);
    return rc;
}

enum err predict_explain(struct predictor *predictor, const struct recommend_query *query,
                         int32_t item, struct explanation *ret_explanation, struct error *err)
{
    enum err rc;
    const void *fold;
    double *parts = NULL;
    struct history history;
    struct explanation made = {0};
    const struct model_kind *kind = predictor->record->model->kind;
    if (kind->fold == NULL)
        return FAIL_REASON(err, ERR_INVALID, "kind_without_reasons",
                           "a model of kind %s gives no reasons: its scores do not depend on what "
                           "a user did in a way that adds up",
                           kind->name);
    if (query->history != NULL)
        history = *query->history;
    else if (!predictor_history(predictor, query->user, &history))
        return FAIL_REASON(err, ERR_INVALID, "nothing_known",
                           "nothing is known of this user, so there is nothing to explain");
    TRY(predictor_fold(predictor, &fold, err));
    TRY_PTR(parts = mem_array((size_t)history.count, sizeof(*parts), err));
    TRY(kind->fold->explain(fold, &history, item, parts, err));
    TRY_PTR(made.reasons = mem_array((size_t)history.count, sizeof(*made.reasons), err));
    made.count = history.count;
    for (int32_t i = 0; i < history.count; i++) {
        made.reasons[i] = (struct reason){history.items[i], history.counts[i], parts[i]};
        made.score += parts[i];
    }
    qsort(made.reasons, (size_t)made.count, sizeof(*made.reasons), larger_part_first);
    TRY(find_place(predictor, query, &history, item, &made, err));
    *ret_explanation = made;
    made = (struct explanation){0};
done:
    explanation_release(&made);
    mem_free(parts);
    return rc;
}

void explanation_release(struct explanation *explanation)
{
    mem_free(explanation->reasons);
    *explanation = (struct explanation){0};
}
