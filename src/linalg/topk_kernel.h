#ifndef LINALG_TOPK_KERNEL_H
#define LINALG_TOPK_KERNEL_H

/*
 * The inner part of the top-k scan, one per CPU level (topk_level.c): the scores of a few users
 * with a tile of items, which never leave the registers unless one of them reaches its user's
 * threshold. Only linalg/topk*.c and its tests include this.
 *
 * Every score is one chain over the factors in ascending order, s = x[j] * y[j] + s from s = 0,
 * whatever the place in its tile or group, so equal inputs give equal bits on one level.
 */
#include <stdint.h>

#include "linalg/cpu.h"

enum { TOPK_TILE_MAX = 32, TOPK_GROUP_MAX = 12 };

/* Hand over scores of one user of the group with the items of one tile: bit i of `mask` is set
 * where scores[i] reached the threshold; `tile` counts from the first that was scanned. It may
 * raise thresholds[user]. */
typedef void topk_offer(void *context, int32_t user, int32_t tile, uint32_t mask,
                        const float *scores);

struct topk_kernel {
    int32_t tile;  /* items side by side: at most TOPK_TILE_MAX */
    int32_t group; /* users at once: at most TOPK_GROUP_MAX */
    /* items: `tiles` tiles of [factors × tile], 64-byte aligned. users: [factors × group].
     * thresholds: [group], read again for every tile. */
    void (*scan)(const float *items, int32_t tiles, int32_t factors, const float *users,
                 const float *thresholds, topk_offer *offer, void *context);
    /* The same for one user: x [factors]; offers come with user 0. */
    void (*scan_one)(const float *items, int32_t tiles, int32_t factors, const float *x,
                     const float *threshold, topk_offer *offer, void *context);
};

extern const struct topk_kernel topk_kernel_portable, topk_kernel_avx2, topk_kernel_avx512;

/* The kernel of a level, or of the best level below it that was built. */
const struct topk_kernel *topk_kernel_of(enum cpu_level level);

struct error;
struct topk_items;

/* topk_items_create for a level that the processor has, whatever cpu_level() says. */
enum err topk_items_create_at(enum cpu_level level, const float *factors_of_items, int32_t items,
                              int32_t factors, int64_t stride, int32_t threads,
                              struct topk_items **ret_items, struct error *err);

#endif
