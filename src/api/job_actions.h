#ifndef API_JOB_ACTIONS_H
#define API_JOB_ACTIONS_H

/* What is done to jobs, whoever asks: the API's routes and the pages that work without scripts. All
 * of it is the identity's own, or ERR_NOT_FOUND. */
#include "api/app.h"
#include "api/identity.h"
#include "base/hash.h"
#include "jobs/job.h"
#include "jobs/request.h"

/*
 * Make a job of a checked request (job_body.h), on behalf of `request`, whose Idempotency-Key is
 * honoured: the same key with the same body gives the first job again. source_id: the job that it
 * repeats, or 0. The caller frees *ret_job. ERR_CONFLICT: key_reused, too_many_jobs.
 */
MUST_CHECK enum err job_start(struct app *app, struct request *request,
                              const struct job_request *wanted, int64_t source_id,
                              struct job **ret_job, struct error *err);

/* The request's Idempotency-Key, NULL where there is none, and the hash of what it asks for and
 * where.
 */
enum { JOB_BODY_HASH_SIZE = HASH_HEX_SIZE };
MUST_CHECK enum err job_request_key(struct request *request, const char **ret_key,
                                    char ret_hash[JOB_BODY_HASH_SIZE], struct error *err);

/* The job that the request's Idempotency-Key made before, 0 where there is none: to be asked before
 * the body is checked, since data may be gone meanwhile. ERR_CONFLICT (key_reused). */
MUST_CHECK enum err job_started_before(struct app *app, struct request *request,
                                       int64_t *ret_job_id, struct error *err);

/* The same again, as a new job. Fields that are wrong by now (the data is gone) are told in
 * ret_errors, with *ret_job_id 0. ERR_CONFLICT (job_running): it has not ended. */
MUST_CHECK enum err job_retry(struct app *app, struct request *request, int64_t job_id,
                              struct job_field_errors *ret_errors, int64_t *ret_job_id,
                              struct error *err);

/* 202 with Location, and the job in the brief's shape or in that of /api/v1. The second reads it
 * first. */
MUST_CHECK enum err job_tell(struct request *request, struct response *response,
                             const struct job *job, bool is_brief, struct error *err);
MUST_CHECK enum err job_answer(struct app *app, struct request *request, struct response *response,
                               int64_t job_id, bool is_brief, struct error *err);

/* Ask it to stop. ERR_CONFLICT (job_ended). */
MUST_CHECK enum err job_stop(struct app *app, const struct identity *identity, int64_t job_id,
                             struct error *err);

/* Remove it with its model's files and its log. ERR_CONFLICT (job_running). A file that cannot be
 * removed is an error after the job is gone. */
MUST_CHECK enum err job_delete(struct app *app, const struct identity *identity, int64_t job_id,
                               struct error *err);

#endif
