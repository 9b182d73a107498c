#include "data/synth.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/new_file.h"
#include "data/synth_file.h"
#include "data/synth_plan.h"

void synth_spec_init(struct synth_spec *spec)
{
    *spec = (struct synth_spec){.like = "baseline", .seed = 1, .threads = 1};
}

/* ---- sizes ---- */

/* What `full` becomes when rows are a part of the shape's own; at least 1. */
static int32_t size_for(int32_t full, double part, double power)
{
    return (int32_t)fmax(1, floor(full * pow(part, power) + 0.5));
}

static enum err check_sizes(const struct synth_spec *spec, struct error *err)
{
    if (spec->rows < 1 || spec->rows > SYNTH_ROWS_MAX)
        return FAIL(err, ERR_INVALID, "rows must be 1 to %" PRId64 ", not %" PRId64, SYNTH_ROWS_MAX,
                    spec->rows);
    if (spec->users < 1 || spec->users > SYNTH_USERS_MAX || spec->users > spec->rows)
        return FAIL(err, ERR_INVALID,
                    "users must be 1 to %d and no more than the %" PRId64 " rows, not %" PRId32,
                    SYNTH_USERS_MAX, spec->rows, spec->users);
    if (spec->items < 1 || spec->items > SYNTH_ITEMS_MAX || spec->items > spec->rows)
        return FAIL(err, ERR_INVALID,
                    "items must be 1 to %d and no more than the %" PRId64 " rows, not %" PRId32,
                    SYNTH_ITEMS_MAX, spec->rows, spec->items);
    if (spec->rows / spec->users > SYNTH_ROWS_PER_USER_MAX)
        return FAIL(err, ERR_INVALID,
                    "%" PRId64 " rows are more than %d for each of %" PRId32
                    " users: give more users",
                    spec->rows, SYNTH_ROWS_PER_USER_MAX, spec->users);
    if (spec->threads < 1 || spec->threads > PARALLEL_THREADS_MAX)
        return FAIL(err, ERR_INVALID, "threads must be 1 to %d, not %" PRId32, PARALLEL_THREADS_MAX,
                    spec->threads);
    return ERR_OK;
}

/* Fills in the sizes that were left open, and checks all. */
static enum err settle_sizes(struct synth_spec *spec, const struct synth_shape *shape,
                             struct error *err)
{
    if (spec->rows == 0)
        spec->rows = shape->rows;
    const double part = fmax(0, (double)spec->rows) / (double)shape->rows;
    const int64_t most = spec->rows < INT32_MAX ? spec->rows : INT32_MAX;
    if (spec->users == 0)
        spec->users = (int32_t)fmin((double)most, size_for(shape->users, part, shape->users_power));
    if (spec->items == 0)
        spec->items = (int32_t)fmin((double)most, size_for(shape->items, part, shape->items_power));
    return check_sizes(spec, err);
}

/* ---- files ---- */

/* Writes both under temporary names, then names both. */
static enum err write_files(const struct synth_spec *spec, const struct synth_plan *plan,
                            const struct progress *progress, struct synth_result *result,
                            struct error *err)
{
    enum err rc;
    struct new_file clickstream = {.begun = false}, events = {.begun = false};
    TRY(new_file_init(&clickstream, spec->directory, "clickstream.pq", spec->overwrite, err));
    TRY(new_file_init(&events, spec->directory, "events.pq", spec->overwrite, err));
    events.begun = true;
    TRY(synth_file_events(plan, events.temporary, err));
    clickstream.begun = true;
    TRY(synth_file_clickstream(plan, spec->threads, clickstream.temporary, progress, err));
    TRY(new_file_sync(&events, &result->events_bytes, err));
    TRY(new_file_sync(&clickstream, &result->clickstream_bytes, err));
    TRY(new_file_name(&clickstream, err));
    TRY(new_file_name(&events, err));
    TRY(new_file_sync_directory(spec->directory, err));
done:
    if (rc != ERR_OK) {
        new_file_abandon(&clickstream);
        new_file_abandon(&events);
    }
    return rc;
}

/* The directory is made for the files, and goes again where they fail. */
static enum err write_directory(const struct synth_spec *spec, const struct synth_plan *plan,
                                const struct progress *progress, struct synth_result *result,
                                struct error *err)
{
    struct stat status;
    const bool made = mkdir(spec->directory, 0777) == 0;
    if (!made && errno != EEXIST)
        return new_file_error(err, "make", spec->directory);
    if (stat(spec->directory, &status) != 0)
        return new_file_error(err, "read", spec->directory);
    if (!S_ISDIR(status.st_mode))
        return FAIL(err, ERR_NOT_FOUND, "%s is not a directory", spec->directory);
    const enum err rc = write_files(spec, plan, progress, result, err);
    if (rc != ERR_OK && made)
        rmdir(spec->directory);
    return rc;
}

enum err synth_write(const struct synth_spec *spec, const struct progress *progress,
                     struct synth_result *ret_result, struct error *err)
{
    enum err rc;
    const double start = clock_seconds();
    struct synth_spec settled = *spec;
    struct synth_plan plan = {0};
    const struct synth_shape *shape = synth_shape_find(spec->like);
    if (shape == NULL) {
        rc = FAIL(err, ERR_INVALID, "there is no shape '%s': only 'baseline'", spec->like);
        goto done;
    }
    TRY(settle_sizes(&settled, shape, err));
    const struct synth_plan_spec plan_spec = {shape, settled.rows, settled.users, settled.items,
                                              settled.seed};
    TRY(synth_plan_init(&plan, &plan_spec, progress, err));
    struct synth_result result = {
        .rows = plan.rows, .train_rows = plan.train_rows, .users = plan.users, .items = plan.items};
    TRY(write_directory(&settled, &plan, progress, &result, err));
    result.seconds = clock_seconds() - start;
    *ret_result = result;
done:
    synth_plan_release(&plan);
    return rc;
}
