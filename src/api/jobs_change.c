/* What a job can be told: to stop, to be tried again, to be made again with changes. */
#include "api/identity.h"
#include "api/job_actions.h"
#include "api/job_body.h"
#include "api/routes.h"
#include "store/jobs.h"

static enum err cancel_job(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    int64_t job_id;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_stop(context, request_identity(request), job_id, err));
    rc = job_answer(context, request, response, job_id, false, err);
done:
    return rc;
}

static enum err retry_job(void *context, struct request *request, struct response *response,
                          struct error *err)
{
    enum err rc;
    int64_t job_id, new_id;
    struct job_field_errors errors;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_retry(context, request, job_id, &errors, &new_id, err));
    if (errors.count > 0)
        job_body_refuse(response, &errors);
    else
        rc = job_answer(context, request, response, new_id, false, err);
done:
    return rc;
}

static enum err clone_job(void *context, struct request *request, struct response *response,
                          struct error *err)
{
    enum err rc;
    int64_t job_id, new_id;
    struct app *app = context;
    struct job *source = NULL, *made = NULL;
    struct job_request wanted;
    struct job_field_errors errors;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_started_before(app, request, &new_id, err));
    if (new_id == 0) {
        TRY(job_read_brief(app->store, request_identity(request)->user_id, JOB_TRAIN, job_id,
                           &source, err));
        TRY(job_body_read(app, request, source, &wanted, &errors, err));
        if (errors.count > 0) {
            job_body_refuse(response, &errors);
            goto done;
        }
        TRY(job_start(app, request, &wanted, job_id, &made, err));
        rc = job_tell(request, response, made, false, err);
    } else {
        rc = job_answer(app, request, response, new_id, false, err);
    }
done:
    job_free(made);
    job_free(source);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/api/v1/jobs/{job_id}/cancel",
     .handle = cancel_job,
     .flags = ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/api/v1/jobs/{job_id}/retry",
     .handle = retry_job,
     .flags = ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/api/v1/jobs/{job_id}/clone",
     .handle = clone_job,
     .flags = ROUTE_WRITE},
};
const struct route_group jobs_change_routes = {routes, sizeof(routes) / sizeof(routes[0])};
