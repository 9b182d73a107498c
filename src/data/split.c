#include "data/split.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"

enum { USERS_GRAIN = 64 };

/* Replace the codes of every lane's list by dense indices; pairs whose user or item is unknown are
 * dropped and counted. */
struct numbering {
    struct scan *scan;
    int list;
    _Atomic int64_t rows, known_users, known_items;
    _Atomic int64_t *counts; /* [users] pairs left of each user */
};

static void number_block(struct numbering *n, struct pair_block *block, const int32_t *users,
                         const int32_t *items)
{
    int64_t kept = 0, known_users = 0;
    for (int64_t i = 0; i < block->count; i++) {
        const int32_t user = users[block->pairs[i].user], item = items[block->pairs[i].item];
        known_users += user >= 0;
        block->pairs[kept] = (struct pair){(uint32_t)user, (uint32_t)item};
        kept += user >= 0 && item >= 0;
    }
    atomic_fetch_add(&n->rows, block->count);
    atomic_fetch_add(&n->known_users, known_users);
    atomic_fetch_add(&n->known_items, kept);
    block->count = kept;
    pairs_count_users(block->pairs, kept, n->counts);
}

static void number_lanes(void *context, int64_t begin, int64_t end, int32_t worker)
{
    struct numbering *n = context;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        struct scan_lane *lane = &n->scan->lanes[i];
        for (struct pair_block *b = lane->lists[n->list].first; b != NULL; b = b->next) {
            if (progress_cancelled(n->scan->progress))
                return;
            number_block(n, b, id_lane_dense(&lane->users), id_lane_dense(&lane->items));
        }
    }
}

static enum err check_cancel(const struct scan *scan, struct error *err)
{
    if (progress_cancelled(scan->progress))
        return FAIL(err, ERR_CANCELLED, "cancelled while splitting the clickstream");
    return ERR_OK;
}

/* What is known of one list after it was gathered by user. */
struct gathered {
    struct buckets buckets;
    int64_t rows, known_users, known_items;
};

static enum err gather(struct scan *scan, int list, int32_t users, struct gathered *ret_gathered,
                       struct error *err)
{
    enum err rc;
    struct pair_list **lists = NULL;
    struct numbering n = {.scan = scan, .list = list};
    const int32_t threads = scan->spec->threads;

    TRY_PTR(n.counts = mem_array((size_t)users, sizeof(*n.counts), err));
    parallel_for(threads, scan->lane_count, 1, number_lanes, &n);
    TRY(check_cancel(scan, err));
    TRY_PTR(lists = mem_array((size_t)scan->lane_count, sizeof(*lists), err));
    for (int32_t i = 0; i < scan->lane_count; i++)
        lists[i] = &scan->lanes[i].lists[list];
    TRY(buckets_init(&ret_gathered->buckets, lists, scan->lane_count, n.counts, users, threads,
                     scan->progress, err));
    TRY(check_cancel(scan, err));
    ret_gathered->rows = n.rows;
    ret_gathered->known_users = n.known_users;
    ret_gathered->known_items = n.known_items;
done:
    mem_free(lists);
    mem_free((void *)n.counts);
    return rc;
}

/* A piece of work over all users of some buckets. */
struct user_work {
    struct buckets *buckets;
    const struct csr *train;
    struct csr *out;
    const struct progress *progress;
    int64_t *counts;   /* [users + 1] at u + 1: how many are left of user u */
    uint32_t *scratch; /* [threads × scratch_stride] */
    int64_t scratch_stride;
    int32_t items;
};

static int64_t longest_row(const struct buckets *buckets)
{
    int64_t longest = 0;
    for (int32_t u = 0; u < buckets->users; u++) {
        const int64_t length = buckets->indptr[u + 1] - buckets->indptr[u];
        longest = length > longest ? length : longest;
    }
    return longest;
}

/* Sort each user's items, and count the distinct ones. */
static void sort_users(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct user_work *w = context;
    uint32_t *scratch = w->scratch + worker * w->scratch_stride;
    if (progress_cancelled(w->progress))
        return;
    for (int64_t u = begin; u < end; u++) {
        uint32_t *items = w->buckets->items + w->buckets->indptr[u];
        const int64_t count = w->counts[u + 1];
        int64_t distinct = count > 0;
        sort_small(items, scratch, count, (uint32_t)w->items);
        for (int64_t i = 1; i < count; i++)
            distinct += items[i] != items[i - 1];
        w->counts[u + 1] = distinct;
    }
}

/* Write each user's distinct items with how often they come. */
static void count_runs(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct user_work *w = context;
    (void)worker;
    for (int64_t u = begin; u < end; u++) {
        int64_t to = w->out->indptr[u] - 1;
        const int64_t last = w->buckets->indptr[u + 1];
        for (int64_t i = w->buckets->indptr[u]; i < last;) {
            const uint32_t item = w->buckets->items[i];
            int64_t next = i + 1;
            while (next < last && w->buckets->items[next] == item)
                next++;
            w->out->indices[++to] = (int32_t)item;
            w->out->values[to] = (float)(next - i);
            i = next;
        }
    }
}

/* Keep, in their order, the items of each user that are not in the user's train row. */
static void drop_seen(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct user_work *w = context;
    uint32_t *seen =
        w->scratch + worker * w->scratch_stride; /* a bit an item, zero between users */
    if (progress_cancelled(w->progress))
        return;
    for (int64_t u = begin; u < end; u++) {
        const int32_t *row = w->train->indices + w->train->indptr[u];
        const int64_t length = csr_row_nnz(w->train, (int32_t)u);
        uint32_t *items = w->buckets->items + w->buckets->indptr[u];
        const int64_t count = w->buckets->indptr[u + 1] - w->buckets->indptr[u];
        int64_t kept = 0;
        for (int64_t i = 0; count > 0 && i < length; i++)
            seen[row[i] / 32] |= UINT32_C(1) << (row[i] % 32);
        for (int64_t i = 0; i < count; i++) {
            const uint32_t item = items[i];
            items[kept] = item;
            kept += ((seen[item / 32] >> (item % 32)) & 1) == 0;
        }
        for (int64_t i = 0; count > 0 && i < length; i++)
            seen[row[i] / 32] = 0;
        w->counts[u + 1] = kept;
    }
}

static enum err user_work_init(struct user_work *w, const struct scan *scan,
                               struct buckets *buckets, int64_t stride, struct error *err)
{
    enum err rc = ERR_OK;
    w->buckets = buckets;
    w->progress = scan->progress;
    w->scratch_stride = stride + 16; /* no two threads on one cache line */
    TRY_PTR(w->counts = mem_array((size_t)buckets->users + 1, sizeof(*w->counts), err));
    TRY_PTR(w->scratch = mem_array((size_t)(scan->spec->threads * w->scratch_stride),
                                   sizeof(*w->scratch), err));
    for (int32_t u = 0; u < buckets->users; u++)
        w->counts[u + 1] = buckets->indptr[u + 1] - buckets->indptr[u];
done:
    return rc;
}

static void user_work_release(struct user_work *w)
{
    mem_free(w->counts);
    mem_free(w->scratch);
}

static void report_step(const struct scan *scan, int step)
{
    progress_report(scan->progress, &(struct progress_update){.phase = PHASE_SPLIT,
                                                              .done = step,
                                                              .total = 4,
                                                              .unit = "steps",
                                                              .loss = NAN,
                                                              .seconds = NAN,
                                                              .recall = NAN});
}

/* Train lists → matrix. */
static enum err build_train(struct scan *scan, struct dataset *dataset, struct error *err)
{
    enum err rc;
    struct gathered g = {0};
    struct user_work w = {.out = &dataset->train, .items = dataset->items.count};
    const int32_t users = dataset->users.count, threads = scan->spec->threads;

    TRY(gather(scan, LIST_TRAIN, users, &g, err));
    TRY(check_cancel(scan, err));
    TRY(user_work_init(&w, scan, &g.buckets, longest_row(&g.buckets), err));
    parallel_for(threads, users, USERS_GRAIN, sort_users, &w);
    TRY(check_cancel(scan, err));
    for (int32_t u = 0; u < users; u++)
        w.counts[u + 1] += w.counts[u];
    TRY(csr_init(&dataset->train, users, w.items, w.counts[users], err));
    memcpy(dataset->train.indptr, w.counts, ((size_t)users + 1) * sizeof(*w.counts));
    parallel_for(threads, users, USERS_GRAIN, count_runs, &w);
    TRY_PTR(dataset->popularity = mem_array((size_t)w.items, sizeof(int64_t), err));
    for (int64_t i = 0; i < csr_nnz(&dataset->train); i++)
        dataset->popularity[dataset->train.indices[i]] += (int64_t)dataset->train.values[i];
    dataset->funnel.train_rows = g.rows;
    dataset->funnel.users = users;
    dataset->funnel.items = w.items;
    dataset->funnel.nnz = csr_nnz(&dataset->train);
done:
    user_work_release(&w);
    buckets_release(&g.buckets);
    return rc;
}

/* What is left of a list of later rows once the seen pairs are out. */
struct later {
    struct gathered g;
    struct user_work w;    /* counts: unseen of each user, at u + 1 */
    int64_t unseen, known; /* rows; `known`: of user and item both in train */
};

static enum err drop_seen_pairs(struct scan *scan, int list, const struct dataset *dataset,
                                struct later *later, struct error *err)
{
    enum err rc;
    const int32_t users = dataset->users.count;
    TRY(gather(scan, list, users, &later->g, err));
    later->w = (struct user_work){.train = &dataset->train, .items = dataset->items.count};
    /* The scratch serves as bits here and for sorting the contacts after. */
    const int64_t bits = (int64_t)dataset->items.count / 32 + 1;
    const int64_t longest = longest_row(&later->g.buckets);
    TRY(user_work_init(&later->w, scan, &later->g.buckets, longest > bits ? longest : bits, err));
    parallel_for(scan->spec->threads, users, USERS_GRAIN, drop_seen, &later->w);
    TRY(check_cancel(scan, err));
    for (int32_t u = 0; u < users; u++)
        later->known += later->w.counts[u + 1];
    later->unseen = later->g.rows - later->g.known_items + later->known;
done:
    return rc;
}

static void later_release(struct later *later)
{
    user_work_release(&later->w);
    buckets_release(&later->g.buckets);
}

/* Contacts left of each user → the holdout's arrays, each pair once. */
static enum err build_holdout(const struct scan *scan, struct later *contacts,
                              struct holdout *holdout, struct error *err)
{
    enum err rc = ERR_OK;
    struct user_work *w = &contacts->w;
    const struct buckets *buckets = &contacts->g.buckets;
    int64_t pairs = 0;

    parallel_for(scan->spec->threads, buckets->users, USERS_GRAIN, sort_users, w);
    for (int32_t u = 0; u < buckets->users; u++) {
        pairs += w->counts[u + 1];
        holdout->count += w->counts[u + 1] > 0;
    }
    const size_t count = (size_t)holdout->count;
    TRY_PTR(holdout->users = mem_array(count, sizeof(*holdout->users), err));
    TRY_PTR(holdout->indptr = mem_array(count + 1, sizeof(*holdout->indptr), err));
    TRY_PTR(holdout->items = mem_array((size_t)pairs, sizeof(*holdout->items), err));
    int64_t to = 0;
    int32_t row = 0;
    for (int32_t u = 0; u < buckets->users; u++) {
        const uint32_t *items = buckets->items + buckets->indptr[u];
        const int64_t last = to + w->counts[u + 1];
        if (to == last)
            continue;
        for (int64_t i = 0; to < last; i++)
            if (i == 0 || items[i] != items[i - 1])
                holdout->items[to++] = (int32_t)items[i];
        holdout->users[row] = u;
        holdout->indptr[++row] = to;
    }
done:
    return rc;
}

/* Why nothing is left to find, by the first count of the funnel that is zero. */
static enum err check_holdout(const struct funnel *f, struct error *err)
{
    const struct {
        int64_t left;
        const char *reason, *why;
    } steps[] = {
        {f->eval_rows, "holdout_empty", "no row lies after the threshold"},
        {f->unseen, "holdout_all_seen", "every pair after the threshold is in train too"},
        {f->contacts, "holdout_no_contact", "no unseen row after the threshold is a contact"},
        {f->known_users, "holdout_users_unknown", "no user with a contact has a row in train"},
        {f->known_items, "holdout_items_unknown", "no item with a contact has a row in train"},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i].left == 0)
            return FAIL_REASON(
                err, ERR_DATA, steps[i].reason,
                "there is nothing to judge a model by: %s. Of %lld rows: train %lld, eval %lld, "
                "unseen %lld, contacts %lld, known users %lld, known items %lld. Change "
                "eval_days, or give more data.",
                steps[i].why, (long long)f->rows, (long long)f->train_rows, (long long)f->eval_rows,
                (long long)f->unseen, (long long)f->contacts, (long long)f->known_users,
                (long long)f->known_items);
    return ERR_OK;
}

/* Lists of later rows → holdout. */
static enum err split_later(struct scan *scan, struct dataset *dataset, struct error *err)
{
    enum err rc;
    struct funnel *f = &dataset->funnel;
    struct later lists[LIST_TRAIN] = {0}, *contacts = &lists[LIST_CONTACT];

    for (int list = 0; list < LIST_TRAIN; list++) {
        TRY(drop_seen_pairs(scan, list, dataset, &lists[list], err));
        f->eval_rows += lists[list].g.rows;
        f->unseen += lists[list].unseen;
        if (list != LIST_CONTACT) /* only their number was wanted */
            later_release(&lists[list]);
        if (list != LIST_CONTACT)
            lists[list] = (struct later){.unseen = lists[list].unseen};
    }
    f->unlisted_events = lists[LIST_UNLISTED].unseen;
    f->contacts = contacts->unseen;
    /* A pair of an unknown user or item cannot have been seen, so these drop out of the unseen. */
    f->known_users = contacts->known + contacts->g.known_users - contacts->g.known_items;
    f->known_items = contacts->known;
    f->rows = f->train_rows + f->eval_rows;
    TRY(check_holdout(f, err));
    TRY(build_holdout(scan, contacts, &dataset->holdout, err));
    f->eval_users = dataset->holdout.count;
    f->pairs = dataset->holdout.indptr[dataset->holdout.count];
done:
    for (int list = 0; list < LIST_TRAIN; list++)
        later_release(&lists[list]);
    return rc;
}

static enum err finish_ids(struct scan *scan, struct dataset *dataset, struct error *err)
{
    enum err rc;
    struct id_lane **lanes = NULL;
    TRY_PTR(lanes = mem_array((size_t)scan->lane_count, sizeof(*lanes), err));
    for (int32_t i = 0; i < scan->lane_count; i++)
        lanes[i] = &scan->lanes[i].users;
    TRY(ids_finish(&scan->users, lanes, scan->lane_count, "users", &dataset->users, err));
    for (int32_t i = 0; i < scan->lane_count; i++)
        lanes[i] = &scan->lanes[i].items;
    TRY(ids_finish(&scan->items, lanes, scan->lane_count, "items", &dataset->items, err));
done:
    mem_free(lanes);
    return rc;
}

enum err split_rows(struct scan *scan, struct dataset *dataset, struct error *err)
{
    enum err rc;
    report_step(scan, 0);
    TRY(finish_ids(scan, dataset, err));
    report_step(scan, 1);
    if (dataset->users.count == 0) {
        rc = FAIL_REASON(err, ERR_DATA, "sample_empty",
                         "no user with a train row is in the sample of %g of the users. Raise "
                         "sample_users.",
                         scan->spec->sample_users);
        goto done;
    }
    TRY(build_train(scan, dataset, err));
    report_step(scan, 2);
    TRY(check_cancel(scan, err));
    TRY(split_later(scan, dataset, err));
    report_step(scan, 4);
done:
    return rc;
}
