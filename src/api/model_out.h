#ifndef API_MODEL_OUT_H
#define API_MODEL_OUT_H

/* Models, names, aliases and their moves as JSON: each written as one value. */
#include "base/json_out.h"
#include "store/models.h"
#include "store/registry.h"

enum { MODEL_OUT_BYTES = 2048 /* about what one takes */ };

/* result_json: what its job told (jobs/job.h), for `data`, `popular_metrics` and `holdout_sha256`,
 * which lists leave out; NULL: for a list. */
void model_out(struct json_out *out, const struct model_record *model, const char *result_json);

/* The index-th name of a list, with its aliases. */
void name_out(struct json_out *out, const struct registry_list *list, int32_t index);

void move_out(struct json_out *out, const struct alias_move *move);

#endif
