#ifndef LINALG_TOPK_KEYS_H
#define LINALG_TOPK_KEYS_H

/*
 * A score and its column as one number, so that the order of the answers (score falling, then
 * column rising) is the order of plain integers: the greater key is the better candidate, and no
 * two are equal. Scores that are not a number have no place in it and must be left out before.
 */
#include <stdint.h>
#include <string.h>

/* Any number of either sign, infinities included; -0 counts as 0. column: at least 0. */
static inline uint64_t key_make(float score, int32_t column)
{
    uint32_t bits;
    score += 0.0f; /* -0 becomes 0, else equal scores would differ */
    memcpy(&bits, &score, sizeof(bits));
    bits = bits >> 31 ? ~bits : bits | 0x80000000u; /* ascending with the score */
    return (uint64_t)bits << 32 | (uint32_t)~column;
}

static inline int32_t key_column(uint64_t key)
{
    return (int32_t) ~(uint32_t)key;
}

static inline float key_score(uint64_t key)
{
    uint32_t bits = (uint32_t)(key >> 32);
    float score;
    bits = bits >> 31 ? bits ^ 0x80000000u : ~bits;
    memcpy(&score, &bits, sizeof(score));
    return score;
}

/* Move the k greatest of n distinct keys to the front, in any order, the least of them to place
 * k - 1. 1 <= k <= n. Expected time O(n), whatever the order of the input. */
void keys_select(uint64_t *keys, int64_t n, int64_t k);

/* Sort falling, in place. Expected time O(n log n). */
void keys_sort(uint64_t *keys, int64_t n);

#endif
