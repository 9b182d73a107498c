#ifndef API_PREDICTION_FILES_H
#define API_PREDICTION_FILES_H

/* The files of predictions, beneath MODEL_DIR/predictions. As with models (api/model_files.h), only
 * the name of a recorded path counts, and links are not followed. */
#include "config/config.h"

/* Open it for reading; the caller closes *ret_fd. ERR_NOT_FOUND (prediction_file_missing);
 * ERR_DENIED, ERR_IO. */
MUST_CHECK enum err saved_table_open(const struct config *config, const char *path, int *ret_fd,
                                     struct error *err);
/* Remove it. What is not there is fine. ERR_DENIED, ERR_IO. */
MUST_CHECK enum err saved_table_remove(const struct config *config, const char *path,
                                       struct error *err);
/* Are there hits beside the model of this path? */
bool saved_hits_are_there(const struct config *config, const char *model_path);

#endif
