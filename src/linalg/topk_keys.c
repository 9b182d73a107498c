/*
 * Quickselect and quicksort over distinct 64-bit keys (Hoare, "Algorithm 65: Find", CACM 1961). The
 * pivot's place is drawn by a hash, so that no order of scores that a file may hold is slow.
 */
#include "linalg/topk_keys.h"

#include "base/random.h"

enum { SMALL = 16 }; /* ranges that insertion sorts faster */

static void sort_small(uint64_t *keys, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const uint64_t key = keys[i];
        int64_t at = i;
        for (; at > 0 && keys[at - 1] < key; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Bring the keys above a pivot to the front and the pivot behind them; returns its place. Without
 * a branch on the keys, which no processor could foresee (Lomuto's scheme). n >= 1. */
static int64_t partition(uint64_t *keys, int64_t n)
{
    const uint64_t draw = random_mix((uint64_t)n ^ keys[n / 2]);
    const int64_t drawn = (int64_t)((draw >> 32) * (uint64_t)n >> 32);
    const uint64_t pivot = keys[drawn];
    int64_t front = 0;
    keys[drawn] = keys[n - 1];
    for (int64_t i = 0; i < n - 1; i++) {
        const uint64_t key = keys[i];
        keys[i] = keys[front];
        keys[front] = key;
        front += key > pivot;
    }
    keys[n - 1] = keys[front];
    keys[front] = pivot;
    return front;
}

void keys_select(uint64_t *keys, int64_t n, int64_t k)
{
    while (n > SMALL) {
        const int64_t front = partition(keys, n);
        if (k == front + 1)
            return;
        if (k <= front) {
            n = front;
        } else {
            keys += front + 1;
            n -= front + 1;
            k -= front + 1;
        }
    }
    sort_small(keys, n);
}

void keys_sort(uint64_t *keys, int64_t n)
{
    while (n > SMALL) {
        const int64_t front = partition(keys, n), behind = n - front - 1;
        /* The shorter side by recursion, so that its depth is at most log2 n. */
        if (front < behind) {
            keys_sort(keys, front);
            keys += front + 1;
            n = behind;
        } else {
            keys_sort(keys + front + 1, behind);
            n = front;
        }
    }
    sort_small(keys, n);
}
