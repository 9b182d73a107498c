/*
 * The best k of plain scores, without any memory but the answer: a heap of columns whose root is
 * the worst of the best so far. A column that does not beat it, nearly every one, costs one
 * comparison.
 */
#include "linalg/topk.h"
#include "linalg/topk_keys.h"

static uint64_t key_at(const float *scores, int32_t column)
{
    return key_make(scores[column], column);
}

/* Let the entry at `at` sink until both below it are better. */
static void heap_sink(int32_t *heap, int32_t count, int32_t at, const float *scores)
{
    const int32_t column = heap[at];
    const uint64_t key = key_at(scores, column);
    for (int64_t below = 2 * (int64_t)at + 1; below < count; below = 2 * (int64_t)at + 1) {
        if (below + 1 < count && key_at(scores, heap[below + 1]) < key_at(scores, heap[below]))
            below++;
        if (key < key_at(scores, heap[below]))
            break;
        heap[at] = heap[below];
        at = (int32_t)below;
    }
    heap[at] = column;
}

int32_t topk_of_scores(const float *scores, int32_t n, const int32_t *seen, int64_t seen_count,
                       int32_t k, int32_t *ret_columns)
{
    int32_t count = 0;
    int64_t next_seen = 0;
    for (int32_t column = 0; column < n; column++) {
        while (next_seen < seen_count && seen[next_seen] < column)
            next_seen++;
        const float score = scores[column];
        /* Columns come ascending, so one that only equals the worst is worse than it. */
        if (count == k && !(score > scores[ret_columns[0]]))
            continue;
        if (score != score || (next_seen < seen_count && seen[next_seen] == column))
            continue;
        if (count < k) {
            ret_columns[count++] = column;
            for (int32_t at = count / 2 - 1; count == k && at >= 0; at--)
                heap_sink(ret_columns, count, at, scores);
        } else {
            ret_columns[0] = column;
            heap_sink(ret_columns, count, 0, scores);
        }
    }
    for (int32_t at = count / 2 - 1; count < k && at >= 0; at--)
        heap_sink(ret_columns, count, at, scores);
    for (int32_t last = count - 1; last > 0; last--) {
        const int32_t worst = ret_columns[0];
        ret_columns[0] = ret_columns[last];
        ret_columns[last] = worst;
        heap_sink(ret_columns, last, 0, scores);
    }
    return count;
}
