/*
 * Quickselect and quicksort over 64-bit keys (Hoare, "Algorithm 65: Find", CACM 1961). The pivot's
 * place is drawn by a hash of the range, so that no order of scores that a file may hold is slow.
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

/* Hoare's partition of n >= 2 keys: what is returned is in 1 to n - 1, and no key before it is
 * less than any key from it on. */
static int64_t partition(uint64_t *keys, int64_t n)
{
    const uint64_t draw = random_mix((uint64_t)n ^ keys[n / 2]);
    const uint64_t pivot = keys[(draw >> 32) * (uint64_t)(n - 1) >> 32];
    int64_t left = -1, right = n;
    for (;;) {
        while (keys[++left] > pivot)
            ;
        while (keys[--right] < pivot)
            ;
        if (left >= right)
            return right + 1;
        const uint64_t swapped = keys[left];
        keys[left] = keys[right];
        keys[right] = swapped;
    }
}

void keys_select(uint64_t *keys, int64_t n, int64_t k)
{
    while (n > SMALL) {
        const int64_t front = partition(keys, n);
        if (k < front) {
            n = front;
        } else if (k > front) {
            keys += front;
            n -= front;
            k -= front;
        } else {
            /* The front is right as a set; its least must still go to its end. */
            int64_t least = 0;
            for (int64_t i = 1; i < front; i++)
                least = keys[i] < keys[least] ? i : least;
            const uint64_t swapped = keys[least];
            keys[least] = keys[front - 1];
            keys[front - 1] = swapped;
            return;
        }
    }
    sort_small(keys, n);
}

void keys_sort(uint64_t *keys, int64_t n)
{
    while (n > SMALL) {
        const int64_t front = partition(keys, n);
        /* The shorter side by recursion, so that its depth is at most log2 n. */
        if (front < n - front) {
            keys_sort(keys, front);
            keys += front;
            n -= front;
        } else {
            keys_sort(keys + front, n - front);
            n = front;
        }
    }
    sort_small(keys, n);
}
