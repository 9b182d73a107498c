/* POST /api/v1/data_sources/check: a look at data before a job is started with it. */
#include <stdatomic.h>

#include "api/identity.h"
#include "api/job_body.h"
#include "api/routes.h"
#include "worker/check.h"

/* Checks that may run at once: each has a process of its own, and a thread that waits for it. */
enum { CHECKS_MAX = 3 };
static atomic_int checks;

/* The data is at fault, or its path: what is to be told about it, rather than a fault of ours. */
static bool is_about_data(enum err code)
{
    return code == ERR_DATA || code == ERR_NOT_FOUND || code == ERR_DENIED || code == ERR_INVALID ||
           code == ERR_CORRUPT;
}

static enum err check_now(struct app *app, const struct job_request *wanted,
                          struct response *response, struct error *err)
{
    json_t *report;
    const enum err rc = data_check(app->config, wanted, DATA_CHECK_TIMEOUT_MS, &report, err);
    if (rc == ERR_OK)
        return response_json(response, 200, report, err);
    if (!is_about_data(rc) && err->reason[0] == '\0')
        return rc;
    /* Also a process that crashed or ran too long, which the file may well have done. */
    response_problem(response, 422, err->reason[0] != '\0' ? err->reason : "data", "%s",
                     err->message);
    response_problem_field(response, "data_path", "%s", err->message);
    return ERR_OK;
}

static enum err check_data(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct job_request wanted;
    struct job_field_errors errors;
    TRY(job_body_read_data(app, request, &wanted, &errors, err));
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        return ERR_OK;
    }
    if (atomic_fetch_add(&checks, 1) < CHECKS_MAX) {
        rc = check_now(app, &wanted, response, err);
    } else {
        response_problem(response, 503, "busy",
                         "other data is being checked just now; try again in a few seconds");
        rc = response_header(response, "Retry-After", "5", err);
    }
    atomic_fetch_sub(&checks, 1);
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST, .pattern = "/api/v1/data_sources/check", .handle = check_data},
};
const struct route_group data_check_routes = {routes, sizeof(routes) / sizeof(routes[0])};
