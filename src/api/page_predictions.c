/* The pages of predictions that work without scripts: a form and the newest ones, one of them, and
 * its buttons as forms. With scripts the same addresses show the application. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/model_files.h"
#include "api/page.h"
#include "api/page_texts.h"
#include "api/prediction_actions.h"
#include "api/routes.h"
#include "base/memory.h"
#include "base/text.h"
#include "jobs/model_ref.h"
#include "store/registry.h"

enum { PREDICTIONS_SHOWN = 50, NAMES_SHOWN = 200, TITLE_BYTES = 256 };

/* ---- a prediction as templates show it ---- */

static const char *title_of(const struct job *job, char out[TITLE_BYTES])
{
    if (job->name != NULL)
        snprintf(out, TITLE_BYTES, "%s", job->name);
    else
        snprintf(out, TITLE_BYTES, "Batch %" PRId64, job->job_id);
    return out;
}

static const char *users_words(enum prediction_users users)
{
    switch (users) {
    case PREDICTION_ALL:
        return "All users";
    case PREDICTION_EVALUATION:
        return "Evaluation users";
    case PREDICTION_LIST:
        break;
    }
    return "A list";
}

static enum err add_wishes(json_t *fields, const struct job *job, struct error *err)
{
    enum err rc;
    struct prediction_request *wanted = NULL;
    TRY_PTR(wanted = mem_array(1, sizeof(*wanted), err));
    TRY(prediction_request_parse(job->params_json, wanted, err));
    TRY(json_set(fields, "users", json_string(users_words(prediction_users_of(wanted))), err));
    TRY(json_set(fields, "k", json_integer(param_int(&wanted->params, "k")), err));
    TRY(json_set(fields, "format", json_text(param_text(&wanted->params, "format")), err));
    prediction_request_release(wanted);
done:
    mem_free(wanted);
    return rc;
}

static enum err add_file(json_t *fields, const struct prediction *prediction, struct error *err)
{
    enum err rc;
    char text[PAGE_TEXT_SIZE];
    if (prediction->file_path == NULL)
        return ERR_OK;
    snprintf(text, sizeof(text), "/api/v1/predictions/%" PRId64 "/download",
             prediction->job.job_id);
    TRY(json_set(fields, "download_url", json_string(text), err));
    TRY(json_set(fields, "file_name", json_text(saved_model_name(prediction->file_path)), err));
    TRY(json_set(fields, "sha256", json_text(prediction->file_sha256), err));
    TRY(json_set(fields, "size",
                 json_string(text_bytes(prediction->file_bytes, text, sizeof(text))), err));
    TRY(json_set(fields, "rows",
                 json_string(text_grouped(prediction->file_rows, text, sizeof(text))), err));
    TRY(json_set(fields, "file_users",
                 json_string(text_grouped(prediction->file_users, text, sizeof(text))), err));
done:
    return rc;
}

/* NULL with *err: no memory, or a record that is damaged. */
static json_t *prediction_fields(const struct prediction *prediction, struct error *err)
{
    enum err rc;
    char title[TITLE_BYTES], ref[MODEL_REF_SIZE];
    const struct job *job = &prediction->job;
    const bool has_ended = job_status_is_terminal(job->status);
    json_t *fields = NULL;
    TRY_PTR(fields = page_job_fields(job, (int64_t)time(NULL) * 1000));
    TRY(json_set(fields, "id", json_integer(job->job_id), err));
    TRY(json_set(fields, "title", json_text(title_of(job, title)), err));
    if (job->status == JOB_TRAINING && !job->cancel_requested)
        TRY(json_set(fields, "status_text", json_string("Predicting"), err));
    TRY(json_set(fields, "has_ended", json_boolean(has_ended), err));
    TRY(json_set(fields, "can_cancel", json_boolean(!has_ended && !job->cancel_requested), err));
    if (prediction->model_id != 0) {
        TRY(json_set(fields, "model_id", json_integer(prediction->model_id), err));
        TRY(json_set(
            fields, "ref",
            json_text(model_ref_of(prediction->model_name, prediction->model_version, ref)), err));
    }
    TRY(add_wishes(fields, job, err));
    TRY(add_file(fields, prediction, err));
    return fields;
done:
    json_decref(fields);
    return NULL;
}

/* ---- the page of all ---- */

static enum err add_refs(json_t *fields, struct app *app, int64_t user_id, struct error *err)
{
    enum err rc;
    char ref[MODEL_REF_SIZE];
    struct registry_list names = {0};
    struct model_list models = {0};
    json_t *refs = json_array();
    const struct model_query query = {.user_id = user_id, .limit = PREDICTIONS_SHOWN};
    TRY(registry_list(app->store, user_id, NULL, NAMES_SHOWN, &names, err));
    for (int32_t i = 0; i < names.alias_count; i++)
        for (int32_t j = 0; j < names.count; j++)
            if (names.names[j]->name_id == names.aliases[i]->name_id) {
                snprintf(ref, sizeof(ref), "%s@%s", names.names[j]->name, names.aliases[i]->alias);
                TRY(json_append(refs, json_text(ref), err));
            }
    TRY(model_list(app->store, &query, &models, err));
    for (int32_t i = 0; i < models.count; i++)
        TRY(json_append(
            refs, json_text(model_ref_of(models.models[i]->name, models.models[i]->version, ref)),
            err));
    TRY(json_set(fields, "refs", json_incref(refs), err));
done:
    json_decref(refs);
    model_list_release(&models);
    registry_list_release(&names);
    return rc;
}

static enum err add_batches(json_t *fields, struct app *app, int64_t user_id, struct error *err)
{
    enum err rc;
    struct prediction_list list = {0};
    json_t *batches = json_array();
    const struct prediction_query query = {.user_id = user_id, .limit = PREDICTIONS_SHOWN};
    TRY(prediction_list(app->store, &query, &list, err));
    for (int32_t i = 0; i < list.count; i++) {
        json_t *one;
        TRY_PTR(one = prediction_fields(list.predictions[i], err));
        TRY(json_append(batches, one, err));
    }
    TRY(json_set(fields, "has_batches", json_boolean(list.count > 0), err));
    TRY(json_set(fields, "batches", json_incref(batches), err));
done:
    json_decref(batches);
    prediction_list_release(&list);
    return rc;
}

/* With what was wrong with `form`, both NULL at first. */
static enum err show_all(struct app *app, struct request *request, struct response *response,
                         const struct form *form, const char *error, struct error *err)
{
    enum err rc;
    const char *model = NULL, *ids = NULL;
    json_t *fields = json_object();
    const int64_t user_id = request_identity(request)->user_id;
    if (form != NULL) {
        model = form_get(form, "model");
        ids = form_get(form, "user_ids");
    } else {
        TRY(query_text(request, "model", &model, err));
    }
    TRY(json_set(fields, "model_value", json_text(model != NULL ? model : ""), err));
    TRY(json_set(fields, "user_ids_value", json_text(ids != NULL ? ids : ""), err));
    TRY(json_set(fields, "error", json_text(error != NULL ? error : ""), err));
    TRY(add_refs(fields, app, user_id, err));
    TRY(add_batches(fields, app, user_id, err));
    return page_answer(app, request, response, 200, "predictions", "Predictions", fields, err);
done:
    json_decref(fields);
    return rc;
}

static enum err all_page(void *app, struct request *request, struct response *response,
                         struct error *err)
{
    return show_all(app, request, response, NULL, NULL, err);
}

static enum err go_to(struct request *request, struct response *response, int64_t prediction_id,
                      struct error *err)
{
    const char *to =
        arena_textf(request_arena(request), err, "/predictions/%" PRId64, prediction_id);
    return to != NULL ? response_redirect(response, 303, to, err) : ERR_NOMEM;
}

static enum err start(void *app, struct request *request, struct response *response,
                      struct error *err)
{
    enum err rc;
    const struct form *form;
    struct prediction *made = NULL;
    struct job_field_errors *errors = NULL;
    TRY(request_form(request, &form, err));
    TRY_PTR(errors = mem_array(1, sizeof(*errors), err));
    TRY(prediction_start(app, request, &made, errors, err));
    if (errors->count == 0) {
        rc = go_to(request, response, made->job.job_id, err);
        goto done;
    }
    TRY(show_all(app, request, response, form, errors->errors[0].message, err));
    response_status(response, 422);
done:
    prediction_free(made);
    mem_free(errors);
    return rc;
}

/* ---- the page of one, and its buttons ---- */

static enum err one_page(void *context, struct request *request, struct response *response,
                         struct error *err)
{
    enum err rc;
    struct app *app = context;
    int64_t prediction_id;
    char title[TITLE_BYTES];
    json_t *fields;
    struct prediction *prediction = NULL;
    TRY(request_param_id(request, "prediction_id", &prediction_id, err));
    TRY(prediction_read(app->store, request_identity(request)->user_id, prediction_id, true,
                        &prediction, err));
    TRY_PTR(fields = prediction_fields(prediction, err));
    rc = page_answer(app, request, response, 200, "prediction", title_of(&prediction->job, title),
                     fields, err);
done:
    prediction_free(prediction);
    return rc;
}

static enum err cancel(void *app, struct request *request, struct response *response,
                       struct error *err)
{
    enum err rc;
    int64_t prediction_id;
    TRY(request_param_id(request, "prediction_id", &prediction_id, err));
    TRY(prediction_stop(app, request_identity(request), prediction_id, err));
    TRY(go_to(request, response, prediction_id, err));
done:
    return rc;
}

static enum err retry(void *app, struct request *request, struct response *response,
                      struct error *err)
{
    enum err rc;
    int64_t prediction_id;
    struct prediction *again = NULL;
    TRY(request_param_id(request, "prediction_id", &prediction_id, err));
    TRY(prediction_retry(app, request, prediction_id, &again, err));
    TRY(go_to(request, response, again->job.job_id, err));
done:
    prediction_free(again);
    return rc;
}

static enum err delete_prediction(void *app, struct request *request, struct response *response,
                                  struct error *err)
{
    enum err rc;
    int64_t prediction_id;
    TRY(request_param_id(request, "prediction_id", &prediction_id, err));
    TRY(prediction_delete(app, request_identity(request), prediction_id, err));
    TRY(response_redirect(response, 303, "/predictions/", err));
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/predictions/", .handle = all_page, .flags = ROUTE_PAGE},
    {.method = HTTP_POST,
     .pattern = "/predictions/",
     .handle = start,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
    {.method = HTTP_GET,
     .pattern = "/predictions/{prediction_id}",
     .handle = one_page,
     .flags = ROUTE_PAGE},
    {.method = HTTP_POST,
     .pattern = "/predictions/{prediction_id}/cancel",
     .handle = cancel,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/predictions/{prediction_id}/retry",
     .handle = retry,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/predictions/{prediction_id}/delete",
     .handle = delete_prediction,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
};
const struct route_group page_prediction_routes = {routes, sizeof(routes) / sizeof(routes[0])};
