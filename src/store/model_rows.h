#ifndef STORE_MODEL_ROWS_H
#define STORE_MODEL_ROWS_H

/* Inside of store/ only: what several files do to rows of models, in a transaction of theirs. */
#include "store/db.h"
#include "store/models.h"
#include "store/record.h"
#include "store/registry.h"

/* {model_columns}, then the alias that led there. */
extern const struct record_type model_row_type;

struct model_new {
    int64_t job_id, user_id;
    const char *name; /* of the registry; NULL: the type's */
    const char *model_type, *path, *sha256;
    int64_t size_bytes;
    const char *source, *program_version; /* the latter NULL: not known */
};
/* Add a model as the next version of its name. ERR_CONFLICT (model_exists); ERR_INVALID. */
MUST_CHECK enum err model_row_add(struct tx *tx, const struct model_new *model,
                                  int64_t *ret_model_id, struct error *err);

/* Take a model's row away; user_id 0: whoever's. ERR_NOT_FOUND (no_such_model), ERR_CONFLICT
 * (model_has_alias). */
MUST_CHECK enum err model_row_remove(struct tx *tx, int64_t user_id, int64_t model_id,
                                     struct error *err);

/* ERR_INVALID (fields): a name or a tag that may not be one, or what is too long. */
MUST_CHECK enum err model_edit_check(const struct model_edit *edit, struct error *err);

/* Moves of all users' aliases after one that was seen, at most so many, in the order in which they
 * can be seen. The caller frees them with record_list_free. */
MUST_CHECK enum err move_rows_after(struct tx *tx, int64_t after, int32_t most,
                                    struct alias_move ***ret_moves, int32_t *ret_count,
                                    struct error *err);
/* The last of them; 0: there was none yet. */
MUST_CHECK enum err move_rows_newest(struct store *store, int64_t *ret_move_id, struct error *err);

#endif
