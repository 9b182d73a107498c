#include "linalg/topk_items.h"

#include <math.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/topk_keys.h"

enum { PANEL_BYTES = 16 << 10, PANEL_TILES_MAX = 8, PACK_GRAIN = 64, NORM_GRAIN = 4096 };

const struct topk_kernel *topk_kernel_of(enum cpu_level level)
{
#if defined(__x86_64__)
    if (level == CPU_AVX512)
        return &topk_kernel_avx512;
    if (level == CPU_AVX2)
        return &topk_kernel_avx2;
#endif
    (void)level;
    return &topk_kernel_portable;
}

double topk_norm(const float *factors, int32_t count)
{
    double sum = 0;
    for (int32_t j = 0; j < count; j++)
        sum += (double)factors[j] * (double)factors[j];
    return isfinite(sum) ? sqrt(sum) : INFINITY;
}

struct packing {
    struct topk_items *items;
    const float *source;
    int64_t stride;
    uint64_t *order; /* [items] keys of (norm, column) */
};

static void take_norms(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct packing *p = context;
    (void)worker;
    for (int64_t item = begin; item < end; item++) {
        const double norm = topk_norm(p->source + item * p->stride, p->items->factors);
        p->order[item] = key_make((float)norm, (int32_t)item);
    }
}

static void pack_tiles(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct packing *p = context;
    struct topk_items *items = p->items;
    const int64_t width = items->kernel->tile, factors = items->factors;
    (void)worker;
    for (int64_t tile = begin; tile < end; tile++) {
        const float *from[TOPK_TILE_MAX];
        const int64_t first = tile * width;
        const int64_t count = items->items - first < width ? items->items - first : width;
        for (int64_t i = 0; i < count; i++) {
            items->columns[first + i] = key_column(p->order[first + i]);
            from[i] = p->source + items->columns[first + i] * p->stride;
        }
        float *to = items->packed + first * factors;
        for (int64_t j = 0; j < factors; j++, to += width)
            for (int64_t i = 0; i < count; i++)
                to[i] = from[i][j];
    }
}

/* What depends on the shape alone, and the arrays. */
static enum err items_init(struct topk_items *items, int32_t count, int32_t factors,
                           struct error *err)
{
    enum err rc = ERR_OK;
    const int32_t width = items->kernel->tile;
    const int32_t tile_bytes = width * factors * (int32_t)sizeof(float);
    items->items = count;
    items->factors = factors;
    items->tiles = count / width + (count % width != 0);
    /* Half of a first-level cache, but few enough items that pruning can stop early. */
    items->panel_tiles = tile_bytes < PANEL_BYTES ? PANEL_BYTES / tile_bytes : 1;
    if (items->panel_tiles > PANEL_TILES_MAX)
        items->panel_tiles = PANEL_TILES_MAX;
    items->panels = (items->tiles - 1) / items->panel_tiles + 1;
    TRY_PTR(items->packed = mem_array((size_t)items->tiles, (size_t)tile_bytes, err));
    TRY_PTR(items->columns = mem_array((size_t)count, sizeof(*items->columns), err));
    TRY_PTR(items->norms = mem_array((size_t)items->panels, sizeof(*items->norms), err));
done:
    return rc;
}

enum err topk_items_create_at(enum cpu_level level, const float *factors_of_items, int32_t items,
                              int32_t factors, int64_t stride, int32_t threads,
                              struct topk_items **ret_items, struct error *err)
{
    enum err rc;
    struct topk_items *made = NULL;
    struct packing packing = {.source = factors_of_items, .stride = stride};

    TRY_PTR(made = mem_array(1, sizeof(*made), err));
    made->kernel = topk_kernel_of(level);
    TRY(items_init(made, items, factors, err));
    packing.items = made;
    TRY_PTR(packing.order = mem_array((size_t)items, sizeof(*packing.order), err));

    parallel_for(threads, items, NORM_GRAIN, take_norms, &packing);
    keys_sort(packing.order, items);
    parallel_for(threads, made->tiles, PACK_GRAIN, pack_tiles, &packing);
    for (int32_t panel = 0; panel < made->panels; panel++)
        made->norms[panel] =
            key_score(packing.order[(int64_t)panel * made->panel_tiles * made->kernel->tile]);
    *ret_items = made;
    made = NULL;
done:
    mem_free(packing.order);
    topk_items_free(made);
    return rc;
}

enum err topk_items_create(const float *factors_of_items, int32_t items, int32_t factors,
                           int64_t stride, int32_t threads, struct topk_items **ret_items,
                           struct error *err)
{
    return topk_items_create_at(cpu_level(), factors_of_items, items, factors, stride, threads,
                                ret_items, err);
}

int64_t topk_items_bytes(const struct topk_items *items)
{
    const int64_t places = (int64_t)items->tiles * items->kernel->tile;
    return places * items->factors * (int64_t)sizeof(float) +
           items->items * (int64_t)sizeof(int32_t) + items->panels * (int64_t)sizeof(float);
}

void topk_items_free(struct topk_items *items)
{
    if (items == NULL)
        return;
    mem_free(items->packed);
    mem_free(items->columns);
    mem_free(items->norms);
    mem_free(items);
}
