#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

/*
 * The table of metrics: what is computed, stored by name, shown and compared. A new metric is one
 * file that fills a struct metric and one line in the list below. Most are means over the users of
 * the holdout of a function of one user's list; the rest are functions of all the means, or of all
 * the lists. Definitions: docs/metrics.md.
 */
#include <stdbool.h>
#include <stdint.h>

enum { METRICS_MAX = 32 };

/* What a metric may know of one user. */
struct user_outcome {
    int32_t k;                /* the length that was asked for */
    int32_t targets;          /* |T|: items to find, at least 1 */
    int32_t hits;             /* of them in the list */
    const int32_t *hit_ranks; /* [hits] 1-based places in the list, ascending */
    const int32_t *list;      /* [length] items, best first */
    int32_t length;           /* at most k */
    const int32_t *audience;  /* [items] by how many of the train users each item was touched */
    int32_t train_users;
};

/* What a metric may know of the whole. */
struct overall_outcome {
    const double *means;     /* by index: the values of the metrics above it in the table */
    int32_t k, items, users; /* items: the catalogue */
    int32_t items_shown;     /* distinct items in all lists */
};

struct metric {
    const char *name;  /* "recall_at_k": in JSON, in the store */
    const char *title; /* "Recall@%d": on the page, with k filled in */
    const char *help;  /* the definition in one line */
    bool higher_is_better;
    double (*of_user)(const struct user_outcome *user);  /* averaged over users; or NULL and … */
    double (*of_all)(const struct overall_outcome *all); /* … computed once at the end */
};

/* The list, in the order in which people see them; X has a NAME_metric somewhere in eval/. A metric
 * with of_all may use the values of those above it. */
#define METRICS(X)                                                                                 \
    X(recall)                                                                                      \
    X(precision)                                                                                   \
    X(f1)                                                                                          \
    X(ndcg)                                                                                        \
    X(map)                                                                                         \
    X(mrr)                                                                                         \
    X(hit_rate)                                                                                    \
    X(coverage)                                                                                    \
    /* new ones go above this line */

#define X(name) extern const struct metric name##_metric;
METRICS(X)
#undef X

int32_t metric_count(void);
const struct metric *metric_at(int32_t index);
/* Its index, or -1. */
int32_t metric_find(const char *name);

#endif
