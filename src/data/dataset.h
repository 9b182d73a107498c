#ifndef DATA_DATASET_H
#define DATA_DATASET_H

/*
 * From clickstream files to what a model is trained and judged on: the train matrix and the
 * holdout. Source of the definitions: the baseline's split, see docs/data.md.
 *
 *   threshold = max(time) - eval_days
 *   train     = rows with time <= threshold, all events; the value of a (user, item) pair is its
 *               number of rows
 *   holdout   = rows after it, whose pair is not in train, whose event is a contact, whose user
 *               and item are in train; distinct pairs
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "data/idmap.h"
#include "linalg/csr.h"

enum { COLUMN_NAME_MAX = 128 };

struct data_place;

struct load_spec {
    const char *path; /* a directory with clickstream.{pq,parquet,csv} and events.{…}, where each
                         may also be a directory of parts; or a glob of clickstream parts beside
                         whose directory an events file lies */
    const struct data_place *place; /* that path, opened before (data/files.h); NULL: by name */
    const char *user_column, *item_column, *event_column, *time_column; /* "cookie", "node",
                         "event", "event_date" */
    double eval_days;                                                   /* above 0; 14 */
    double sample_users;        /* fraction of users kept, above 0 to 1; 1: all */
    uint64_t seed;              /* of the sample: equal seeds keep the same users */
    int32_t threads;            /* 1 to PARALLEL_THREADS_MAX; does not change the result */
    int64_t memory_limit_bytes; /* for the reading engine; 0: its default */
};

/* How many rows are left after each step, in order. */
struct funnel {
    int64_t rows, train_rows, eval_rows;
    int64_t unseen, contacts, known_users, known_items, pairs; /* of eval_rows, cumulative */
    int64_t users, items, nnz;                                 /* of the train matrix */
    int64_t eval_users;
    int64_t unlisted_events; /* eval rows, unseen, whose event events.* does not list (a warning) */
    int64_t null_contacts;   /* events whose is_contact is null: not contacts (a warning) */
};

/* What there is to find for each user of the holdout: users ascending, items ascending. */
struct holdout {
    int32_t count;   /* users */
    int32_t *users;  /* [count] row in train, ascending */
    int64_t *indptr; /* [count + 1] */
    int32_t *items;  /* [indptr[count]] */
};

struct dataset {
    struct csr train; /* users × items, values: rows of the pair */
    struct idmap users, items;
    int64_t *popularity; /* [items] train rows of each item */
    struct holdout holdout;
    struct funnel funnel;
    json_t *passport; /* object: files (name, bytes, rows, fingerprint), schema, time range,
                         threshold, source; no absolute path, no time of reading */
    double load_seconds, split_seconds;
};

/*
 * Read and split. Errors, each with a `reason` and a message that names file, column and what was
 * expected (docs/troubleshooting.md lists them):
 *   ERR_NOT_FOUND, ERR_DENIED  the path, or a file in it
 *   ERR_DATA                   anything wrong with the content
 *   ERR_INVALID, ERR_NOMEM, ERR_IO, ERR_CANCELLED (polled at least every 0.5 s)
 * Warnings go to `progress` (NULL allowed). The caller owns *ret_dataset: dataset_free.
 * Time O(rows), memory 8 bytes a row, 4 more a train row, and the matrix; the same result for any
 * number of threads and any order of the rows.
 */
MUST_CHECK enum err dataset_load(const struct load_spec *spec, const struct progress *progress,
                                 struct dataset **ret_dataset, struct error *err);
void dataset_free(struct dataset *dataset); /* NULL is allowed */

/* The version of the reading engine's library, "v1.4.4". ERR_INTERNAL (engine_version): it is not
 * the one that this program was made for. */
MUST_CHECK enum err dataset_engine_version(const char **ret_version, struct error *err);

/* The funnel as a JSON object, keys as the fields above. NULL: out of memory. */
json_t *funnel_to_json(const struct funnel *funnel);

/* SHA-256 over users' and items' ids and the pairs of the holdout: two runs with an equal one were
 * judged on the same question, so that their users' hits can be paired. `out` of HASH_HEX_SIZE. */
MUST_CHECK enum err holdout_fingerprint(const struct dataset *dataset, char *out,
                                        struct error *err);

#endif
