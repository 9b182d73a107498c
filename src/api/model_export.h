#ifndef API_MODEL_EXPORT_H
#define API_MODEL_EXPORT_H

/* A saved model for other programs (model/export.h), as a file without a name. */
#include "config/config.h"

/* "pkl", the file as it is saved, or a format of model/export.h. */
bool model_export_is_known(const char *format);

/*
 * Write the model at `path` in a format of model/export.h to a file that has no name any more, open
 * for reading: the caller's. `unique`: letters that no other request has. ERR_NOT_FOUND
 * (model_file_missing), ERR_CORRUPT; ERR_INVALID (no_factors): that kind has nothing for the
 * format; ERR_IO, ERR_DENIED, ERR_NOMEM. Cost: a pass or two over the model, and its size on the
 * disk for as long as it is sent.
 */
MUST_CHECK enum err model_export_open(const struct config *config, const char *path,
                                      const char *format, const char *unique, int *ret_fd,
                                      struct error *err);

#endif
