#ifndef STORE_MODEL_CHECKS_H
#define STORE_MODEL_CHECKS_H

/*
 * Which file of a model was verified in full, by a stamp that changes with the file
 * (predict/model_cache.h): whoever finds the same stamp again need not read it whole.
 */
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* Whether the model's file bore this stamp when it was verified last. */
MUST_CHECK enum err model_check_find(struct store *store, int64_t model_id, const char *stamp,
                                     bool *ret_found, struct error *err);
/* It was verified now. Of a model that is not there any more nothing is kept. */
MUST_CHECK enum err model_check_keep(struct store *store, int64_t model_id, const char *stamp,
                                     struct error *err);

#endif
