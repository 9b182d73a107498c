/* The buttons of a version's page as forms, for browsers without scripts. Each leads back to a
 * page; what is refused is told on the page itself. */
#include <inttypes.h>
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/model_files.h"
#include "api/page_models.h"
#include "api/promote.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/memory.h"

static enum err find_model(struct app *app, struct request *request,
                           struct model_record **ret_model, struct error *err)
{
    enum err rc;
    int64_t model_id;
    TRY(request_param_id(request, "model_id", &model_id, err));
    rc = model_read(app->store, request_identity(request)->user_id, model_id, ret_model, err);
done:
    return rc;
}

static enum err go_to_model(struct request *request, struct response *response, int64_t model_id,
                            struct error *err)
{
    const char *to = arena_textf(request_arena(request), err, "/models/%" PRId64, model_id);
    return to != NULL ? response_redirect(response, 303, to, err) : ERR_NOMEM;
}

/* The page again, with what was wrong. */
static enum err tell(struct app *app, struct request *request, struct response *response,
                     const struct page_model_state *state, int status, struct error *err)
{
    const enum err rc = page_model(app, request, response, state, err);
    if (rc == ERR_OK)
        response_status(response, status);
    return rc;
}

static enum err make_ready(void *app, const struct model_record *model, struct error *err)
{
    return served_ready(app, model, err);
}

static const char *field(const struct form *form, const char *name)
{
    const char *value = form_get(form, name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum err promote_model(void *context, struct request *request, struct response *response,
                              struct error *err)
{
    enum err rc;
    struct app *app = context;
    const struct form *form;
    struct model_record *model = NULL;
    struct promotion_result result = {0};
    const struct identity *identity = request_identity(request);
    TRY(find_model(app, request, &model, err));
    TRY(request_form(request, &form, err));
    const struct promotion promotion = {.config = app->config,
                                        .store = app->store,
                                        .user_id = identity->user_id,
                                        .by = identity->email,
                                        .name = model->name,
                                        .alias = field(form, "alias") != NULL ? field(form, "alias")
                                                                              : MODEL_CHAMPION,
                                        .model_id = model->model_id,
                                        .reason = field(form, "reason"),
                                        .override = field(form, "override") != NULL,
                                        .ready = make_ready,
                                        .context = app};
    struct page_model_state state = {.alias = promotion.alias, .reason = promotion.reason};
    rc = promote(&promotion, &result, err);
    if (rc == ERR_INVALID || rc == ERR_CONFLICT) {
        state.error = err->message;
        rc = tell(app, request, response, &state, rc == ERR_CONFLICT ? 409 : 422, err);
        goto done;
    }
    TRY(rc);
    served_changed(app, identity->user_id);
    if (result.outcome == PROMOTION_BLIND)
        state.error = "Say why the verdict does not count: the reason stands in the history.";
    else if (result.outcome == PROMOTION_REFUSED)
        TRY_PTR(state.error =
                    arena_textf(request_arena(request), err,
                                "The gate lets it not become champion: %s.", result.verdict.words));
    rc = state.error != NULL ? tell(app, request, response, &state,
                                    result.outcome == PROMOTION_BLIND ? 422 : 409, err)
                             : go_to_model(request, response, model->model_id, err);
done:
    mem_free(result.move);
    mem_free(model);
    return served_refuse(response, rc, err);
}

static enum err undo_champion(void *context, struct request *request, struct response *response,
                              struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct model_record *model = NULL;
    struct alias_move *move = NULL;
    const struct identity *identity = request_identity(request);
    TRY(find_model(app, request, &model, err));
    const struct alias_move_new words = {.user_id = identity->user_id,
                                         .name = model->name,
                                         .alias = MODEL_CHAMPION,
                                         .by = identity->email};
    TRY(registry_undo(app->store, &words, &move, err));
    served_changed(app, identity->user_id);
    TRY(go_to_model(request, response, move->to_model_id != 0 ? move->to_model_id : model->model_id,
                    err));
done:
    mem_free(move);
    mem_free(model);
    return rc;
}

static enum err delete_model(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct model_record *model = NULL;
    struct page_model_state state = {0};
    TRY(find_model(app, request, &model, err));
    rc = model_remove(app->store, request_identity(request)->user_id, model->model_id, err);
    if (rc == ERR_CONFLICT) {
        state.error = err->message;
        rc = tell(app, request, response, &state, 409, err);
        goto done;
    }
    TRY(rc);
    served_drop(app, model->model_id);
    served_changed(app, model->user_id);
    TRY(saved_file_remove(app->config, SAVED_MODEL, model->path, err));
    TRY(response_redirect(response, 303, "/models/", err));
done:
    mem_free(model);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/models/{model_id}/promote",
     .handle = promote_model,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/models/{model_id}/undo",
     .handle = undo_champion,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/models/{model_id}/delete",
     .handle = delete_model,
     .flags = ROUTE_PAGE | ROUTE_WRITE},
};
const struct route_group page_model_action_routes = {routes, sizeof(routes) / sizeof(routes[0])};
