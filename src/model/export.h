#ifndef MODEL_EXPORT_H
#define MODEL_EXPORT_H

/*
 * A model for other programs. model_export_NAME writes `path` whole or not at all (model/output.h):
 * an existing file is refused with ERR_INVALID, reason "file_exists". Further errors: ERR_IO,
 * ERR_DENIED, ERR_NOMEM, ERR_CANCELLED. A new format is one file with its function and one line in
 * the list below. docs/model-file.md describes npz and safetensors:
 *
 * npz: what `AlternatingLeastSquares.load` of Python's implicit 0.7 reads, and numpy.load too: a
 * zip of .npy arrays, stored. user_factors, item_factors and implicit's own settings; beside them
 * the ids: `user_ids` and `item_ids` where they are numbers, else `user_ids_bytes` and
 * `user_ids_offsets` (string i is bytes[offsets[i]:offsets[i + 1]]). ERR_INVALID, reason
 * "no_factors", for a kind that has no two tables of factors. Cost: two passes over the factors.
 *
 * safetensors: all arrays of the model, the ids (as above), the train matrix (matrix_indptr,
 * matrix_indices, matrix_data) and popularity; the metadata holds format, model_type, params,
 * metrics and data as JSON text, seed and version. Cost: one pass.
 */
#include "base/error.h"
#include "base/progress.h"
#include "model/file.h"

/* name, what the command line says of it */
#define EXPORT_FORMATS(X)                                                                          \
    X(npz, "as Python's implicit reads")                                                           \
    X(safetensors, "all arrays, ids and the train matrix")                                         \
    /* new ones go above this line */

#define X(name, help)                                                                              \
    MUST_CHECK enum err model_export_##name(const struct model_record *record, const char *path,   \
                                            const struct progress *progress, struct error *err);
EXPORT_FORMATS(X)
#undef X

#endif
