#ifndef STORE_PREDICTIONS_H
#define STORE_PREDICTIONS_H

/*
 * Predictions: jobs of the task JOB_PREDICT, made by job_create with a struct prediction_new and
 * ended by job_finish with a struct prediction_file. What holds for every job (cancel, remove,
 * events, claims) stands in jobs.h and work.h. Errors of every operation: store/store.h.
 */
#include "jobs/prediction.h"
#include "store/jobs.h"

struct prediction_new {
    int64_t model_id;     /* of the same user, else ERR_NOT_FOUND (no_such_model) */
    const char *user_ids; /* the list that was pasted, as it is; NULL: none */
};

/* What job_finish records of the file that a prediction wrote. */
struct prediction_file {
    const char *path, *sha256; /* hex */
    int64_t bytes, rows, users;
};

struct prediction {
    struct job job;
    int64_t model_id; /* 0: the model was removed, and so what follows of it is empty */
    const char *model_type, *model_name, *model_path, *model_sha256;
    int64_t model_version, model_bytes;
    const char *file_path, *file_sha256; /* NULL until completed */
    int64_t file_bytes, file_rows, file_users;
};

/* With queue_position, and the result unless `brief`. `user_id` 0: whoever's it is. The caller
 * frees it. ERR_NOT_FOUND. */
MUST_CHECK enum err prediction_read(struct store *store, int64_t user_id, int64_t prediction_id,
                                    bool brief, struct prediction **ret_prediction,
                                    struct error *err);
void prediction_free(struct prediction *prediction); /* NULL is allowed */

/* The list of users that was pasted; NULL where none was. The caller frees it (mem_free). */
MUST_CHECK enum err prediction_user_ids(struct store *store, int64_t prediction_id, char **ret_text,
                                        struct error *err);

struct prediction_query {
    int64_t user_id;
    const char *statuses; /* as prediction_status_name has them, with commas; NULL: all */
    int64_t model_id;     /* 0: of all models */
    int64_t before_id;    /* the last of the page before, 0: from the newest */
    int32_t limit;        /* 1 to STORE_LIST_MAX */
};
struct prediction_list {
    struct prediction **predictions; /* without result */
    int32_t count;
};
/* The newest first. Cost: what is looked at until the page is full. */
MUST_CHECK enum err prediction_list(struct store *store, const struct prediction_query *query,
                                    struct prediction_list *ret_list, struct error *err);
void prediction_list_release(struct prediction_list *list);
/* Every prediction of the query, the newest first; all else as model_each. */
MUST_CHECK enum err prediction_each(struct store *store, const struct prediction_query *query,
                                    enum err (*visit)(void *context,
                                                      const struct prediction *prediction,
                                                      struct error *err),
                                    void *context, struct error *err);

/* "pending", "loading_data", "predicting", "completed", "failed", "cancelled". */
const char *prediction_status_name(const struct prediction *prediction);

#endif
