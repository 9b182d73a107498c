#ifndef WORKER_GARBAGE_H
#define WORKER_GARBAGE_H

/*
 * Files in MODEL_DIR that no record names. Only what carries a job of this store whose attempt is
 * over is garbage, and removed: a model and its hits, or the file of a prediction, that were
 * written but never recorded, the directory of an attempt that died, the log of a job that was
 * removed. All else that lies there unnamed (models of the command line, of another store,
 * half-written files) is only told.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/store.h"

enum garbage_kind {
    GARBAGE_MODEL,     /* als_model_12_20260102_030405.pkl */
    GARBAGE_HITS,      /* als_model_12_20260102_030405.hits.json */
    GARBAGE_ATTEMPT,   /* .attempt_12_3, a directory: worker/attempt_files.h */
    GARBAGE_LOG,       /* logs/job_12.log */
    GARBAGE_TABLE,     /* predictions/predictions_12_20260102_030405.parquet */
    GARBAGE_TEMPORARY, /* .rectrain-….tmp of more than a day ago */
    GARBAGE_OTHER,
};

struct garbage_file {
    char name[256]; /* relative to MODEL_DIR */
    enum garbage_kind kind;
    bool is_ours; /* garbage of this store: garbage_remove takes it away; else it is only told */
    int64_t job_id, size_bytes;
};
struct garbage_list {
    struct garbage_file *files;
    int32_t count;
};

/* Look at all files. A directory that is not there holds none. Errors of the store; ERR_IO,
 * ERR_DENIED, ERR_NOMEM. */
MUST_CHECK enum err garbage_find(struct store *store, const char *model_dir,
                                 struct garbage_list *ret_list, struct error *err);
void garbage_list_release(struct garbage_list *list);

/* Find, and remove what is ours; *ret_removed is how many files. */
MUST_CHECK enum err garbage_remove(struct store *store, const char *model_dir, int64_t *ret_removed,
                                   struct error *err);

/* The same for what carries one job: cheap enough for the end of a job that took several attempts.
 * What it removed is told in the log; what it could not is left for garbage_remove. */
void garbage_clear_job(struct store *store, const char *model_dir, int64_t job_id);

#endif
