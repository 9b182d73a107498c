/*
 * The scan. A worker takes a block of users; for each panel of items in turn it lets the kernel
 * run over all groups of the block. What reaches a user's threshold is kept in a buffer of keys
 * (topk_keys.h); when that is full it is cut to its k best, and the threshold rises to the least
 * of them. Only there, so rarely, the user's seen columns are looked at.
 *
 * With pruning a user is done when |x| times the norm of the next panel is below its threshold;
 * users that are done leave the block, and those left are packed together again. The bound allows
 * for the rounding of a score: |fl(x . y) - x . y| <= f u / (1 - f u) |x| |y| with u = 2^-24
 * (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, eq. 3.5), and for underflow. The
 * comparison is strict, so that an equal score with a smaller column is still found.
 */
#include "linalg/topk.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "linalg/topk_items.h"
#include "linalg/topk_keys.h"

enum {
    BLOCK_USERS_MIN = 120,         /* and less than twice as many: 240 × 60 floats are 58 KB */
    BLOCK_BUFFER_BYTES = 16 << 20, /* at most, unless one group needs more */
    BUFFER_SLACK = 16, /* keys beyond 1.5 k: more make fewer cuts, but older thresholds */
    SKETCH_BITS_LOG2 = 11,
    SKETCH_WORDS = (1 << SKETCH_BITS_LOG2) / 64,
    CANCEL_PANELS = 64
};

/* A user of the block. */
struct seeker {
    int32_t answer; /* its place in the query */
    int32_t row;    /* of the factors and of seen */
    int32_t count;  /* keys held */
    bool done;
    double norm;
    uint64_t worst;   /* of the k best so far; a key must be greater. 0: fewer than k yet */
    uint64_t *keys;   /* [capacity] */
    uint64_t *sketch; /* [SKETCH_WORDS] a set bit for each column seen */
};

struct worker {
    struct seeker *seekers; /* [block] those not done first, in the order of the groups */
    float *packed;          /* [block × factors] by group */
    float *thresholds;      /* [block]; infinite beyond the last user */
    uint64_t *keys;         /* [block × capacity] */
    uint64_t *sketches;     /* [block × SKETCH_WORDS] */
    int64_t scored;
    int32_t first, place; /* for the offers: the group's first seeker, the panel's first item */
};

struct selection {
    const struct topk_items *items;
    const struct topk_query *query;
    int32_t *columns;
    float *scores;
    int32_t block, capacity;
    struct worker *workers; /* [threads] */
    atomic_bool cancelled;
};

/* The context of the kernel's offers. */
struct offering {
    const struct selection *selection;
    struct worker *worker;
};

/* The bit of a column in a user's sketch of what it has seen. */
static uint32_t sketch_bit(int32_t column)
{
    return (uint32_t)column * 0x9E3779B1u >> (32 - SKETCH_BITS_LOG2);
}

static void sketch_seen(uint64_t *sketch, const struct csr *seen, int32_t row)
{
    memset(sketch, 0, SKETCH_WORDS * sizeof(*sketch));
    for (int64_t at = seen->indptr[row]; at < seen->indptr[row + 1]; at++) {
        const uint32_t bit = sketch_bit(seen->indices[at]);
        sketch[bit / 64] |= (uint64_t)1 << bit % 64;
    }
}

/* The sketch knows nearly all that was not seen; the rest is a bisection. */
static bool is_seen(const uint64_t *sketch, const struct csr *seen, int32_t row, int32_t column)
{
    const uint32_t bit = sketch_bit(column);
    if ((sketch[bit / 64] >> bit % 64 & 1) == 0)
        return false;
    int64_t low = seen->indptr[row], high = seen->indptr[row + 1];
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (seen->indices[middle] < column)
            low = middle + 1;
        else
            high = middle;
    }
    return low < seen->indptr[row + 1] && seen->indices[low] == column;
}

static void offer(void *context, int32_t user, int32_t tile, uint32_t mask, const float *scores)
{
    const struct offering *o = context;
    const struct topk_items *items = o->selection->items;
    const int32_t slot = o->worker->first + user, k = o->selection->query->k;
    const int32_t place = o->worker->place + tile * items->kernel->tile;
    const struct csr *seen = o->selection->query->seen;
    struct seeker *seeker = &o->worker->seekers[slot];
    for (; mask != 0; mask &= mask - 1) {
        const int32_t i = __builtin_ctz(mask);
        if (place + i >= items->items)
            return; /* the padding of the last tile */
        const int32_t column = items->columns[place + i];
        const uint64_t key = key_make(scores[i], column);
        if (key <= seeker->worst ||
            (seen != NULL && is_seen(seeker->sketch, seen, seeker->row, column)))
            continue;
        seeker->keys[seeker->count++] = key;
        if (seeker->count == o->selection->capacity) {
            keys_select(seeker->keys, seeker->count, k);
            seeker->count = k;
            seeker->worst = seeker->keys[k - 1];
            o->worker->thresholds[slot] = key_score(seeker->worst);
        }
    }
}

/* Copy the factors of the first `live` seekers, group by group; what is left of the last group
 * scores 0 against an infinite threshold. */
static void pack_users(const struct selection *s, struct worker *w, int32_t live)
{
    const int64_t factors = s->items->factors, group = s->items->kernel->group;
    for (int64_t slot = 0; slot < live || slot % group != 0; slot++) {
        float *to = w->packed + slot / group * group * factors + slot % group;
        if (slot >= live) {
            w->thresholds[slot] = INFINITY;
            for (int64_t j = 0; j < factors; j++)
                to[j * group] = 0;
            continue;
        }
        const struct seeker *seeker = &w->seekers[slot];
        const float *from = s->query->users + seeker->row * s->query->user_stride;
        w->thresholds[slot] = seeker->worst == 0 ? -INFINITY : key_score(seeker->worst);
        for (int64_t j = 0; j < factors; j++)
            to[j * group] = from[j];
    }
}

bool topk_out_of_reach(double user_norm, double item_norm, float worst, int32_t factors)
{
    const double bound = user_norm * item_norm * (1 + (factors + 2) * 0x1p-23) + factors * 0x1p-126;
    /* Beyond the range of float a score may be infinite whatever the bound; nor may what is not
     * a number decide. */
    return bound < FLT_MAX / 2 && bound < (double)worst;
}

/* Is everything from a panel of this norm on too short for the user? */
static bool out_of_reach(const struct seeker *seeker, double norm, int32_t factors)
{
    return seeker->worst != 0 &&
           topk_out_of_reach(seeker->norm, norm, key_score(seeker->worst), factors);
}

/* Mark who is done before this panel and, if it saves a group, let them go. Returns how many users
 * are still packed; *ret_active is how many of them are not done. */
static int32_t drop_done(const struct selection *s, struct worker *w, int32_t panel, int32_t live,
                         int32_t *ret_active)
{
    const int32_t group = s->items->kernel->group;
    const double norm = (double)s->items->norms[panel];
    int32_t active = 0;
    for (int32_t slot = 0; slot < live; slot++) {
        struct seeker *seeker = &w->seekers[slot];
        seeker->done = seeker->done || out_of_reach(seeker, norm, s->items->factors);
        active += !seeker->done;
    }
    *ret_active = active;
    if ((active + group - 1) / group == (live + group - 1) / group)
        return live;
    for (int32_t slot = 0, kept = 0; slot < live; slot++) {
        const struct seeker seeker = w->seekers[slot];
        if (seeker.done)
            continue;
        w->seekers[slot] = w->seekers[kept];
        w->seekers[kept++] = seeker;
    }
    pack_users(s, w, active);
    return active;
}

static void write_answer(const struct selection *s, struct seeker *seeker)
{
    const int64_t k = s->query->k, at = seeker->answer * k;
    if (seeker->count > k) {
        keys_select(seeker->keys, seeker->count, k);
        seeker->count = (int32_t)k;
    }
    keys_sort(seeker->keys, seeker->count);
    for (int64_t i = 0; i < k; i++) {
        const bool is_there = i < seeker->count;
        s->columns[at + i] = is_there ? key_column(seeker->keys[i]) : -1;
        if (s->scores != NULL)
            s->scores[at + i] = is_there ? key_score(seeker->keys[i]) : 0;
    }
}

static void start_block(const struct selection *s, struct worker *w, int64_t begin, int32_t users)
{
    const struct topk_query *query = s->query;
    for (int32_t slot = 0; slot < users; slot++) {
        const int32_t answer = (int32_t)begin + slot;
        const int32_t row = query->rows == NULL ? answer : query->rows[answer];
        const float *factors = query->users + row * query->user_stride;
        w->seekers[slot] = (struct seeker){
            .answer = answer,
            .row = row,
            .norm = query->prune ? topk_norm(factors, s->items->factors) : 0,
            .keys = w->keys + (int64_t)slot * s->capacity,
            .sketch = w->sketches + (int64_t)slot * SKETCH_WORDS,
        };
        if (query->seen != NULL)
            sketch_seen(w->seekers[slot].sketch, query->seen, row);
    }
    pack_users(s, w, users);
}

static void select_block(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct selection *s = context;
    struct worker *w = &s->workers[worker];
    const struct topk_items *items = s->items;
    const struct topk_kernel *kernel = items->kernel;
    const int32_t users = (int32_t)(end - begin);
    struct offering offering = {s, w};

    start_block(s, w, begin, users);
    int32_t live = users, active = users;
    for (int32_t panel = 0; panel < items->panels && live > 0; panel++) {
        if (panel % CANCEL_PANELS == 0 && progress_cancelled(s->query->progress))
            atomic_store(&s->cancelled, true);
        if (atomic_load_explicit(&s->cancelled, memory_order_relaxed))
            return;
        if (s->query->prune)
            live = drop_done(s, w, panel, live, &active);
        const int32_t tile = panel * items->panel_tiles;
        const int32_t tiles =
            items->tiles - tile < items->panel_tiles ? items->tiles - tile : items->panel_tiles;
        w->place = tile * kernel->tile;
        const int32_t count = items->items - w->place < tiles * kernel->tile
                                  ? items->items - w->place
                                  : tiles * kernel->tile;
        w->scored += (int64_t)active * count;
        const float *panel_items = items->packed + (int64_t)w->place * items->factors;
        for (w->first = 0; w->first < live; w->first += kernel->group)
            kernel->scan(panel_items, tiles, items->factors,
                         w->packed + (int64_t)w->first * items->factors, w->thresholds + w->first,
                         offer, &offering);
    }
    for (int32_t slot = 0; slot < users; slot++)
        write_answer(s, &w->seekers[slot]);
}

/* How many users a block has: enough to make much of each panel that is read, few enough that the
 * buffers stay small; the same number of blocks for every thread. */
static int32_t block_users(const struct topk_query *query, int32_t capacity, int32_t group)
{
    const int64_t rounds = query->count / ((int64_t)query->threads * BLOCK_USERS_MIN);
    const int64_t blocks = query->threads * (rounds > 1 ? rounds : 1);
    const int64_t fitting = BLOCK_BUFFER_BYTES / ((int64_t)capacity * (int64_t)sizeof(uint64_t));
    int64_t users = (query->count + blocks - 1) / blocks;
    users = fitting < users ? fitting : users;
    users = users < 1 ? 1 : users;
    return (int32_t)((users + group - 1) / group * group);
}

static enum err workers_init(struct selection *s, struct error *err)
{
    enum err rc = ERR_OK;
    const size_t block = (size_t)s->block, factors = (size_t)s->items->factors;
    for (int32_t i = 0; i < s->query->threads; i++) {
        struct worker *w = &s->workers[i];
        TRY_PTR(w->seekers = mem_array(block, sizeof(*w->seekers), err));
        TRY_PTR(w->packed = mem_array(block * factors, sizeof(*w->packed), err));
        TRY_PTR(w->thresholds = mem_array(block, sizeof(*w->thresholds), err));
        TRY_PTR(w->keys = mem_array(block * (size_t)s->capacity, sizeof(*w->keys), err));
        TRY_PTR(w->sketches = mem_array(block * SKETCH_WORDS, sizeof(*w->sketches), err));
    }
done:
    return rc;
}

static void workers_release(struct selection *s)
{
    for (int32_t i = 0; s->workers != NULL && i < s->query->threads; i++) {
        mem_free(s->workers[i].seekers);
        mem_free(s->workers[i].packed);
        mem_free(s->workers[i].thresholds);
        mem_free(s->workers[i].keys);
        mem_free(s->workers[i].sketches);
    }
    mem_free(s->workers);
}

enum err topk_select(const struct topk_items *items, const struct topk_query *query,
                     int32_t *ret_columns, float *ret_scores, struct topk_stats *ret_stats,
                     struct error *err)
{
    enum err rc;
    struct selection s = {
        .items = items, .query = query, .columns = ret_columns, .scores = ret_scores};
    struct topk_stats stats = {.total = (double)query->count * items->items};

    assert(query->k >= 1 && query->k <= items->items && query->count >= 0);
    /* More than all items never come, so a buffer for k near the catalogue needs no slack. */
    const int64_t wished = (int64_t)query->k + query->k / 2 + BUFFER_SLACK;
    s.capacity = wished < items->items + 1 ? (int32_t)wished : items->items + 1;
    s.block = block_users(query, s.capacity, items->kernel->group);
    TRY_PTR(s.workers = mem_array((size_t)query->threads, sizeof(*s.workers), err));
    TRY(workers_init(&s, err));

    parallel_for(query->threads, query->count, s.block, select_block, &s);
    if (atomic_load(&s.cancelled)) {
        rc = FAIL(err, ERR_CANCELLED, "cancelled while choosing the best items");
        goto done;
    }
    for (int32_t i = 0; i < query->threads; i++)
        stats.scored += (double)s.workers[i].scored;
    if (ret_stats != NULL)
        *ret_stats = stats;
done:
    workers_release(&s);
    return rc;
}
