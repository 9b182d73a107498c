#ifndef STORE_MODELS_H
#define STORE_MODELS_H

/* The models that jobs made: one row each, written with the job's end (job_finish). The store keeps
 * the path, the size and the checksum; the file itself is the caller's. */
#include <stdint.h>

#include "store/store.h"

struct model_record {
    int64_t model_id, job_id, user_id;
    const char *model_type, *path, *sha256; /* hex */
    int64_t size_bytes, created_ms;
    const char *job_name, *metrics_json, *run_json; /* of its job; the name may be NULL */
};
struct model_list {
    struct model_record **models;
    int32_t count;
};

/* A record that the caller frees with mem_free. ERR_NOT_FOUND. */
MUST_CHECK enum err model_read(struct store *store, int64_t user_id, int64_t model_id,
                               struct model_record **ret_model, struct error *err);
MUST_CHECK enum err model_of_job(struct store *store, int64_t user_id, int64_t job_id,
                                 struct model_record **ret_model, struct error *err);
/* The newest first, from the one before `before_id` on (0: from the newest). */
MUST_CHECK enum err model_list(struct store *store, int64_t user_id, int64_t before_id,
                               int32_t limit, struct model_list *ret_list, struct error *err);
void model_list_release(struct model_list *list);
/* Remove the row; the caller unlinks the file after. The job stays, its model_path null. */
MUST_CHECK enum err model_remove(struct store *store, int64_t user_id, int64_t model_id,
                                 struct error *err);

/* What may be done with a file of the model directory whose name carries this job's id. */
enum model_file_fate {
    MODEL_FILE_NAMED,   /* a row names it, or the job is still under way: keep it */
    MODEL_FILE_ORPHAN,  /* its job is known and ended, and no row names it: remove it */
    MODEL_FILE_FOREIGN, /* no such job in this store: leave it alone */
};
MUST_CHECK enum err model_file_fate(struct store *store, int64_t job_id, const char *path,
                                    enum model_file_fate *ret_fate, struct error *err);

#endif
