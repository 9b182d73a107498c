#ifndef DATA_SYNTH_PLAN_H
#define DATA_SYNTH_PLAN_H

/*
 * What is settled before the first row is drawn: how many rows each user has before and after the
 * threshold, what each item's share is, to which group and cluster it belongs. From then on the
 * rows of a user depend on the plan and the user alone, so that threads may draw users in any
 * order.
 *
 * Items stand on a "shelf", in order of group, cluster and popularity: a group or a cluster is a
 * range of it, and so is the whole catalogue, and one bisection of the running sums draws from any.
 */
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "base/random.h"
#include "data/synth_shape.h"

struct synth_plan {
    const struct synth_shape *shape;
    uint64_t seed;
    int64_t rows, train_rows;
    int32_t users, items;

    int64_t *user_start; /* [users + 1] first row of each user */
    int32_t *user_train; /* [users] of them, at or before the threshold */
    int32_t user_rows_max;
    int32_t first_user, last_user; /* who has the first and the last moment; -1: nobody */

    double *shelf_sum;      /* [items + 1] sums of the shares before each place */
    int32_t *shelf_cluster; /* [items] */
    int32_t *cluster_begin; /* [clusters + 1] places */
    int32_t *cluster_group; /* [clusters] */
    int32_t *group_begin;   /* [groups + 1] places */
    uint32_t *shelf_id;     /* [items] the item's id */
    int64_t *product_begin; /* [items + 1] */
    int64_t product_step;   /* scatters the products' ids; prime to their number */
    int32_t groups, clusters;

    int64_t event_end[SYNTH_EVENTS_MAX]; /* running sums of rows by event, at this size */
};

struct synth_plan_spec {
    const struct synth_shape *shape; /* borrowed by the plan */
    int64_t rows;
    int32_t users, items; /* at least 1 and at most rows */
    uint64_t seed;
};

/* The sizes are checked by the caller. Release with synth_plan_release, also after a failure.
 * ERR_NOMEM, ERR_CANCELLED. Time O(users + items), 0.8 s for the baseline's size. */
MUST_CHECK enum err synth_plan_init(struct synth_plan *plan, const struct synth_plan_spec *spec,
                                    const struct progress *progress, struct error *err);
void synth_plan_release(struct synth_plan *plan);

/* When a user is there, in seconds since 1970: [begin, end), within the shape's time. */
void synth_user_window(const struct synth_plan *plan, int32_t user, double *ret_begin,
                       double *ret_end);
int64_t synth_user_id(const struct synth_plan *plan, int32_t user);

/* A bijection of 0 … count-1 onto itself, another for each key. */
int64_t synth_permute(uint64_t key, int64_t count, int64_t x);

/* The last place whose running sum is at most `target`, within [begin, end). */
int32_t synth_shelf_find(const struct synth_plan *plan, int32_t begin, int32_t end, double target);

/* The streams of random numbers; those of the users begin at SYNTH_STREAM_USERS. */
enum {
    SYNTH_STREAM_WINDOW = 1,
    SYNTH_STREAM_GROUP,
    SYNTH_STREAM_CLUSTER,
    SYNTH_STREAM_RANKS,
    SYNTH_STREAM_IDS,
    SYNTH_STREAM_EVENTS,
    SYNTH_STREAM_FORCED,
    SYNTH_STREAM_SPREAD,
    SYNTH_STREAM_USERS = 16
};

#endif
