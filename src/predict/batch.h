#ifndef PREDICT_BATCH_H
#define PREDICT_BATCH_H

/*
 * Recommendations for many users as one table: cookie, node, rank (from 1), score; a user's rows
 * stand together, best first, users in the order asked for. At most k rows a user, each pair once:
 * what the baseline's checker accepts. Columns of ids are int64, or text where ids are text.
 *
 * The file appears whole under its name or not at all. The same bytes for any number of threads.
 * Time O(users × items × factors) at worst (linalg/topk.h prunes), memory O(items × factors) and a
 * few MB; nothing is kept for the users that are done.
 */
#include "predict/predictor.h"

enum batch_format { BATCH_PARQUET, BATCH_CSV };
bool batch_format_find(const char *name, enum batch_format *ret_format); /* "parquet", "csv" */

struct batch_spec {
    struct predictor *predictor;
    const int32_t *users; /* [count] each once; NULL: all of the model's, and count is not read */
    int32_t count;
    int32_t k;      /* 1 to BATCH_K_MAX */
    bool with_seen; /* leave in what the user has touched */
    int32_t threads;
    enum batch_format format;
    const char *directory, *name; /* of the file; the directory must be there */
    bool overwrite;
    const struct progress *progress; /* PHASE_EVALUATE, in users, and cancel; NULL allowed */
};
enum { BATCH_K_MAX = 10000 };

struct batch_result {
    int64_t users, rows, bytes;
    double seconds, scored_share; /* of all scores, how many were computed */
};

/* ERR_INVALID (file_exists); ERR_CANCELLED; ERR_IO, ERR_DENIED, ERR_NOT_FOUND: the file; ERR_NOMEM.
 */
MUST_CHECK enum err batch_write(const struct batch_spec *spec, struct batch_result *ret_result,
                                struct error *err);

#endif
