#include "data/synth_batch.h"

#include "base/memory.h"
#include "base/parallel.h"

enum { BATCH_ROWS = 1 << 20 };

enum err synth_batch_init(struct synth_batch *batch, const struct synth_plan *plan, int32_t threads,
                          struct error *err)
{
    enum err rc;
    int64_t capacity = plan->rows < BATCH_ROWS ? plan->rows : BATCH_ROWS;
    if (capacity < plan->user_rows_max)
        capacity = plan->user_rows_max;
    *batch = (struct synth_batch){.plan = plan, .capacity = capacity, .threads = threads};
    struct synth_columns *columns = &batch->columns;
    const size_t rows = (size_t)capacity;
    TRY_PTR(columns->user = mem_array(rows, sizeof(*columns->user), err));
    TRY_PTR(columns->place = mem_array(rows, sizeof(*columns->place), err));
    TRY_PTR(columns->product = mem_array(rows, sizeof(*columns->product), err));
    TRY_PTR(columns->time = mem_array(rows, sizeof(*columns->time), err));
    TRY_PTR(columns->event = mem_array(rows, sizeof(*columns->event), err));
    TRY_PTR(columns->platform = mem_array(rows, sizeof(*columns->platform), err));
    TRY_PTR(columns->surface = mem_array(rows, sizeof(*columns->surface), err));
    TRY_PTR(columns->trait = mem_array(rows, sizeof(*columns->trait), err));
    TRY_PTR(columns->deck = mem_array(rows, sizeof(*columns->deck), err));
    rc = ERR_OK;
done:
    return rc;
}

void synth_batch_release(struct synth_batch *batch)
{
    mem_free(batch->columns.user);
    mem_free(batch->columns.place);
    mem_free(batch->columns.product);
    mem_free(batch->columns.time);
    mem_free(batch->columns.event);
    mem_free(batch->columns.platform);
    mem_free(batch->columns.surface);
    mem_free(batch->columns.trait);
    mem_free(batch->columns.deck);
    *batch = (struct synth_batch){0};
}

struct stretch {
    struct synth_batch *batch;
    int32_t first_user;
};

static void draw_users(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct stretch *stretch = context;
    const struct synth_batch *batch = stretch->batch;
    (void)worker;
    for (int64_t i = begin; i < end; i++) {
        const int32_t user = stretch->first_user + (int32_t)i;
        synth_user_rows(batch->plan, user, &batch->columns,
                        batch->plan->user_start[user] - batch->first);
    }
}

void synth_batch_next(struct synth_batch *batch)
{
    const struct synth_plan *plan = batch->plan;
    struct stretch stretch = {batch, batch->next_user};
    batch->first = plan->user_start[batch->next_user];
    while (batch->next_user < plan->users &&
           plan->user_start[batch->next_user + 1] - batch->first <= batch->capacity)
        batch->next_user++;
    batch->count = plan->user_start[batch->next_user] - batch->first;
    parallel_for(batch->threads, batch->next_user - stretch.first_user, 8, draw_users, &stretch);
}
