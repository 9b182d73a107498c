#ifndef DATA_SCAN_H
#define DATA_SCAN_H

/*
 * One pass over the clickstream. The engine's threads decode and hand each vector of rows to a
 * function of ours inside the query, so decoding and consuming share all cores and no row is
 * copied into a result. What is kept of a row is eight bytes: the codes of its user and item, in
 * one of four lists.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"
#include "data/dataset.h"
#include "data/engine.h"
#include "data/events.h"
#include "data/ids.h"
#include "data/pairs.h"
#include "data/schema.h"

enum { COLUMN_USER, COLUMN_ITEM, COLUMN_EVENT, COLUMN_TIME, COLUMNS };

/* Where a row goes: train, or after the threshold by the class of its event. */
enum { LIST_OTHER, LIST_CONTACT, LIST_UNLISTED, LIST_TRAIN, LISTS };

/* The least and the greatest key of a column. */
struct range {
    int64_t min, max; /* min > max: no value */
};

struct bounds {
    int64_t rows;
    struct range ranges[COLUMNS]; /* of integer and time columns */
    bool known[COLUMNS];
};

/* A value that may not be where it is. */
struct fault {
    int64_t nulls, bad_times;           /* how many */
    int64_t first_null, first_bad_time; /* 1-based rows, where row numbers were asked for */
};

enum scan_mode {
    SCAN_BOUNDS, /* ranges of all columns */
    SCAN_ROWS,   /* the lists; the time's range too */
    SCAN_FAULTS, /* where nulls and malformed times are */
};

struct scan_lane {
    atomic_flag busy;
    struct id_lane users, items;
    struct pair_list lists[LISTS];
    struct bounds bounds;
    struct fault faults[COLUMNS];
    bool outside; /* an id was outside the range that was expected */
    enum err rc;
    struct error error;
    int64_t *keys[COLUMNS]; /* [one vector] each */
    uint32_t *codes[2];     /* [one vector] each: users, items */
    int32_t *rows;          /* [one vector]: those after the threshold */
};

struct scan {
    const struct load_spec *spec;
    const struct progress *progress;
    struct engine *engine;
    struct file_set *files;
    struct column columns[COLUMNS];
    const struct event_table *events;
    enum scan_mode mode;
    int64_t threshold;   /* SCAN_ROWS: the last moment of train */
    uint64_t keep_below; /* of 2^64, users whose hash is below it are kept; UINT64_MAX: all */
    struct ids users, items;
    struct scan_lane *lanes; /* [lane_count] */
    int32_t lane_count;
    atomic_bool stop; /* a lane failed, or the run was cancelled */
    atomic_llong rows_done;
    int64_t rows_total; /* 0: not known */
    double reported_at;
};

/* Get lanes for the spec's threads and register our function with the engine. ERR_NOMEM. */
MUST_CHECK enum err scan_init(struct scan *scan, struct error *err);
void scan_release(struct scan *scan);

/*
 * Run over files [first, first + count) in the given mode, and add up ret_bounds. Errors: those of
 * the lanes (null_values, time_text), of the engine, ERR_CANCELLED.
 */
MUST_CHECK enum err scan_run(struct scan *scan, enum scan_mode mode, int32_t first, int32_t count,
                             struct bounds *ret_bounds, struct error *err);

/* Drop what a SCAN_ROWS kept, before another. */
void scan_forget(struct scan *scan);

/* What the footers claim, or rows and ranges unknown; never trusted without SCAN_ROWS agreeing.
 * Sets the rows of each file. */
MUST_CHECK enum err scan_read_metadata(struct scan *scan, struct bounds *ret_bounds,
                                       struct error *err);

#endif
