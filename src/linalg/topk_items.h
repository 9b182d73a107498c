#ifndef LINALG_TOPK_ITEMS_H
#define LINALG_TOPK_ITEMS_H

/* The items as the scan wants them: linalg/topk_items.c makes it, linalg/topk.c reads it. */
#include "linalg/topk.h"
#include "linalg/topk_kernel.h"

/*
 * Items by falling norm (equal norms by column), `kernel->tile` of them side by side, so that one
 * vector holds a factor of several items. Some tiles that fit the first-level cache make a panel.
 */
struct topk_items {
    const struct topk_kernel *kernel;
    int32_t items, factors;
    int32_t tiles, panel_tiles, panels;
    float *packed;    /* [tiles × factors × tile]; places after the last item are 0 */
    int32_t *columns; /* [items] the column at each place */
    float *norms;     /* [panels] the greatest norm in it, so that none after it is greater;
                         infinite where a factor is not a number */
};

/* Whether no item of a norm up to this one can beat the worst of a user's k best: the bound of
 * linalg/topk.c, with what rounding may add. */
bool topk_out_of_reach(double user_norm, double item_norm, float worst, int32_t factors);

/* Euclidean length, in double; infinite where a factor is infinite or not a number. */
double topk_norm(const float *factors, int32_t count);

#endif
