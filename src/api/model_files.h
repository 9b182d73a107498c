#ifndef API_MODEL_FILES_H
#define API_MODEL_FILES_H

/*
 * The files of models and predictions, beneath MODEL_DIR. A record names its file by a path as the
 * worker saw it; servers and workers share the directory, but not where they are started, so that
 * only the name counts. Links are not followed.
 */
#include "config/config.h"

/* The name of a file in its path: "als_model_1_20241201_143022.pkl". */
const char *saved_model_name(const char *path);

enum saved_kind {
    SAVED_MODEL, /* or the hits beside one */
    SAVED_TABLE, /* of a prediction, beneath MODEL_DIR/predictions */
};

/* Open it for reading; the caller closes *ret_fd. ERR_NOT_FOUND (reason model_file_missing or
 * prediction_file_missing): it is not there any more, or is no ordinary file; ERR_DENIED, ERR_IO.
 */
MUST_CHECK enum err saved_file_open(const struct config *config, enum saved_kind kind,
                                    const char *path, int *ret_fd, struct error *err);

/* Remove it, and the hits beside a model. What is not there is fine. ERR_DENIED, ERR_IO. */
MUST_CHECK enum err saved_file_remove(const struct config *config, enum saved_kind kind,
                                      const char *path, struct error *err);

/* Are there hits beside the model of this path? */
bool saved_hits_are_there(const struct config *config, const char *model_path);

/* Bytes that an unprivileged writer may still write where models are saved; -1 where the system
 * does not say. */
int64_t saved_model_disk_free(const struct config *config);

#endif
