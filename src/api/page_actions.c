/* The buttons of a job's page as forms, for browsers without scripts. Each leads back to a page. */
#include <inttypes.h>

#include "api/identity.h"
#include "api/job_actions.h"
#include "api/routes.h"

static enum err go_to_job(struct request *request, struct response *response, int64_t job_id,
                          struct error *err)
{
    const char *to = arena_textf(request_arena(request), err, "/training/%" PRId64, job_id);
    return to != NULL ? response_redirect(response, 303, to, err) : ERR_NOMEM;
}

static enum err cancel(void *app, struct request *request, struct response *response,
                       struct error *err)
{
    enum err rc;
    int64_t job_id;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_stop(app, request_identity(request), job_id, err));
    TRY(go_to_job(request, response, job_id, err));
done:
    return rc;
}

static enum err retry(void *app, struct request *request, struct response *response,
                      struct error *err)
{
    enum err rc;
    int64_t job_id, new_id;
    struct job_field_errors errors = {0};
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_retry(app, request, job_id, &errors, &new_id, err));
    if (new_id == 0)
        response_problem(response, 422, errors.errors[0].code, "%s", errors.errors[0].message);
    else
        TRY(go_to_job(request, response, new_id, err));
done:
    return rc;
}

static enum err delete_job(void *app, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    int64_t job_id;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_delete(app, request_identity(request), job_id, err));
    TRY(response_redirect(response, 303, "/training/", err));
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/training/{job_id}/cancel",
     .handle = cancel,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/training/{job_id}/retry",
     .handle = retry,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/training/{job_id}/delete",
     .handle = delete_job,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
};
const struct route_group page_action_routes = {routes, sizeof(routes) / sizeof(routes[0])};
