#ifndef DATA_PAIRS_H
#define DATA_PAIRS_H

/*
 * (user, item) pairs as rows stream by: eight bytes a row, in blocks that are filled by one thread
 * and never moved.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"

struct pair {
    uint32_t user, item; /* codes (data/ids.h), and after numbering dense indices */
};

struct pair_block {
    struct pair_block *next;
    int64_t count, room;
    struct pair pairs[];
};

struct pair_list {
    struct pair_block *first, *last;
};

/* Room for `count` more pairs in one piece, at *ret_at; pair_list_added says how many came. */
MUST_CHECK enum err pair_list_reserve(struct pair_list *list, int64_t count, struct pair **ret_at,
                                      struct error *err);
static inline void pair_list_added(struct pair_list *list, int64_t count)
{
    list->last->count += count;
}
void pair_list_release(struct pair_list *list);

/* Pairs with dense indices, gathered by user: the items of user u are
 * items[indptr[u] … indptr[u + 1]), in no order. */
struct buckets {
    int32_t users;
    int64_t *indptr; /* [users + 1] */
    uint32_t *items;
};

/* Add to counts[u] how many of the pairs are of user u. Threads may share `counts`. */
void pairs_count_users(const struct pair *pairs, int64_t count, _Atomic int64_t *counts);

/* Gather all pairs of the lists, whose users are below `users` and number counts[users], and
 * release the lists. `counts` is used up. When `progress` (NULL allowed) says that the run is
 * cancelled, the buckets are of no use, and the caller asks it too. Time O(pairs + users).
 * ERR_NOMEM. */
MUST_CHECK enum err buckets_init(struct buckets *buckets, struct pair_list *const *lists,
                                 int32_t list_count, _Atomic int64_t *counts, int32_t users,
                                 int32_t threads, const struct progress *progress,
                                 struct error *err);
void buckets_release(struct buckets *buckets);

/* Sort values below `limit`, by radix; `scratch` of as many. O(count). */
void sort_small(uint32_t *values, uint32_t *scratch, int64_t count, uint32_t limit);

#endif
