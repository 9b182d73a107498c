#ifndef API_ANSWER_H
#define API_ANSWER_H

/* What several resources read from a request and say in an answer. */
#include <stdint.h>

#include "http/request.h"
#include "http/response.h"

/* A field of the body, be it a form or JSON (a text there), copied nowhere: borrowed for the
 * request. NULL where it is absent or null. ERR_INVALID (reason "fields"): it is no text. */
MUST_CHECK enum err body_text(struct request *request, const char *name, const char **ret_text,
                              struct error *err);

/* Refuse fields of a JSON body that the route does not know: a misspelled one must not count as
 * left out. `names` ends with NULL. ERR_INVALID (reason "fields"). */
MUST_CHECK enum err body_check(struct request *request, const char *const *names,
                               struct error *err);

/* A query parameter, NULL where it is absent; as a number within a range, else ERR_INVALID
 * (reason "parameter_range") that names it. */
MUST_CHECK enum err query_text(struct request *request, const char *name, const char **ret_text,
                               struct error *err);
MUST_CHECK enum err query_int(struct request *request, const char *name, int64_t initial,
                              int64_t min, int64_t max, int64_t *ret_value, struct error *err);

/* Refuse parameters of the query that the route does not know: a misspelled filter must not give
 * everything. `names` ends with NULL. ERR_INVALID (reason "parameter_unknown"). */
MUST_CHECK enum err query_check(struct request *request, const char *const *names,
                                struct error *err);

/* An RFC 3339 time, or null where it is 0. */
struct json_t *json_time(int64_t time_ms);

/* 204 without a body. */
void response_none(struct response *response);

#endif
