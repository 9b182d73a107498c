#ifndef API_MODEL_INTAKE_H
#define API_MODEL_INTAKE_H

/*
 * A model file that came from elsewhere, or its hits, on the way in: it is written to a file
 * without a name in MODEL_DIR, read in full by a process that can do no harm (worker/check.h), and
 * only then gets a name and a row. Whatever fails, nothing is left.
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

/*
 * The hits of each user (train/hits.h) for a model that is there, without any yet: checked in the
 * same way, held against what the model's file says of its own evaluation, and named beside it.
 * `fd` is of the file, whole. ERR_CORRUPT (hits_corrupt); ERR_CORRUPT (hits_mismatch): they are of
 * another model, in words; ERR_CONFLICT (hits_exist); the errors of hits_check; ERR_IO.
 */
MUST_CHECK enum err intake_take_hits(const struct intake *intake, const struct model_record *model,
                                     struct error *err);

/* Sync the file and give it a name that nothing has, in MODEL_DIR. ERR_CONFLICT: something has it;
 * ERR_IO. */
MUST_CHECK enum err intake_name(const struct intake *intake, const char *path, struct error *err);

/* At the end, before the file is closed: the name goes that it had where there are no files without
 * one. */
void intake_drop(int fd);

#endif
