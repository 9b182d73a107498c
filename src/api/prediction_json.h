#ifndef API_PREDICTION_JSON_H
#define API_PREDICTION_JSON_H

/* A prediction as /api/v1 and the event stream tell it. */
#include "base/json_out.h"
#include "store/predictions.h"

void prediction_write(struct json_out *out, const struct prediction *prediction);

/* Seconds until it ends by its progress so far; below 0: not known. */
double prediction_eta_seconds(const struct prediction *prediction);

#endif
