#ifndef API_JOBS_LIST_H
#define API_JOBS_LIST_H

/* The list of jobs as a query string asks for it; its parameters stand in jobs_list.c. */
#include "api/app.h"
#include "store/jobs.h"

/*
 * Read the query into *ret_query, whose texts are borrowed for the request: status, model_type, q,
 * sort, limit (1 to limit_max, else limit_initial), cursor. ERR_INVALID names the parameter
 * (parameter_range, parameter_unknown).
 */
MUST_CHECK enum err jobs_query_read(struct request *request, int64_t limit_initial,
                                    int64_t limit_max, struct job_query *ret_query,
                                    struct error *err);

/* The jobs of a query, as many as its limit says (above STORE_LIST_MAX too), as CSV (RFC 4180): one
 * line each, parameters and metrics in columns by their names. */
enum { CSV_JOBS_MAX = 100000 };
MUST_CHECK enum err jobs_csv(struct app *app, struct response *response,
                             const struct job_query *query, struct error *err);

#endif
