#ifndef API_PREDICTION_ACTIONS_H
#define API_PREDICTION_ACTIONS_H

/* What is done to predictions, whoever asks: the API's routes and the pages that work without
 * scripts. All of it is the identity's own, or ERR_NOT_FOUND. */
#include "api/app.h"
#include "api/identity.h"
#include "jobs/prediction.h"
#include "store/predictions.h"

/*
 * Start what the body of `request` asks for, a form or JSON, with its Idempotency-Key honoured.
 * ret_errors->count > 0: the fields are wrong (job_body_refuse), and nothing was made. The caller
 * frees *ret_prediction. ERR_CONFLICT: key_reused, too_many_jobs; ERR_INVALID: the body cannot be
 * read.
 */
MUST_CHECK enum err prediction_start(struct app *app, struct request *request,
                                     struct prediction **ret_prediction,
                                     struct job_field_errors *ret_errors, struct error *err);

/* The same again, as a new one. ERR_CONFLICT (job_running): it has not ended; (model_gone): its
 * model was removed. */
MUST_CHECK enum err prediction_retry(struct app *app, struct request *request,
                                     int64_t prediction_id, struct prediction **ret_prediction,
                                     struct error *err);

/* Ask it to stop. ERR_CONFLICT (job_ended). */
MUST_CHECK enum err prediction_stop(struct app *app, const struct identity *identity,
                                    int64_t prediction_id, struct error *err);

/* Remove it with its file and its log. ERR_CONFLICT (job_running). A file that cannot be removed is
 * an error after the prediction is gone. */
MUST_CHECK enum err prediction_delete(struct app *app, const struct identity *identity,
                                      int64_t prediction_id, struct error *err);

#endif
