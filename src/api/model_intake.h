#ifndef API_MODEL_INTAKE_H
#define API_MODEL_INTAKE_H

/*
 * A model file that came from elsewhere, on its way in: it is written to a file without a name in
 * MODEL_DIR, read in full by a process that can do no harm (worker/check.h), and only then gets a
 * name and a row. Whatever fails, nothing is left.
 */
#include "base/json.h"
#include "config/config.h"
#include "store/models.h"

struct intake {
    const struct config *config;
    struct store *store;
    int fd; /* of the file, whole */
};

/* A file to write to, the caller's to close. `unique`: letters that no other intake has. ERR_IO,
 * ERR_DENIED. */
MUST_CHECK enum err intake_open(const struct config *config, const char *unique, int *ret_fd,
                                struct error *err);

/* Check and record. Of `import` user_id, name, note and size_bytes must be set; the rest is. The
 * report (worker/child_inspect.h) is the caller's. ERR_CORRUPT (model_file_corrupt), the errors of
 * model_check and of model_import. */
MUST_CHECK enum err intake_take(const struct intake *intake, struct model_import *import,
                                json_t **ret_report, int64_t *ret_model_id, struct error *err);

/* At the end, before the file is closed: the name goes that it had where there are no files without
 * one. */
void intake_drop(int fd);

#endif
