#ifndef WORKER_ATTEMPT_PREDICT_H
#define WORKER_ATTEMPT_PREDICT_H

/* Inside of worker/ only: what is different in an attempt at a prediction (jobs of JOB_PREDICT). */
#include "worker/attempt_parts.h"

/*
 * Open the model and the users that the record names, and start the child on them. Reasons:
 * model_gone (the model was removed), model_file_missing, model_file_changed,
 * evaluation_users_unknown, those of data_file_open; spawn_failed. Errors of the store.
 */
MUST_CHECK enum err attempt_predict_launch(struct attempt *attempt, struct child_spec *spec,
                                           struct error *err);

/* Move the file that the child wrote to its place, and remember what it is. Errors of
 * attempt_files_publish_table. */
MUST_CHECK enum err attempt_predict_publish(struct attempt *attempt,
                                            enum err (*tend)(void *context, struct error *err),
                                            struct error *err);

/* "all users, k 40, parquet", for the logs. */
const char *attempt_predict_words(const struct job *job, char *out, size_t out_size);

#endif
