#ifndef API_OPENAPI_H
#define API_OPENAPI_H

/*
 * The document of the API. openapi.json, beside this file, is written by hand and embedded; what
 * tables know better is filled in when the server starts:
 *
 *   components/schemas   ModelTypeName, Params and JobRequest from the table of kinds, RunParams
 *                        from that of the run, Metrics from that of metrics
 *   each operation       `security` and `x-admin` from the flags of its route, and the problems
 *                        401 and 403 that follow from them
 *
 * A test compares it with the table of routes, both ways.
 */
#include <stdint.h>

#include "base/json.h"
#include "http/response.h"
#include "http/route.h"

struct openapi;

/* ERR_CORRUPT: the embedded text is no JSON, a fault of the build. */
MUST_CHECK enum err openapi_create(const struct route *routes, int32_t count,
                                   struct openapi **ret_openapi, struct error *err);
void openapi_free(struct openapi *openapi); /* NULL is allowed */

/* The text, borrowed. */
const char *openapi_text(const struct openapi *openapi);

/* Answer with it, or with 304. */
MUST_CHECK enum err openapi_answer(const struct openapi *openapi, struct response *response,
                                   struct error *err);

/* The path of a pattern as the document writes it: "/assets/{file...}" is "/assets/{file}". */
const char *openapi_path(const char *pattern, char *out, size_t out_size);

#endif
