/*
 * The scan for one user alone. Panels come by falling norm, so the best are met early; what reaches
 * the threshold is kept in a buffer of keys, which is cut to its k best when it is full, and the
 * scan ends with the first panel that is out of reach (the bound of linalg/topk.c).
 */
#include <math.h>

#include "linalg/topk.h"
#include "linalg/topk_items.h"
#include "linalg/topk_keys.h"

enum { SLACK = 64 }; /* keys beyond 2 k, before the buffer is cut */

struct finding {
    const struct topk_items *items;
    const struct topk_question *question;
    uint64_t *keys;
    int64_t count, capacity;
    int32_t place;   /* of the panel's first item */
    float threshold; /* of the k best so far; what is below it cannot enter */
    uint64_t worst;  /* its key; 0: fewer than k yet */
};

int64_t topk_keys_needed(int32_t k)
{
    return 2 * (int64_t)k + SLACK;
}

static bool holds(const int32_t *columns, int64_t count, int32_t column)
{
    int64_t low = 0, high = count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (columns[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && columns[low] == column;
}

static void cut(struct finding *f)
{
    if (f->count < f->question->k)
        return;
    keys_select(f->keys, f->count, f->question->k);
    f->count = f->question->k;
    f->worst = f->keys[f->count - 1];
    f->threshold = key_score(f->worst);
}

static void offer(void *context, int32_t user, int32_t tile, uint32_t mask, const float *scores)
{
    struct finding *f = context;
    const struct topk_question *q = f->question;
    const int32_t place = f->place + tile * f->items->kernel->tile;
    (void)user;
    for (; mask != 0; mask &= mask - 1) {
        const int32_t i = __builtin_ctz(mask);
        if (place + i >= f->items->items)
            return; /* the padding of the last tile */
        const int32_t column = f->items->columns[place + i];
        const uint64_t key = key_make(scores[i], column);
        if (key <= f->worst || holds(q->seen, q->seen_count, column) ||
            holds(q->deny, q->deny_count, column))
            continue;
        f->keys[f->count++] = key;
        if (f->count == f->capacity)
            cut(f);
    }
}

int32_t topk_find(const struct topk_items *items, const struct topk_question *question,
                  uint64_t *keys, int32_t *ret_columns, float *ret_scores, int64_t *ret_scored)
{
    const int32_t tile_items = items->kernel->tile;
    const double norm = topk_norm(question->x, items->factors);
    int64_t scored = 0;
    struct finding f = {.items = items,
                        .question = question,
                        .keys = keys,
                        .capacity = topk_keys_needed(question->k),
                        .threshold = -INFINITY};
    for (int32_t panel = 0; panel < items->panels; panel++) {
        /* The first k of a long scan are a poor threshold; a cut now and then makes it a good one
         * before the buffer is full. */
        if ((panel & (panel - 1)) == 0 && f.count > question->k)
            cut(&f);
        if (f.worst != 0 &&
            topk_out_of_reach(norm, (double)items->norms[panel], f.threshold, items->factors))
            break;
        const int32_t tile = panel * items->panel_tiles;
        const int32_t tiles =
            items->tiles - tile < items->panel_tiles ? items->tiles - tile : items->panel_tiles;
        f.place = tile * tile_items;
        items->kernel->scan_one(items->packed + (int64_t)f.place * items->factors, tiles,
                                items->factors, question->x, &f.threshold, offer, &f);
        scored += tiles * (int64_t)tile_items;
    }
    cut(&f);
    keys_sort(f.keys, f.count);
    for (int64_t i = 0; i < f.count; i++) {
        ret_columns[i] = key_column(f.keys[i]);
        ret_scores[i] = key_score(f.keys[i]);
    }
    if (ret_scored != NULL)
        *ret_scored = scored < items->items ? scored : items->items;
    return (int32_t)f.count;
}
