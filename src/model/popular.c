/*
 * The list that everybody gets: items by their number of train rows. Ties go to the smaller id.
 * Time O(items log items), memory O(items).
 */
#include <stdlib.h>

#include "base/memory.h"
#include "model/kinds.h"

struct entry {
    int64_t count;
    int32_t item;
};

static int more_popular_first(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return (a->item > b->item) - (a->item < b->item);
}

static enum err popular_fit(const struct fit_input *input, struct model **ret_model,
                            struct error *err)
{
    enum err rc;
    struct model *model = NULL;
    struct entry *entries = NULL;
    void *items, *counts;
    const int32_t count = input->train->cols;

    TRY(model_create(&popular_kind, input->train->rows, count, &model, err));
    TRY(model_add_array(model, "items", DTYPE_I32, 1, count, 1, 1, &items, err));
    TRY(model_add_array(model, "counts", DTYPE_I64, 1, count, 1, 1, &counts, err));
    TRY_PTR(entries = mem_array((size_t)count, sizeof(*entries), err));
    for (int32_t item = 0; item < count; item++)
        entries[item] = (struct entry){input->popularity[item], item};
    qsort(entries, (size_t)count, sizeof(*entries), more_popular_first);
    for (int32_t place = 0; place < count; place++) {
        ((int32_t *)items)[place] = entries[place].item;
        ((int64_t *)counts)[place] = entries[place].count;
    }
    *ret_model = model;
    model = NULL;
done:
    mem_free(entries);
    model_free(model);
    return rc;
}

/* Every item stands in the list, and only once, so that each gets its score. */
static enum err check_each_once(const int32_t *list, int32_t items, struct error *err)
{
    bool *listed = mem_array((size_t)items, sizeof(*listed), err);
    if (listed == NULL)
        return ERR_NOMEM;
    enum err rc = ERR_OK;
    for (int32_t place = 0; place < items && rc == ERR_OK; place++) {
        if (list[place] < 0 || list[place] >= items || listed[list[place]])
            rc = FAIL(
                err, ERR_CORRUPT,
                "place %d of the popular list names item %d: each of 0 to %d stands there once",
                place, list[place], items - 1);
        else
            listed[list[place]] = true;
    }
    mem_free(listed);
    return rc;
}

static enum err popular_check(const struct model *model, struct error *err)
{
    const struct model_array *items = model_find_array(model, "items");
    const struct model_array *counts = model_find_array(model, "counts");
    if (items == NULL || items->dtype != DTYPE_I32 || items->ndim != 1 ||
        items->shape[0] != model->items || counts == NULL || counts->dtype != DTYPE_I64 ||
        counts->ndim != 1 || counts->shape[0] != model->items)
        return FAIL(err, ERR_CORRUPT, "a popular model needs items and counts of length %d",
                    model->items);
    return check_each_once(items->data, model->items, err);
}

/* Minus the place in the list, so that equal counts keep the list's own order. Exact up to 2^24
 * items. */
static void popular_score(const struct model *model, int32_t user, float *scores)
{
    const int32_t *items = model_find_array(model, "items")->data;
    (void)user;
    for (int32_t place = 0; place < model->items; place++)
        scores[items[place]] = -(float)place;
}

const struct model_kind popular_kind = {
    .name = "popular",
    .title = "Popular items",
    .summary = "The list that everybody gets; the floor to beat. Seconds.",
    .params = {NULL, 0},
    .personal = false,
    .fit = popular_fit,
    .check = popular_check,
    .score = popular_score,
};
