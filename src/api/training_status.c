/* GET /training_status/{job_id}: the brief's keys first. Clients poll it, so it is the shortest way
 * through the program: one read by two keys, and text written straight from the record. */
#include "api/identity.h"
#include "api/out.h"
#include "api/routes.h"
#include "store/jobs.h"

static enum err read_status(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    enum err rc;
    const struct app *app = context;
    int64_t job_id;
    struct job *job = NULL;
    struct json_out out;
    TRY(request_param_id(request, "job_id", &job_id, err));
    TRY(job_read_brief(app->store, request_identity(request)->user_id, JOB_TRAIN, job_id, &job,
                       err));
    out_begin(&out, 1024, err);
    job_write_status(&out, job);
    TRY(response_out_tagged(response, &out, err));
done:
    job_free(job);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/training_status/{job_id}",
     .handle = read_status,
     .flags = ROUTE_QUICK},
};
const struct route_group training_status_routes = {routes, sizeof(routes) / sizeof(routes[0])};
