/*
 * The kernel of linalg/topk_kernel.h at one CPU level. A tile is two vectors of items; the group
 * is as many users as leave their sums, two vectors of items and one user's factor in registers:
 * 6 × 2 + 3 of 16 with AVX2, 12 × 2 + 3 of 32 with AVX-512, 4 × 2 + 4 of 16 with SSE2, which needs
 * one more to multiply. Each step of the inner loop is 2 loads, a broadcast per user, and 2 fused
 * multiply-adds per user: the arithmetic, not the cache, is the limit.
 */
#include "linalg/topk_kernel.h"
#include "linalg/vec.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if VEC_LANES == 16
#define GROUP 12
#elif VEC_LANES == 8
#define GROUP 6
#else
#define GROUP 4
#endif
enum { TILE = 2 * VEC_LANES };

typedef int32_t ivec __attribute__((vector_size(4 * VEC_LANES)));

/* Bit i: lane i of a comparison (all ones or all zeros) is true. */
static inline uint32_t lanes_mask(ivec lanes)
{
#if VEC_LANES == 16 && defined(__AVX512DQ__)
    return _mm512_movepi32_mask((__m512i)lanes);
#elif VEC_LANES == 8 && defined(__AVX2__)
    return (uint32_t)_mm256_movemask_ps((__m256)lanes);
#elif VEC_LANES == 4 && defined(__SSE2__)
    return (uint32_t)_mm_movemask_ps((__m128)lanes);
#else
    uint32_t mask = 0;
    for (int32_t i = 0; i < VEC_LANES; i++)
        mask |= (uint32_t)(lanes[i] & 1) << i;
    return mask;
#endif
}

/* Rare: at least one score of the tile has reached its user's threshold. */
static __attribute__((noinline, cold)) void offer_tile(const vec sums[GROUP][2],
                                                       const float *thresholds, int32_t tile,
                                                       topk_offer *offer, void *context)
{
    for (int32_t u = 0; u < GROUP; u++) {
        const vec least = vec_all(thresholds[u]);
        const uint32_t mask = lanes_mask((ivec)(sums[u][0] >= least)) |
                              lanes_mask((ivec)(sums[u][1] >= least)) << VEC_LANES;
        if (mask != 0)
            offer(context, u, tile, mask, (const float *)sums[u]);
    }
}

static void scan(const float *items, int32_t tiles, int32_t factors, const float *users,
                 const float *thresholds, topk_offer *offer, void *context)
{
    for (int32_t tile = 0; tile < tiles; tile++) {
        const float *x = users;
        vec sums[GROUP][2];
#pragma GCC unroll 12
        for (int32_t u = 0; u < GROUP; u++)
            sums[u][0] = sums[u][1] = vec_all(0);
        for (int32_t j = 0; j < factors; j++, x += GROUP, items += TILE) {
            const vec left = vec_load(items), right = vec_load(items + VEC_LANES);
#pragma GCC unroll 12
            for (int32_t u = 0; u < GROUP; u++) {
                const vec factor = vec_all(x[u]);
                sums[u][0] = vec_add_product(sums[u][0], factor, left);
                sums[u][1] = vec_add_product(sums[u][1], factor, right);
            }
        }
        ivec reached = {0};
#pragma GCC unroll 12
        for (int32_t u = 0; u < GROUP; u++) {
            const vec least = vec_all(thresholds[u]);
            reached |= (ivec)(sums[u][0] >= least) | (ivec)(sums[u][1] >= least);
        }
        if (lanes_mask(reached) != 0) {
            vec stored[GROUP][2]; /* a copy, so that the sums themselves can stay in registers */
#pragma GCC unroll 12
            for (int32_t u = 0; u < GROUP; u++) {
                stored[u][0] = sums[u][0];
                stored[u][1] = sums[u][1];
            }
            offer_tile(stored, thresholds, tile, offer, context);
        }
    }
}

/* Some tiles of one user at a time: as many chains as hide the latency of an addition. */
enum { TILES = 4 };

static inline __attribute__((always_inline)) void scan_tiles(const float *items, int32_t first,
                                                             int32_t count, int32_t factors,
                                                             const float *x, const float *threshold,
                                                             topk_offer *offer, void *context)
{
    vec sums[TILES][2];
    const int64_t tile_floats = (int64_t)factors * TILE;
    items += first * tile_floats;
#pragma GCC unroll 4
    for (int32_t t = 0; t < count; t++)
        sums[t][0] = sums[t][1] = vec_all(0);
    for (int32_t j = 0; j < factors; j++) {
        const vec factor = vec_all(x[j]);
#pragma GCC unroll 4
        for (int32_t t = 0; t < count; t++) {
            const float *at = items + t * tile_floats + (int64_t)j * TILE;
            sums[t][0] = vec_add_product(sums[t][0], factor, vec_load(at));
            sums[t][1] = vec_add_product(sums[t][1], factor, vec_load(at + VEC_LANES));
        }
    }
#pragma GCC unroll 4
    for (int32_t t = 0; t < count; t++) {
        const vec least = vec_all(*threshold); /* an offer may have raised it */
        const uint32_t mask = lanes_mask((ivec)(sums[t][0] >= least)) |
                              lanes_mask((ivec)(sums[t][1] >= least)) << VEC_LANES;
        if (mask != 0)
            offer(context, 0, first + t, mask, (const float *)sums[t]);
    }
}

static void scan_one(const float *items, int32_t tiles, int32_t factors, const float *x,
                     const float *threshold, topk_offer *offer, void *context)
{
    int32_t tile = 0;
    for (; tile + TILES <= tiles; tile += TILES)
        scan_tiles(items, tile, TILES, factors, x, threshold, offer, context);
    for (; tile < tiles; tile++)
        scan_tiles(items, tile, 1, factors, x, threshold, offer, context);
}

const struct topk_kernel LEVEL_NAME(topk_kernel) = {TILE, GROUP, scan, scan_one};
