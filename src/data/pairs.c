#include "data/pairs.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"

enum { BLOCK_FIRST = 1 << 13, BLOCK_PAIRS = 1 << 19, INSERTION_MAX = 32 };

enum err pair_list_reserve(struct pair_list *list, int64_t count, struct pair **ret_at,
                           struct error *err)
{
    enum err rc = ERR_OK;
    struct pair_block *block = list->last;
    if (block == NULL || block->room - block->count < count) {
        int64_t room = block == NULL ? BLOCK_FIRST : BLOCK_PAIRS;
        room = room < count ? count : room;
        TRY_PTR(block = mem_array(1, sizeof(*block) + (size_t)room * sizeof(block->pairs[0]), err));
        block->room = room;
        if (list->last == NULL)
            list->first = block;
        else
            list->last->next = block;
        list->last = block;
    }
    *ret_at = block->pairs + block->count;
done:
    return rc;
}

void pair_list_release(struct pair_list *list)
{
    for (struct pair_block *block = list->first, *next; block != NULL; block = next) {
        next = block->next;
        mem_free(block);
    }
    *list = (struct pair_list){0};
}

void buckets_release(struct buckets *buckets)
{
    mem_free(buckets->indptr);
    mem_free(buckets->items);
    *buckets = (struct buckets){0};
}

struct gathering {
    struct pair_block **blocks;
    int64_t block_count;
    _Atomic int64_t *next; /* [users] how many of the user; then where the next one goes */
    uint32_t *items;
    const struct progress *progress;
};

/* Rows of one user often stand together: one addition serves them all. */
void pairs_count_users(const struct pair *pairs, int64_t count, _Atomic int64_t *counts)
{
    for (int64_t i = 0; i < count;) {
        int64_t next = i + 1;
        while (next < count && pairs[next].user == pairs[i].user)
            next++;
        atomic_fetch_add_explicit(&counts[pairs[i].user], next - i, memory_order_relaxed);
        i = next;
    }
}

static void scatter_block(const struct gathering *g, const struct pair_block *block)
{
    for (int64_t i = 0; i < block->count;) {
        const uint32_t user = block->pairs[i].user;
        int64_t next = i + 1;
        while (next < block->count && block->pairs[next].user == user)
            next++;
        int64_t to = atomic_fetch_add_explicit(&g->next[user], next - i, memory_order_relaxed);
        for (; i < next; i++)
            g->items[to++] = block->pairs[i].item;
    }
}

static void scatter_blocks(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct gathering *g = context;
    (void)worker;
    for (int64_t b = begin; b < end && !progress_cancelled(g->progress); b++)
        scatter_block(g, g->blocks[b]);
}

/* All blocks of the lists in one array. */
static enum err list_blocks(struct gathering *g, struct pair_list *const *lists, int32_t list_count,
                            struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = 0; i < list_count; i++)
        for (const struct pair_block *b = lists[i]->first; b != NULL; b = b->next)
            g->block_count++;
    TRY_PTR(g->blocks = mem_array((size_t)g->block_count, sizeof(*g->blocks), err));
    int64_t at = 0;
    for (int32_t i = 0; i < list_count; i++)
        for (struct pair_block *b = lists[i]->first; b != NULL; b = b->next)
            g->blocks[at++] = b;
done:
    return rc;
}

enum err buckets_init(struct buckets *buckets, struct pair_list *const *lists, int32_t list_count,
                      _Atomic int64_t *counts, int32_t users, int32_t threads,
                      const struct progress *progress, struct error *err)
{
    enum err rc;
    struct gathering g = {.next = counts, .progress = progress};
    struct buckets made = {.users = users};

    TRY(list_blocks(&g, lists, list_count, err));
    TRY_PTR(made.indptr = mem_array((size_t)users + 1, sizeof(*made.indptr), err));
    for (int32_t u = 0; u < users; u++) {
        const int64_t count = atomic_load_explicit(&g.next[u], memory_order_relaxed);
        atomic_store_explicit(&g.next[u], made.indptr[u], memory_order_relaxed);
        made.indptr[u + 1] = made.indptr[u] + count;
    }
    TRY_PTR(made.items = mem_array((size_t)made.indptr[users], sizeof(*made.items), err));
    g.items = made.items;
    parallel_for(threads, g.block_count, 1, scatter_blocks, &g);
    for (int32_t i = 0; i < list_count; i++)
        pair_list_release(lists[i]);
    *buckets = made;
    made = (struct buckets){0};
done:
    mem_free(g.blocks);
    buckets_release(&made);
    return rc;
}

static void sort_by_insertion(uint32_t *values, int64_t count)
{
    for (int64_t i = 1; i < count; i++) {
        const uint32_t value = values[i];
        int64_t at = i;
        for (; at > 0 && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

void sort_small(uint32_t *values, uint32_t *scratch, int64_t count, uint32_t limit)
{
    if (count <= INSERTION_MAX) {
        sort_by_insertion(values, count);
        return;
    }
    uint32_t *from = values, *to = scratch;
    for (int shift = 0; shift < 32 && (limit - 1) >> shift != 0; shift += 8) {
        int64_t next[257] = {0};
        for (int64_t i = 0; i < count; i++)
            next[((from[i] >> shift) & 255) + 1]++;
        for (int digit = 1; digit < 257; digit++)
            next[digit] += next[digit - 1];
        for (int64_t i = 0; i < count; i++)
            to[next[(from[i] >> shift) & 255]++] = from[i];
        uint32_t *other = from;
        from = to;
        to = other;
    }
    if (from != values)
        memcpy(values, from, (size_t)count * sizeof(*values));
}
