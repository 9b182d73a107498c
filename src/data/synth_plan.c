#include "data/synth_plan.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

int64_t synth_permute(uint64_t key, int64_t count, int64_t x)
{
    /* Each step is invertible modulo 2^bits; values that land outside are sent on. */
    int bits = 1;
    while (bits < 62 && (INT64_C(1) << bits) < count)
        bits++;
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    const int shift = (bits + 1) / 2;
    const uint64_t key2 = random_mix(key);
    uint64_t v = (uint64_t)x;
    do {
        v = (v * 0xBF58476D1CE4E5B9u + key) & mask;
        v ^= v >> shift;
        v = (v * 0x94D049BB133111EBu + key2) & mask;
        v ^= v >> shift;
        v = (v * 0x9E3779B97F4A7C15u + (key >> 32)) & mask;
        v ^= v >> shift;
    } while (v >= (uint64_t)count);
    return (int64_t)v;
}

int32_t synth_shelf_find(const struct synth_plan *plan, int32_t begin, int32_t end, double target)
{
    while (end - begin > 1) {
        const int32_t middle = begin + (end - begin) / 2;
        if (plan->shelf_sum[middle] <= target)
            begin = middle;
        else
            end = middle;
    }
    return begin;
}

int64_t synth_user_id(const struct synth_plan *plan, int32_t user)
{
    const double span = (double)plan->users * plan->shape->user_ids / plan->shape->users;
    const int64_t ids = plan->users == plan->shape->users ? plan->shape->user_ids : (int64_t)span;
    return plan->users == 1 ? 0 : (int64_t)user * (ids - 1) / (plan->users - 1);
}

void synth_user_window(const struct synth_plan *plan, int32_t user, double *ret_begin,
                       double *ret_end)
{
    const double begin = (double)plan->shape->begin, end = (double)plan->shape->end;
    double at[4];
    for (uint64_t i = 0; i < 4; i++)
        at[i] = random_double(random_bits(plan->seed, SYNTH_STREAM_WINDOW, (uint64_t)user * 4 + i));
    /* Most are there all the time; some come later, few of them after the threshold; some leave. */
    const double from = at[0] < 0.75 ? 0 : at[1] * 0.75;
    const double to = at[2] < 0.7 ? 1 : from + 0.02 + at[3] * (0.98 - from);
    *ret_begin = begin + from * (end - begin);
    *ret_end = begin + to * (end - begin);
}

/* ---- users: how many rows, and how many of them before the threshold ---- */

/* Rows of the users by rank, fewest first, adding up to plan->rows. `by_rank` [users] */
static enum err share_rows(const struct synth_plan *plan, double *curve, int32_t *by_rank,
                           const struct progress *progress, struct error *err)
{
    const struct synth_shape *shape = plan->shape;
    const double users = plan->users;
    for (int32_t r = 0; r < plan->users; r++) {
        const double p = (r + 0.5) / users;
        curve[r] = exp(synth_curve(shape->user_curve, shape->user_knots, log(p / (1 - p))));
    }
    /* The factor, by bisection, since nobody has less than one row. */
    double low = 0, high = (double)plan->rows * 2;
    for (int step = 0; step < 100; step++) {
        if (progress_cancelled(progress))
            return FAIL(err, ERR_CANCELLED, "cancelled before the first row");
        const double factor = (low + high) / 2;
        double sum = 0;
        for (int32_t r = 0; r < plan->users; r++)
            sum += fmax(1, floor(curve[r] * factor + 0.5));
        if (sum > (double)plan->rows)
            high = factor;
        else
            low = factor;
    }
    int64_t left = plan->rows;
    for (int32_t r = 0; r < plan->users; r++) {
        by_rank[r] = (int32_t)fmax(1, floor(curve[r] * low + 0.5));
        left -= by_rank[r];
    }
    /* What rounding left goes to the upper middle, one row each, and round again. */
    for (int32_t r = plan->users * 9 / 10; left > 0; left--) {
        by_rank[r]++;
        r = r > 0 ? r - 1 : plan->users - 1;
    }
    return ERR_OK;
}

/* Train rows of a user when all users' odds of being early are multiplied by exp(shift). */
static double train_rows_of(const struct synth_plan *plan, int32_t user, double shift)
{
    double begin, end;
    synth_user_window(plan, user, &begin, &end);
    const double threshold = (double)plan->shape->threshold;
    const double early = (fmin(end, threshold) - fmin(begin, threshold)) / (end - begin);
    const double rows = (double)(plan->user_start[user + 1] - plan->user_start[user]);
    const double odds = exp(shift);
    return rows * (early * odds / (early * odds + (1 - early)));
}

/* Splits every user's rows at the threshold so that the sum is plan->train_rows exactly. */
static enum err share_train(struct synth_plan *plan, const struct progress *progress,
                            struct error *err)
{
    double low = -20, high = 20;
    for (int step = 0; step < 40; step++) {
        if (progress_cancelled(progress))
            return FAIL(err, ERR_CANCELLED, "cancelled before the first row");
        const double shift = (low + high) / 2;
        double sum = 0;
        for (int32_t u = 0; u < plan->users; u++)
            sum += train_rows_of(plan, u, shift);
        if (sum > (double)plan->train_rows)
            high = shift;
        else
            low = shift;
    }
    /* Rounding by carrying the rest on keeps the sum; the ends of it are put right below. */
    double carry = 0;
    int64_t left = plan->train_rows;
    for (int32_t u = 0; u < plan->users; u++) {
        const int64_t rows = plan->user_start[u + 1] - plan->user_start[u];
        carry += train_rows_of(plan, u, low);
        int64_t train = (int64_t)fmin((double)rows, fmax(0, floor(carry + 0.5)));
        carry -= (double)train;
        plan->user_train[u] = (int32_t)train;
        left -= train;
    }
    for (int32_t u = 0; left != 0; u = (u + 1) % plan->users) {
        const int64_t rows = plan->user_start[u + 1] - plan->user_start[u];
        if (left > 0 && plan->user_train[u] < rows) {
            plan->user_train[u]++;
            left--;
        } else if (left < 0 && plan->user_train[u] > 0) {
            plan->user_train[u]--;
            left++;
        }
    }
    return ERR_OK;
}

static enum err plan_users(struct synth_plan *plan, const struct progress *progress,
                           struct error *err)
{
    enum err rc;
    const size_t users = (size_t)plan->users;
    double *curve = NULL;
    int32_t *by_rank = NULL;
    TRY_PTR(curve = mem_array(users, sizeof(*curve), err));
    TRY_PTR(by_rank = mem_array(users, sizeof(*by_rank), err));
    TRY_PTR(plan->user_start = mem_array(users + 1, sizeof(*plan->user_start), err));
    TRY_PTR(plan->user_train = mem_array(users, sizeof(*plan->user_train), err));
    TRY(share_rows(plan, curve, by_rank, progress, err));
    const uint64_t key = random_bits(plan->seed, SYNTH_STREAM_RANKS, 0);
    for (int32_t u = 0; u < plan->users; u++) {
        const int32_t rows = by_rank[synth_permute(key, plan->users, u)];
        plan->user_start[u + 1] = plan->user_start[u] + rows;
        if (rows > plan->user_rows_max)
            plan->user_rows_max = rows;
    }
    TRY(share_train(plan, progress, err));
    plan->first_user = plan->last_user = -1;
    for (int32_t u = plan->users - 1; u >= 0; u--) {
        if (plan->user_train[u] > 0)
            plan->first_user = u;
        if (plan->user_train[u] < plan->user_start[u + 1] - plan->user_start[u])
            plan->last_user = u;
    }
    rc = ERR_OK;
done:
    mem_free(curve);
    mem_free(by_rank);
    return rc;
}

/* ---- items: share, group, cluster, id, products ---- */

/* Expected rows of each item by rank, most popular first. [items] */
static void item_rows(const struct synth_plan *plan, double *rows)
{
    const struct synth_shape *shape = plan->shape;
    /* A larger catalogue is stretched; a smaller one lacks the tail and is made flatter, since its
     * users, who have fewer rows, would else find too much in the few items at the head. */
    const double part = (double)plan->items / shape->items;
    const double stretch = part > 1 ? log((double)shape->items) / log((double)plan->items) : 1;
    const double flat = part < 1 ? pow(part, shape->tastes.flatten) : 1;
    double sum = 0;
    for (int32_t i = 0; i < plan->items; i++) {
        rows[i] =
            exp(flat * synth_curve(shape->item_curve, shape->item_knots, log(i + 1.0) * stretch));
        sum += rows[i];
    }
    for (int32_t i = 0; i < plan->items; i++)
        rows[i] *= (double)plan->rows / sum;
}

/* Deals the ranks to groups of unequal size: group_of [items], plan->group_begin. */
static void deal_groups(struct synth_plan *plan, int32_t *group_of)
{
    double share[SYNTH_GROUPS_MAX], total = 0;
    for (int32_t g = 0; g < plan->groups; g++)
        total += share[g] = pow(g + 4.0, -0.7);
    for (int32_t i = 0; i < plan->items; i++) {
        double at = total * random_double(random_bits(plan->seed, SYNTH_STREAM_GROUP, (uint64_t)i));
        int32_t g = 0;
        while (g < plan->groups - 1 && (at -= share[g]) >= 0)
            g++;
        group_of[i] = g;
        plan->group_begin[g + 1]++;
    }
    for (int32_t g = 0; g < plan->groups; g++)
        plan->group_begin[g + 1] += plan->group_begin[g];
}

/* Deals the items of each group to its clusters and puts them on the shelf: rank_at [items]. */
static enum err fill_shelf(struct synth_plan *plan, int32_t *cluster_of, int32_t *rank_at,
                           struct error *err)
{
    enum err rc;
    int32_t *first = NULL; /* of each group's clusters */
    TRY_PTR(first = mem_array((size_t)plan->groups + 1, sizeof(*first), err));
    for (int32_t g = 0; g < plan->groups; g++) {
        const int32_t size = plan->group_begin[g + 1] - plan->group_begin[g];
        const int32_t clusters =
            (size + plan->shape->tastes.cluster_size - 1) / plan->shape->tastes.cluster_size;
        first[g + 1] = first[g] + clusters;
    }
    plan->clusters = first[plan->groups];
    const size_t clusters = (size_t)plan->clusters;
    TRY_PTR(plan->cluster_begin = mem_array(clusters + 1, sizeof(*plan->cluster_begin), err));
    TRY_PTR(plan->cluster_group = mem_array(clusters, sizeof(*plan->cluster_group), err));
    for (int32_t g = 0; g < plan->groups; g++)
        for (int32_t c = first[g]; c < first[g + 1]; c++)
            plan->cluster_group[c] = g;
    for (int32_t i = 0; i < plan->items; i++) { /* until here cluster_of holds the group */
        const int32_t g = cluster_of[i];
        const uint64_t bits = random_bits(plan->seed, SYNTH_STREAM_CLUSTER, (uint64_t)i);
        cluster_of[i] = first[g] + (int32_t)(bits % (uint64_t)(first[g + 1] - first[g]));
        plan->cluster_begin[cluster_of[i] + 1]++;
    }
    for (int32_t c = 0; c < plan->clusters; c++)
        plan->cluster_begin[c + 1] += plan->cluster_begin[c];
    for (int32_t i = 0; i < plan->items; i++) {
        const int32_t place = plan->cluster_begin[cluster_of[i]]++;
        rank_at[place] = i;
        plan->shelf_cluster[place] = cluster_of[i];
    }
    memmove(plan->cluster_begin + 1, plan->cluster_begin, clusters * sizeof(int32_t));
    plan->cluster_begin[0] = 0;
    rc = ERR_OK;
done:
    mem_free(first);
    return rc;
}

/* Every item is chosen at least once by force; its share is what that leaves to be had. */
static void fill_shares(struct synth_plan *plan, const double *rows, const int32_t *rank_at)
{
    const struct synth_tastes *tastes = &plan->shape->tastes;
    const uint64_t key = random_bits(plan->seed, SYNTH_STREAM_IDS, 0);
    const double span = (double)plan->items * plan->shape->item_ids / plan->shape->items;
    const int64_t ids = plan->items == plan->shape->items ? plan->shape->item_ids : (int64_t)span;
    for (int32_t place = 0; place < plan->items; place++) {
        const double want = rows[rank_at[place]];
        const double share = fmax(want - tastes->forced_family, want * 0.02);
        plan->shelf_sum[place + 1] = plan->shelf_sum[place] + share;
        const int64_t at = synth_permute(key, plan->items, rank_at[place]);
        const int64_t id = plan->items == 1 ? 0 : at * (ids - 1) / (plan->items - 1);
        plan->shelf_id[place] = (uint32_t)(plan->shape->first_item_id + id);
        const int64_t products = (int64_t)fmax(1, floor(want * tastes->products + 0.5));
        plan->product_begin[place + 1] = plan->product_begin[place] + products;
    }
}

static int64_t greatest_divisor(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static enum err plan_items(struct synth_plan *plan, struct error *err)
{
    enum err rc;
    const size_t items = (size_t)plan->items;
    double *rows = NULL;
    int32_t *cluster_of = NULL, *rank_at = NULL;
    const int32_t groups = plan->items / 50;
    plan->groups = groups < 1 ? 1 : groups;
    if (plan->groups > plan->shape->tastes.groups)
        plan->groups = plan->shape->tastes.groups;
    TRY_PTR(rows = mem_array(items, sizeof(*rows), err));
    TRY_PTR(cluster_of = mem_array(items, sizeof(*cluster_of), err));
    TRY_PTR(rank_at = mem_array(items, sizeof(*rank_at), err));
    TRY_PTR(plan->group_begin =
                mem_array((size_t)plan->groups + 1, sizeof(*plan->group_begin), err));
    TRY_PTR(plan->shelf_sum = mem_array(items + 1, sizeof(*plan->shelf_sum), err));
    TRY_PTR(plan->shelf_cluster = mem_array(items, sizeof(*plan->shelf_cluster), err));
    TRY_PTR(plan->shelf_id = mem_array(items, sizeof(*plan->shelf_id), err));
    TRY_PTR(plan->product_begin = mem_array(items + 1, sizeof(*plan->product_begin), err));
    item_rows(plan, rows);
    deal_groups(plan, cluster_of);
    TRY(fill_shelf(plan, cluster_of, rank_at, err));
    fill_shares(plan, rows, rank_at);
    const int64_t products = plan->product_begin[plan->items];
    plan->product_step = (int64_t)(0.6180339887 * (double)products) + 1;
    while (greatest_divisor(plan->product_step, products) != 1)
        plan->product_step++;
    rc = ERR_OK;
done:
    mem_free(rows);
    mem_free(cluster_of);
    mem_free(rank_at);
    return rc;
}

/* Scales the events' counts; what rounding leaves goes to the most frequent. */
static void plan_events(struct synth_plan *plan)
{
    const struct synth_shape *shape = plan->shape;
    const double factor = (double)plan->rows / (double)shape->rows;
    int64_t count[SYNTH_EVENTS_MAX], left = plan->rows;
    for (int32_t e = 1; e < shape->event_count; e++) {
        count[e] = (int64_t)((double)shape->events[e].rows * factor + 0.5);
        left -= count[e];
    }
    count[0] = left;
    int64_t sum = 0;
    for (int32_t e = 0; e < shape->event_count; e++)
        plan->event_end[e] = sum += count[e];
}

enum err synth_plan_init(struct synth_plan *plan, const struct synth_plan_spec *spec,
                         const struct progress *progress, struct error *err)
{
    enum err rc;
    const struct synth_shape *shape = spec->shape;
    const double train = (double)shape->train_rows / (double)shape->rows;
    *plan = (struct synth_plan){.shape = shape,
                                .seed = spec->seed,
                                .rows = spec->rows,
                                .train_rows = (int64_t)floor((double)spec->rows * train + 0.5),
                                .users = spec->users,
                                .items = spec->items};
    if (plan->train_rows == plan->rows)
        plan->train_rows--; /* the last moment is always there */
    TRY(plan_users(plan, progress, err));
    TRY(plan_items(plan, err));
    plan_events(plan);
    rc = ERR_OK;
done:
    return rc;
}

void synth_plan_release(struct synth_plan *plan)
{
    mem_free(plan->user_start);
    mem_free(plan->user_train);
    mem_free(plan->shelf_sum);
    mem_free(plan->shelf_cluster);
    mem_free(plan->cluster_begin);
    mem_free(plan->cluster_group);
    mem_free(plan->group_begin);
    mem_free(plan->shelf_id);
    mem_free(plan->product_begin);
    *plan = (struct synth_plan){0};
}
