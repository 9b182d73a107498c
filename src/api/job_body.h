#ifndef API_JOB_BODY_H
#define API_JOB_BODY_H

/*
 * What a body asks for, as a form or as JSON, checked by the tables (jobs/request.h) and against
 * DATA_ROOTS (worker/data_path.h). Every field that is wrong is told at once.
 */
#include "api/app.h"
#include "jobs/job.h"
#include "jobs/request.h"

/*
 * Read the body of a request for a job. `source`, where it is not NULL, is a job whose fields hold
 * where the body does not name them; an empty body then changes nothing.
 * errors->count > 0: the request must be refused (job_body_refuse), and *ret_wanted is undefined.
 * ERR_INVALID: the body itself cannot be read (form_malformed, json_malformed, media_type).
 */
MUST_CHECK enum err job_body_read(struct app *app, struct request *request,
                                  const struct job *source, struct job_request *ret_wanted,
                                  struct job_field_errors *ret_errors, struct error *err);

/* The request that makes `source` again, with the fields of an object (NULL: none) in place of its
 * own, and its data looked at again. */
MUST_CHECK enum err job_body_of_job(struct app *app, const struct job *source,
                                    const json_t *changes, struct job_request *ret_wanted,
                                    struct job_field_errors *ret_errors, struct error *err);

/* The same for a check of data alone: no model type need be given. */
MUST_CHECK enum err job_body_read_data(struct app *app, struct request *request,
                                       struct job_request *ret_wanted,
                                       struct job_field_errors *ret_errors, struct error *err);

/* The fields of the body as an object, a form's all texts. The caller owns it. Errors as above. */
MUST_CHECK enum err job_body_object(struct request *request, json_t **ret_object,
                                    struct error *err);

/* 422 with the code "fields", and one entry per wrong field. */
void job_body_refuse(struct response *response, const struct job_field_errors *errors);

#endif
