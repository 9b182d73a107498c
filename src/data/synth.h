#ifndef DATA_SYNTH_H
#define DATA_SYNTH_H

/*
 * The generator: a clickstream of a chosen size whose shape is that of a known one, with a planted
 * structure of tastes, so that models have something to find. See docs/synth.md.
 *
 * It writes clickstream.pq (cookie, item, event, event_date, platform, surface, node) and events.pq
 * (event, is_contact). Rows stand by user, and within one by time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"

enum {
    SYNTH_ITEMS_MAX = 20000000,
    SYNTH_USERS_MAX = 20000000,
    SYNTH_ROWS_PER_USER_MAX = 100000 /* on average, since a user's rows are held in memory */
};
#define SYNTH_ROWS_MAX INT64_C(30000000000)

struct synth_spec {
    const char *like;      /* the shape: "baseline" */
    int64_t rows;          /* 0: as many as the shape has (68,806,152). At least users and items */
    int32_t users, items;  /* 0: what goes with so many rows (134,294 and 408,474 at full size) */
    uint64_t seed;         /* equal sizes and seeds give equal files */
    int32_t threads;       /* 1 to PARALLEL_THREADS_MAX; does not change the result */
    const char *directory; /* made when it is not there, but not its parents */
    bool overwrite;        /* replace files of the same names */
};

struct synth_result {
    int64_t rows, train_rows; /* train: at or before the threshold of a 14-day split */
    int32_t users, items;
    int64_t clickstream_bytes, events_bytes;
    double seconds;
};

/* The shape "baseline" at its own size, seed 1, one thread; the directory is for the caller. */
void synth_spec_init(struct synth_spec *spec);

/*
 * Write both files under temporary names, fsync and rename them: on failure nothing is left, and
 * files that were there before are as they were. Progress (NULL allowed) is PHASE_SAVE in "rows",
 * from the calling thread.
 *   ERR_INVALID    a size out of range, a shape that there is not, or a file that is there already
 *                  and is not to be replaced (reason "file_exists")
 *   ERR_DENIED, ERR_NOT_FOUND  the directory
 *   ERR_IO         a write failed, as on a full disk
 *   ERR_CANCELLED  (a stop takes at most about a second), ERR_NOMEM
 * Time O(rows), 0.6 us a row; memory O(users + items) and some 100 MB, however many rows there
 * are: 137 MB at the baseline's size.
 */
MUST_CHECK enum err synth_write(const struct synth_spec *spec, const struct progress *progress,
                                struct synth_result *ret_result, struct error *err);

#endif
