#include "eval/metrics.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static double recall(const struct user_outcome *user)
{
    return (double)user->hits / user->targets;
}

static double precision(const struct user_outcome *user)
{
    return (double)user->hits / user->k;
}

/* The number of hits that a perfect list would have. */
static int32_t hits_possible(const struct user_outcome *user)
{
    return user->targets < user->k ? user->targets : user->k;
}

static double ndcg(const struct user_outcome *user)
{
    double gain = 0, ideal = 0;
    if (user->hits == 0)
        return 0;
    for (int32_t i = 0; i < user->hits; i++)
        gain += 1 / log2(user->hit_ranks[i] + 1.0);
    for (int32_t rank = 1; rank <= hits_possible(user); rank++)
        ideal += 1 / log2(rank + 1.0);
    return gain / ideal;
}

static double average_precision(const struct user_outcome *user)
{
    double sum = 0;
    for (int32_t i = 0; i < user->hits; i++)
        sum += (i + 1.0) / user->hit_ranks[i];
    return sum / hits_possible(user);
}

static double reciprocal_rank(const struct user_outcome *user)
{
    return user->hits > 0 ? 1.0 / user->hit_ranks[0] : 0;
}

static double any_hit(const struct user_outcome *user)
{
    return user->hits > 0;
}

static double f1(const struct overall_outcome *all)
{
    const double r = all->means[metric_find("recall_at_k")];
    const double p = all->means[metric_find("precision_at_k")];
    return p + r > 0 ? 2 * p * r / (p + r) : 0;
}

static double coverage(const struct overall_outcome *all)
{
    return (double)all->items_shown / all->items;
}

/* One line a metric. One with of_all may use the values of those above it. */
static const struct metric metrics[] = {
    {"recall_at_k", "Recall@%d", "Mean over users of hits / items to find", true, recall, NULL},
    {"precision_at_k", "Precision@%d", "Mean over users of hits / k", true, precision, NULL},
    {"f1_at_k", "F1@%d", "2PR / (P + R) of the mean precision P and recall R", true, NULL, f1},
    {"ndcg_at_k", "NDCG@%d", "Mean of the discounted gain, log2, over the ideal", true, ndcg, NULL},
    {"map_at_k", "MAP@%d", "Mean of the average precision at the hits, over min(items to find, k)",
     true, average_precision, NULL},
    {"mrr_at_k", "MRR@%d", "Mean of 1 / place of the first hit", true, reciprocal_rank, NULL},
    {"hit_rate_at_k", "Hit rate@%d", "Share of users with at least one hit", true, any_hit, NULL},
    {"coverage_at_k", "Coverage@%d", "Distinct items in all lists / catalogue", true, NULL,
     coverage},
};
enum { METRIC_COUNT = sizeof(metrics) / sizeof(metrics[0]) };
static_assert((int)METRIC_COUNT <= (int)METRICS_MAX, "a result has room for every metric");

int32_t metric_count(void)
{
    return METRIC_COUNT;
}

const struct metric *metric_at(int32_t index)
{
    assert(index >= 0 && index < METRIC_COUNT);
    return &metrics[index];
}

int32_t metric_find(const char *name)
{
    for (int32_t i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return i;
    return -1;
}
