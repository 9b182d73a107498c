#ifndef DATA_SYNTH_BATCH_H
#define DATA_SYNTH_BATCH_H

/*
 * The rows of a plan in order, drawn by several threads a batch of users at a time, so that memory
 * does not depend on how many rows there are.
 */
#include <stdint.h>

#include "base/error.h"
#include "data/synth_plan.h"
#include "data/synth_user.h"

struct synth_batch {
    const struct synth_plan *plan;
    struct synth_columns columns;
    int64_t capacity, count; /* rows: there is room for, are drawn */
    int64_t first;           /* the plan's row that stands at 0 */
    int32_t next_user;
    int32_t threads;
};

/* An empty batch before the first user; the plan is borrowed. ERR_NOMEM. */
MUST_CHECK enum err synth_batch_init(struct synth_batch *batch, const struct synth_plan *plan,
                                     int32_t threads, struct error *err);
/* Draw the next users; count is 0 after the last. */
void synth_batch_next(struct synth_batch *batch);
void synth_batch_release(struct synth_batch *batch);

#endif
