#ifndef LINALG_TOPK_H
#define LINALG_TOPK_H

/*
 * The k columns with the greatest inner product for each of many rows, exactly, without ever
 * holding rows × columns scores: users are taken in blocks, items in tiles; a tile's scores stay
 * in the cache while those above the user's k-th best so far are picked out. Items are visited by
 * falling norm, so that by Cauchy-Schwarz (|x . y| <= |x| |y|) the rest of the catalogue can be
 * skipped once no item left can enter.
 *
 * The order is: score falling, then column rising. The result is the same for any number of
 * threads, any block size and with or without skipping. A score that is not a number is in no list.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "linalg/csr.h"

struct topk_items; /* item factors arranged for scanning; never changes, so threads may share it */

/* Arrange item factors [items × factors], rows `stride` floats apart. The input is borrowed for the
 * call only. Memory: a copy of the factors. ERR_NOMEM. */
MUST_CHECK enum err topk_items_create(const float *factors_of_items, int32_t items, int32_t factors,
                                      int64_t stride, int32_t threads,
                                      struct topk_items **ret_items, struct error *err);
void topk_items_free(struct topk_items *items); /* NULL is allowed */

struct topk_query {
    const float *users; /* user factors, rows `user_stride` floats apart */
    int64_t user_stride;
    const int32_t *rows; /* [count] which rows of `users` to answer, in the order of the answers;
                            NULL: 0 to count - 1 */
    int32_t count;
    const struct csr *seen; /* columns that row u of it names are left out for user u; NULL: none */
    int32_t k;              /* 1 to items */
    int32_t threads;
    bool prune; /* skip what the norm bound rules out; the result is the same */
    const struct progress *progress; /* cancel only; NULL allowed */
};

struct topk_stats {
    double scored, total; /* user-item scores computed, and all there are: their ratio is the
                             factor of the pruning; the same for any number of threads */
};

/*
 * Fill ret_columns[count × k] and ret_scores[count × k] (NULL allowed); where fewer than k columns
 * are left, the rest is -1 and 0. ret_stats NULL allowed. ERR_NOMEM, ERR_CANCELLED: then what the
 * arrays hold means nothing.
 * Time O(count × items × factors) at worst, memory O(threads × tile) beside the outputs.
 */
MUST_CHECK enum err topk_select(const struct topk_items *items, const struct topk_query *query,
                                int32_t *ret_columns, float *ret_scores,
                                struct topk_stats *ret_stats, struct error *err);

/* One user, and what they may not get. */
struct topk_question {
    const float *x; /* [factors] */
    int32_t k;      /* 1 to items */
    /* Columns that are left out: both ascending. */
    const int32_t *seen, *deny;
    int64_t seen_count, deny_count;
};

/*
 * The best k for one user who comes alone: the same columns, scores and order as topk_select gives
 * with pruning. Fill ret_columns[k] and ret_scores[k] and return how many there are: less than k
 * only when fewer are left. `keys` is room for topk_keys_needed(k) numbers. Time O(items × factors)
 * at worst; where norms fall as they do in trained models, a small part of it. *ret_scored (NULL
 * allowed): how many scores were computed.
 */
int64_t topk_keys_needed(int32_t k);
int32_t topk_find(const struct topk_items *items, const struct topk_question *question,
                  uint64_t *keys, int32_t *ret_columns, float *ret_scores, int64_t *ret_scored);

/* Bytes that the arranged items take. */
int64_t topk_items_bytes(const struct topk_items *items);

/* The best k of n plain scores, in the same order; columns in seen[0..seen_count) (ascending) are
 * left out. Returns how many there are: less than k only when fewer are left. No memory beside the
 * answer; time O(n + k log k log(n / k)) for scores in no particular order. */
int32_t topk_of_scores(const float *scores, int32_t n, const int32_t *seen, int64_t seen_count,
                       int32_t k, int32_t *ret_columns);

#endif
