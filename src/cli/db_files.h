#ifndef CLI_DB_FILES_H
#define CLI_DB_FILES_H

/*
 * What lies in MODEL_DIR against what the store says of it: models and predictions whose file is
 * missing or has other bytes, and files that nothing names.
 */
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

struct files_check {
    int64_t models, predictions;             /* whose files were looked at */
    int64_t model_faults, prediction_faults; /* without their file, or with another one */
    int64_t garbage;                         /* files of this store that nothing names any more */
    int64_t unknown;                         /* files that are not this store's: only told */
    int64_t removed;                         /* of the garbage, where that was asked for */
};

/* One line a finding is added to report. With `repair` the garbage is removed (worker/garbage.h
 * says what that is), and nothing else. Reads every file whole. Errors of the store; ERR_IO,
 * ERR_DENIED, ERR_NOMEM. */
MUST_CHECK enum err files_check(struct store *store, const char *model_dir, bool repair,
                                struct strbuf *report, struct files_check *ret_check,
                                struct error *err);

#endif
