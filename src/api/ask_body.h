#ifndef API_ASK_BODY_H
#define API_ASK_BODY_H

/* Bodies that are JSON objects, with every wrong field told at once (api/job_body.h refuses them).
 */
#include "http/request.h"
#include "jobs/request.h"

/* The body, which must be an object of these fields alone (`known` ends with NULL): another one is
 * told in *errors. ERR_INVALID (json_malformed, media_type). */
MUST_CHECK enum err ask_object(struct request *request, const char *const *known,
                               json_t **ret_object, struct job_field_errors *errors,
                               struct error *err);

/* job_field_complain with a format. */
void ask_complain(struct job_field_errors *errors, const char *name, const char *code,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
