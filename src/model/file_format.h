#ifndef MODEL_FILE_FORMAT_H
#define MODEL_FILE_FORMAT_H

/* What the writer and the reader of the model file share. Only src/model and its tests and fuzz
 * targets include this. */
#include <stddef.h>

#include "base/error.h"
#include "model/file.h"
#include "model/tensor.h"

#define MODEL_FILE_FORMAT "rectrain/1"

/* The ids as the elements of an array; ID_STRING has none. */
static inline enum element model_file_id_element(enum id_kind kind)
{
    return kind == ID_INT64 ? ELEMENT_I64 : ELEMENT_U64;
}

/*
 * model_file_open of bytes that lie in memory from a 64-byte boundary on; they are borrowed until
 * the file is closed. Errors: ERR_CORRUPT, ERR_NOMEM.
 */
MUST_CHECK enum err model_file_open_memory(const void *bytes, size_t size, bool verify,
                                           struct model_file **ret_file, struct error *err);

/* ---- Checks of content, model/file_check.c. `at` is the byte that the message names. ---- */

/* Ids strictly ascending; `what` is "user" or "item". */
MUST_CHECK enum err model_file_check_ids(const struct idmap *ids, const char *what, size_t at,
                                         struct error *err);
/* Offsets from 0 to nnz that never fall, then all that csr_check checks. */
MUST_CHECK enum err model_file_check_matrix(const struct csr *matrix, int64_t nnz, size_t at,
                                            struct error *err);
MUST_CHECK enum err model_file_check_popularity(const int64_t *popularity, int32_t items, size_t at,
                                                struct error *err);
/* Every float of the model's arrays is finite. */
MUST_CHECK enum err model_file_check_finite(const struct model *model, size_t at,
                                            struct error *err);

#endif
