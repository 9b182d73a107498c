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

const struct metric recall_metric = {
    .name = "recall_at_k",
    .title = "Recall@%d",
    .help = "Mean over users of hits / items to find",
    .higher_is_better = true,
    .of_user = recall,
};
const struct metric precision_metric = {
    .name = "precision_at_k",
    .title = "Precision@%d",
    .help = "Mean over users of hits / k",
    .higher_is_better = true,
    .of_user = precision,
};
const struct metric f1_metric = {
    .name = "f1_at_k",
    .title = "F1@%d",
    .help = "2PR / (P + R) of the mean precision P and recall R",
    .higher_is_better = true,
    .of_all = f1,
};
const struct metric ndcg_metric = {
    .name = "ndcg_at_k",
    .title = "NDCG@%d",
    .help = "Mean of the discounted gain, log2, over the ideal",
    .higher_is_better = true,
    .of_user = ndcg,
};
const struct metric map_metric = {
    .name = "map_at_k",
    .title = "MAP@%d",
    .help = "Mean of the average precision at the hits, over min(items to find, k)",
    .higher_is_better = true,
    .of_user = average_precision,
};
const struct metric mrr_metric = {
    .name = "mrr_at_k",
    .title = "MRR@%d",
    .help = "Mean of 1 / place of the first hit",
    .higher_is_better = true,
    .of_user = reciprocal_rank,
};
const struct metric hit_rate_metric = {
    .name = "hit_rate_at_k",
    .title = "Hit rate@%d",
    .help = "Share of users with at least one hit",
    .higher_is_better = true,
    .of_user = any_hit,
};
const struct metric coverage_metric = {
    .name = "coverage_at_k",
    .title = "Coverage@%d",
    .help = "Distinct items in all lists / catalogue",
    .higher_is_better = true,
    .of_all = coverage,
};

#define X(name) &name##_metric,
static const struct metric *const metrics[] = {METRICS(X)};
#undef X
enum { METRIC_COUNT = sizeof(metrics) / sizeof(metrics[0]) };
static_assert((int)METRIC_COUNT <= (int)METRICS_MAX, "a result has room for every metric");

int32_t metric_count(void)
{
    return METRIC_COUNT;
}

const struct metric *metric_at(int32_t index)
{
    assert(index >= 0 && index < METRIC_COUNT);
    return metrics[index];
}

int32_t metric_find(const char *name)
{
    for (int32_t i = 0; i < METRIC_COUNT; i++)
        if (strcmp(metrics[i]->name, name) == 0)
            return i;
    return -1;
}
