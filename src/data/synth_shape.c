#include "data/synth_shape.h"

#include <stddef.h>
#include <string.h>

/*
 * The clickstream of the Avito ML Cup 2025, from its published counts. The top five items, the
 * quartiles and the 95th percentile are known points of the curves; the points between them are
 * chosen so that means and standard deviations come out. Of the events, ten counts are published:
 * the other nine share what is left, and which two of 6 to 12 are contacts is our choice.
 */
static const struct synth_shape shapes[] = {{
    .name = "baseline",
    .rows = 68806152,
    .train_rows = 45631770,
    .users = 134294,
    .items = 408474,
    .user_ids = 150000,
    .item_ids = 424068,
    .first_item_id = 1,
    .users_power = 0.54,
    .items_power = 0.656,
    .begin = 1736467200,     /* 2025-01-10 */
    .threshold = 1739059200, /* 2025-02-09 */
    .end = 1740268800,       /* 2025-02-23 */
    .user_knots = 8,
    .user_curve = {{-12.5009302, 0.0},        /* 1 row */
                   {-2.9444390, 1.7917595},   /* 5 %: 6 */
                   {-1.0986123, 4.2046926},   /* 25 %: 67 */
                   {0.0, 5.4424177},          /* 50 %: 231 */
                   {1.0986123, 6.4377516},    /* 75 %: 625 */
                   {2.1972246, 7.1761905},    /* 90 %: 1,308 */
                   {4.5951199, 8.4035540},    /* 99 %: 4,463 */
                   {12.5009302, 10.0373189}}, /* 22,864 */
    .item_knots = 14,
    .item_curve = {{0.0, 14.59699},     /* 2,184,712 */
                   {0.69315, 13.89952}, /* 2nd: 1,087,640 */
                   {1.09861, 13.56742}, /* 780,292 */
                   {1.38629, 13.38953}, /* 653,126 */
                   {1.60944, 13.31606}, /* 606,865 */
                   {3.68888, 12.04355}, /* 40th: 170,000 */
                   {5.99146, 10.02127}, /* 400th: 22,500 */
                   {8.29405, 7.60090},  /* 4,000th: 2,000 */
                   {9.92447, 5.22575},  /* 95 %: 186 */
                   {11.02306, 3.82864}, /* 85 %: 46 */
                   {11.53388, 3.02042}, /* 75 %: 23, of which some are forced */
                   {12.22704, 1.94591}, /* 50 %: 8 */
                   {12.63250, 1.02962}, /* 25 %: 3 */
                   {12.92018, 0.0}},    /* 1 */
    .event_count = 19,
    .events = {{17, false, 61089584},
               {11, false, 4314754},
               {12, false, 866124},
               {10, true, 827467},
               {15, true, 339072},
               {16, false, 310000},
               {4, true, 260000},
               {5, true, 220000},
               {14, true, 180000},
               {2, true, 140000},
               {13, true, 100000},
               {7, true, 75000},
               {19, true, 50000},
               {8, true, 26015},
               {0, true, 7164},
               {9, false, 698},
               {6, false, 194},
               {1, true, 60},
               {18, true, 20}},
    .platform_count = 7,
    .platforms = {0.41, 0.22, 0.17, 0.12, 0.05, 0.02, 0.01},
    .surface_count = 19,
    .surfaces = {0.34, 0.19, 0.11, 0.08, 0.06, 0.05, 0.04, 0.03, 0.025, 0.02, 0.015, 0.01, 0.008,
                 0.006, 0.005, 0.004, 0.003, 0.002, 0.002},
    .tastes = {.groups = 150,
               .cluster_size = 60,
               .groups_mean = 8,
               .groups_growth = 0,
               .flare_span = 0.2,
               .flare_rest = 0.3,
               .choose = 0.30,
               .choose_early = 60,
               .explore = 0.24,
               .near = 0.17,
               .recent = 0.78,
               .recent_rows = 40,
               .contact_fresh = 0.6,
               .contact_explore = 0.4,
               .flatten = 0.05,
               .forced_family = 1.2,
               .products = 0.38,
               .same_product = 0.4},
}};

const struct synth_shape *synth_shape_find(const char *name)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    return NULL;
}

double synth_curve(const struct synth_knot *knots, int32_t count, double x)
{
    if (x <= knots[0].x)
        return knots[0].y;
    for (int32_t i = 1; i < count; i++) {
        const struct synth_knot a = knots[i - 1], b = knots[i];
        if (x <= b.x)
            return a.y + (b.y - a.y) * (x - a.x) / (b.x - a.x);
    }
    return knots[count - 1].y;
}
