/* POST /start_training/: the brief's way to start a job, for programs and for browsers, with or
 * without scripts. POST /api/v1/jobs is its twin among the resources. */
#include <assert.h>
#include <string.h>

#include "api/identity.h"
#include "api/job_actions.h"
#include "api/job_body.h"
#include "api/page_training.h"
#include "api/routes.h"
#include "store/jobs.h"

/* The job that the request makes or made, or the errors of its fields and no job. The caller frees
 * it. */
static enum err start(struct app *app, struct request *request, struct job_field_errors *ret_errors,
                      struct job **ret_job, struct error *err)
{
    enum err rc;
    int64_t known_id;
    struct job_request wanted;
    ret_errors->count = 0;
    TRY(job_started_before(app, request, &known_id, err));
    if (known_id != 0)
        return job_read_brief(app->store, request_identity(request)->user_id, JOB_TRAIN, known_id,
                              ret_job, err);
    TRY(job_body_read(app, request, NULL, &wanted, ret_errors, err));
    if (ret_errors->count == 0)
        TRY(job_start(app, request, &wanted, 0, ret_job, err));
done:
    return rc;
}

/* A browser's form that cannot be taken: the page again, with what was typed and what is wrong. */
static enum err show_form_again(struct app *app, struct request *request, struct response *response,
                                const struct job_field_errors *errors, struct error *err)
{
    enum err rc;
    struct page_training state = {.errors = errors};
    TRY(request_form(request, &state.fields, err));
    TRY(page_training(app, request, response, &state, err));
    response_status(response, 422);
done:
    return rc;
}

static enum err start_by_brief(void *context, struct request *request, struct response *response,
                               struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct job *job = NULL;
    struct job_field_errors errors;
    struct arena *arena = request_arena(request);
    const bool wants_page = request_wants_html(request);
    TRY(start(app, request, &errors, &job, err));
    if (errors.count > 0 && wants_page && !request_has_json(request))
        return show_form_again(app, request, response, &errors, err);
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        return ERR_OK;
    }
    assert(job != NULL); /* as there are no errors */
    if (wants_page) {
        const char *page =
            arena_textf(arena, err, "/training/?started=%lld", (long long)job->job_id);
        rc = page != NULL ? response_redirect(response, 303, page, err) : ERR_NOMEM;
    } else {
        rc = job_tell(request, response, job, true, err);
    }
done:
    job_free(job);
    return rc;
}

static enum err create_job(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct job *job = NULL;
    struct job_field_errors errors;
    TRY(start(app, request, &errors, &job, err));
    if (errors.count > 0)
        job_body_refuse(response, &errors);
    else
        rc = job_tell(request, response, job, false, err);
done:
    job_free(job);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/start_training/",
     .handle = start_by_brief,
     .flags = ROUTE_WRITE},
    {.method = HTTP_POST, .pattern = "/api/v1/jobs", .handle = create_job, .flags = ROUTE_WRITE},
};
const struct route_group start_training_routes = {routes, sizeof(routes) / sizeof(routes[0])};
