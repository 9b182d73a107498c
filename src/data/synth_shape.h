#ifndef DATA_SYNTH_SHAPE_H
#define DATA_SYNTH_SHAPE_H

/*
 * The shapes that the generator knows, as tables of numbers: a new one is one entry in
 * synth_shape.c. Counts are those at the shape's own size; other sizes scale them.
 */
#include <stdbool.h>
#include <stdint.h>

enum { SYNTH_EVENTS_MAX = 32, SYNTH_KNOTS_MAX = 16, SYNTH_CODES_MAX = 24, SYNTH_GROUPS_MAX = 256 };

/* A curve by its points, straight lines between them; x ascending. */
struct synth_knot {
    double x, y;
};

struct synth_event {
    int32_t id;
    bool contact;
    int64_t rows;
};

/*
 * How users choose. A row repeats an earlier row of its user or is a new choice; a new choice is
 * made from the whole catalogue, from the user's groups, or near something chosen before.
 */
struct synth_tastes {
    int32_t groups;         /* of items, in the whole catalogue: at most SYNTH_GROUPS_MAX */
    int32_t cluster_size;   /* items in a cluster, the part of a group that is "near" an item */
    double groups_mean;     /* groups of a user beyond the first, for a user of one row */
    double groups_growth;   /* and how many more for each doubling of the user's rows */
    double flare_span;      /* how far around its peak a group is wanted, as a part of all rows */
    double flare_rest;      /* and how much it is wanted at other times, beside then */
    double choose;          /* share of rows that are new choices, in the long run */
    double choose_early;    /* the row by which half of the way from "all" to there is gone */
    double explore;         /* share of new choices from the whole catalogue */
    double near;            /* share of new choices near an earlier one */
    double recent;          /* share of repetitions that repeat one of the last rows ... */
    int32_t recent_rows;    /* ... of so many; the others repeat any row */
    double contact_fresh;   /* contacts on items first seen in the holdout: chance beside others' */
    double contact_explore; /* contacts on items found by exploring: chance beside others' */
    double flatten;       /* how much flatter a smaller catalogue's curve is: a power of its part */
    double forced_family; /* rows that an item gains by being chosen once */
    double products;      /* products of an item for each row of it */
    double same_product;  /* share of repetitions that are of the same product too */
};

struct synth_shape {
    const char *name;
    int64_t rows, train_rows;
    int32_t users, items;
    int32_t user_ids, item_ids; /* how far the ids reach: there are gaps */
    int32_t first_item_id;
    double users_power, items_power; /* at other sizes users and items grow so with the rows */
    int64_t begin, threshold, end;   /* seconds since 1970; both ends occur, the split is between */
    struct synth_knot user_curve[SYNTH_KNOTS_MAX]; /* log rows of a user over logit of its rank */
    struct synth_knot item_curve[SYNTH_KNOTS_MAX]; /* log rows of an item over log of its rank */
    int32_t user_knots, item_knots;
    struct synth_event events[SYNTH_EVENTS_MAX]; /* most frequent first */
    int32_t event_count;
    double platforms[SYNTH_CODES_MAX], surfaces[SYNTH_CODES_MAX]; /* share of each code */
    int32_t platform_count, surface_count;
    struct synth_tastes tastes;
};

/* NULL when there is none of that name. */
const struct synth_shape *synth_shape_find(const char *name);

/* y at x; beyond the ends the end's own y. */
double synth_curve(const struct synth_knot *knots, int32_t count, double x);

#endif
