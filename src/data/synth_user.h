#ifndef DATA_SYNTH_USER_H
#define DATA_SYNTH_USER_H

/* The rows of one user: a pure function of the plan and the user. */
#include <stdint.h>

#include "data/synth_plan.h"

/* Columns of a batch of rows; of a user's the functions below write their own part. */
struct synth_columns {
    int32_t *user;
    int32_t *place; /* of the item on the plan's shelf */
    int64_t *product;
    int64_t *time;  /* seconds since 1970 */
    uint8_t *event; /* index into the shape's events */
    uint8_t *platform, *surface;
    uint8_t *trait; /* of SYNTH_TRAIT_…: how the row's item was come upon */
    uint8_t *deck;  /* room to work in */
};

enum { SYNTH_TRAIT_FRESH = 1, SYNTH_TRAIT_EXPLORED = 2 };

/* Write the user's rows to columns[at] and on. Any thread, each user once. */
void synth_user_rows(const struct synth_plan *plan, int32_t user,
                     const struct synth_columns *columns, int64_t at);

#endif
