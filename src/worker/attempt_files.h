#ifndef WORKER_ATTEMPT_FILES_H
#define WORKER_ATTEMPT_FILES_H

/*
 * The files of one attempt at a job. The child writes in a directory of its own,
 *
 *   MODEL_DIR/.attempt_{job}_{epoch}
 *
 * and nowhere else; what it claims to have written is checked by its parent and only then moved to
 * MODEL_DIR under its name. So an attempt that is killed, cancelled or fenced off at any moment
 * leaves that one directory, which names its owner.
 */
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "store/work.h"

enum { ATTEMPT_PATH_MAX = 4400 };
#define PREDICTIONS_DIRECTORY "predictions"
#define ATTEMPT_PREFIX ".attempt_"

const char *attempt_files_path(const char *model_dir, struct fence fence,
                               char out[ATTEMPT_PATH_MAX]);

/* Make the directory, empty; MODEL_DIR too where it is not there. ERR_IO, ERR_DENIED. */
MUST_CHECK enum err attempt_files_make(const char *model_dir, struct fence fence,
                                       struct error *err);

/* Remove it with all that is in it. What cannot be removed is left for worker/garbage.h. */
void attempt_files_remove(const char *model_dir, struct fence fence);
/* The same for an open MODEL_DIR and the directory's name. */
void attempt_files_remove_at(int model_dir, const char *name);

struct published {
    char model_path[ATTEMPT_PATH_MAX], hits_path[ATTEMPT_PATH_MAX]; /* "": none */
    char sha256[HASH_HEX_SIZE];
    int64_t bytes;
};

/*
 * Check the model that `result` (of run_train) tells of, and move it and its hits to MODEL_DIR,
 * where nothing is overwritten: a suffix _2, _3 … stands before the ending of a name that exists.
 * The paths in `result` become the new ones. It is read once for its sum; `tend` is called between
 * pieces and may end it with an error. ERR_CORRUPT (model_mismatch): the file is not what the child
 * told; ERR_IO, ERR_DENIED, ERR_NOMEM. On failure nothing is left in MODEL_DIR.
 */
MUST_CHECK enum err attempt_files_publish(const char *model_dir, struct fence fence, json_t *result,
                                          enum err (*tend)(void *context, struct error *err),
                                          void *context, struct published *ret_published,
                                          struct error *err);

/*
 * The same for the file of a prediction, which moves to MODEL_DIR/predictions: `result` tells its
 * file_name and its bytes. published->model_path is where it lies.
 */
MUST_CHECK enum err attempt_files_publish_table(const char *model_dir, struct fence fence,
                                                json_t *result,
                                                enum err (*tend)(void *context, struct error *err),
                                                void *context, struct published *ret_published,
                                                struct error *err);

/* Take back what was published and never recorded. */
void published_remove(const struct published *published);

#endif
