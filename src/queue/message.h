#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

/* The body of a message: {"job_id": 17, "model_type": "als", "data_path": "/data", "hyperparams":
 * {…}}. What is read may come from anybody, so everything but a good job_id is overlooked. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "store/outbox.h"

/* A longer body is none of ours: path and parameters have their own limits (jobs/job.h). */
enum { MESSAGE_MAX = 128 * 1024, MESSAGE_ID_SIZE = 48 };

/* A body on one line, with job_id first; a kind without parameters has null, and so have stored
 * ones that are no JSON: a wake-up must not fail for that. ERR_NOMEM. */
MUST_CHECK enum err message_write(const struct outbox_message *message, struct strbuf *out,
                                  struct error *err);

/* The job_id of a body: a whole number above 0, in an object. ERR_INVALID says what it is instead;
 * ERR_NOMEM. */
MUST_CHECK enum err message_parse(const char *body, size_t size, int64_t *ret_job_id,
                                  struct error *err);

/* "17:3", and back: false where it is none. */
void message_id_write(int64_t job_id, int64_t epoch, char out[MESSAGE_ID_SIZE]);
bool message_id_parse(const char *id, int64_t *ret_job_id, int64_t *ret_epoch);

#endif
