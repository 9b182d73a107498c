#ifndef API_MODEL_TYPES_H
#define API_MODEL_TYPES_H

/* The tables of model kinds, run parameters and metrics as JSON, for the API and for pages. */
#include "base/json_out.h"

/* {"model_types": [{name, title, summary, personal, params: […]}], "run_params": […],
 * "metrics": [{name, title, help, higher_is_better}]}; a parameter is {name, type, default, min,
 * max, above_min, choices, help}. */
void model_types_write(struct json_out *out);

#endif
