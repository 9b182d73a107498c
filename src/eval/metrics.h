#ifndef EVAL_METRICS_H
#define EVAL_METRICS_H

/*
 * The table of metrics: what is computed, stored by name, shown and compared. A new metric is one
 * function and one line in eval/metrics.c. Most are means over the users of the holdout of a
 * function of one user's list; the rest are functions of all the means, or of all the lists.
 * Definitions: docs/metrics.md.
 */
#include <stdbool.h>
#include <stdint.h>

enum { METRICS_MAX = 16 };

/* What a metric may know of one user. */
struct user_outcome {
    int32_t k;                /* the length that was asked for */
    int32_t targets;          /* |T|: items to find, at least 1 */
    int32_t hits;             /* of them in the list */
    const int32_t *hit_ranks; /* [hits] 1-based places in the list, ascending */
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

int32_t metric_count(void);
const struct metric *metric_at(int32_t index);
/* Its index, or -1. */
int32_t metric_find(const char *name);

#endif
