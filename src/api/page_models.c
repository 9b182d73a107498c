#include "api/page_models.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/model_files.h"
#include "api/page.h"
#include "api/page_texts.h"
#include "api/page_try.h"
#include "api/promote.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/memory.h"
#include "base/text.h"

enum { MODELS_SHOWN = 50, NAMES_SHOWN = 200, MOVES_SHOWN = 50, TITLE_BYTES = 128 };

static json_t *text_or_null(const char *text)
{
    return text != NULL && text[0] != '\0' ? json_text(text) : json_null();
}

/* ---- a version ---- */

/* What the list and the page of a version both show. */
static enum err model_fields(const struct model_record *model, json_t **ret_fields,
                             struct error *err)
{
    enum err rc;
    char size[PAGE_TEXT_SIZE], created[PAGE_TEXT_SIZE], recall[PAGE_TEXT_SIZE];
    char url[PAGE_TEXT_SIZE], ref[MODEL_REF_SIZE];
    json_t *metrics = NULL, *fields;
    TRY(json_read_stored("metrics", model->metrics_json, &metrics, err));
    const json_t *value = json_object_get(metrics, "recall_at_k");
    page_percent(json_is_number(value) ? json_number_value(value) : NAN, recall, sizeof(recall));
    json_decref(metrics);
    snprintf(url, sizeof(url), "/api/v1/models/%" PRId64 "/download", model->model_id);
    fields =
        json_pack("{s:I,s:o,s:I,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:o}", "model_id",
                  (json_int_t)model->model_id, "name", json_text(model->name), "model_version",
                  (json_int_t)model->version, "ref", model_ref_of(model->name, model->version, ref),
                  "model_type", model->model_type, "aliases", text_or_null(model->aliases),
                  "recall", recall, "size", text_bytes(model->size_bytes, size, sizeof(size)),
                  "created", page_time(model->created_ms, created, sizeof(created)), "download_url",
                  url, "file_name", json_text(saved_model_name(model->path)));
    if (fields == NULL) {
        rc = FAIL(err, ERR_NOMEM, "out of memory for the fields of a model");
        goto done;
    }
    *ret_fields = fields;
done:
    return rc;
}

/* ---- the list ---- */

static enum err add_models(json_t *context, struct app *app, const struct model_query *query,
                           struct error *err)
{
    enum err rc;
    struct model_list list = {0};
    json_t *models = json_array();
    TRY(model_list(app->store, query, &list, err));
    const int32_t count = list.count > MODELS_SHOWN ? MODELS_SHOWN : list.count;
    for (int32_t i = 0; i < count; i++) {
        json_t *fields = NULL;
        TRY(model_fields(list.models[i], &fields, err));
        TRY(json_append(models, fields, err));
    }
    if (list.count > count)
        TRY(json_set(context, "next", json_integer(list.models[count - 1]->model_id), err));
    TRY(json_set(context, "has_models", json_boolean(count > 0), err));
    TRY(json_set(context, "models", json_incref(models), err));
done:
    json_decref(models);
    model_list_release(&list);
    return rc;
}

static enum err add_name(json_t *names, const struct registry_list *list, int32_t index,
                         struct error *err)
{
    enum err rc = ERR_OK;
    json_t *aliases = json_array();
    const struct registry_name *name = list->names[index];
    for (int32_t i = 0; i < list->alias_count; i++) {
        const struct registry_alias *alias = list->aliases[i];
        if (alias->name_id == name->name_id)
            TRY(json_append(aliases,
                            json_pack("{s:s,s:I,s:I}", "alias", alias->alias, "version",
                                      (json_int_t)alias->version, "model_id",
                                      (json_int_t)alias->model_id),
                            err));
    }
    return json_append(names,
                       json_pack("{s:s,s:I,s:I,s:b,s:o}", "name", name->name, "versions",
                                 (json_int_t)name->versions, "latest",
                                 (json_int_t)name->latest_version, "gate", name->gate, "aliases",
                                 aliases),
                       err);
done:
    json_decref(aliases);
    return rc;
}

/* All names, or the one that is asked for. */
static enum err add_names(json_t *context, struct app *app, int64_t user_id, const char *only,
                          struct error *err)
{
    enum err rc;
    struct registry_list list = {0};
    json_t *names = json_array();
    if (only != NULL)
        TRY(registry_read(app->store, user_id, only, &list, err));
    else
        TRY(registry_list(app->store, user_id, NULL, NAMES_SHOWN, &list, err));
    for (int32_t i = 0; i < list.count; i++)
        TRY(add_name(names, &list, i, err));
    TRY(json_set(context, "has_names", json_boolean(list.count > 0), err));
    TRY(json_set(context, "names", json_incref(names), err));
done:
    json_decref(names);
    registry_list_release(&list);
    return rc;
}

static const char *move_words(const struct alias_move *move, char *out, size_t out_size)
{
    const bool is_undo = strcmp(move->kind, "undo") == 0;
    if (move->to_version == 0)
        snprintf(out, out_size, "taken away from version %" PRId64, move->from_version);
    else if (move->from_version == 0)
        snprintf(out, out_size, "moved to version %" PRId64, move->to_version);
    else
        snprintf(out, out_size, "%s from version %" PRId64 " to version %" PRId64,
                 is_undo ? "rolled back" : "moved", move->from_version, move->to_version);
    return out;
}

static enum err add_moves(json_t *context, struct app *app, int64_t user_id, const char *name,
                          struct error *err)
{
    enum err rc;
    char at[PAGE_TEXT_SIZE], words[TITLE_BYTES];
    struct alias_move_list list = {0};
    json_t *moves = json_array();
    const struct alias_history query = {.user_id = user_id, .name = name, .limit = MOVES_SHOWN};
    TRY(registry_history(app->store, &query, &list, err));
    for (int32_t i = 0; i < list.count; i++) {
        const struct alias_move *move = list.moves[i];
        TRY(json_append(moves,
                        json_pack("{s:s,s:s,s:s,s:o,s:o}", "at",
                                  page_time(move->at_ms, at, sizeof(at)), "alias", move->alias,
                                  "words", move_words(move, words, sizeof(words)), "by",
                                  json_text(move->by), "reason", text_or_null(move->reason)),
                        err));
    }
    TRY(json_set(context, "has_moves", json_boolean(list.count > 0), err));
    TRY(json_set(context, "moves", json_incref(moves), err));
done:
    json_decref(moves);
    alias_move_list_release(&list);
    return rc;
}

static enum err models_page(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    enum err rc;
    struct app *app = context;
    json_t *fields = json_object();
    struct model_query query = {.user_id = request_identity(request)->user_id,
                                .limit = MODELS_SHOWN + 1};
    TRY(query_text(request, "name", &query.name, err));
    TRY(query_text(request, "tag", &query.tag, err));
    TRY(query_int(request, "cursor", 0, 1, INT64_MAX, &query.before_id, err));
    TRY(add_names(fields, app, query.user_id, query.name, err));
    TRY(add_models(fields, app, &query, err));
    if (query.name != NULL) {
        TRY(add_moves(fields, app, query.user_id, query.name, err));
        TRY(json_set(fields, "of_name", json_text(query.name), err));
    }
    return page_answer(app, request, response, 200, "models",
                       query.name != NULL ? query.name : "Models", fields, err);
done:
    json_decref(fields);
    return rc;
}

/* ---- the page of a version ---- */

static enum err add_facts(json_t *fields, const struct model_record *model, struct error *err)
{
    enum err rc;
    json_t *params = json_array(), *given = NULL;
    TRY(json_read_stored("params", model->params_json, &given, err));
    TRY(page_add_members(params, given, err));
    TRY(json_set(fields, "params", json_incref(params), err));
    TRY(page_add_metrics(fields, model->metrics_json, model->run_json, err));
    TRY(json_set(fields, "note", text_or_null(model->note), err));
    TRY(json_set(fields, "tags", text_or_null(model->tags), err));
    TRY(json_set(fields, "sha256", json_text(model->sha256), err));
    TRY(json_set(fields, "has_npz", json_boolean(strcmp(model->model_type, "popular") != 0), err));
    if (strcmp(model->source, "training") == 0)
        TRY(json_set(fields, "from_job", json_integer(model->job_id), err));
done:
    json_decref(params);
    json_decref(given);
    return rc;
}

/* "champion" among "candidate,champion". */
static bool is_champion(const char *aliases)
{
    const size_t len = strlen(MODEL_CHAMPION);
    for (const char *at = aliases; at != NULL && *at != '\0'; at += strcspn(at, ",")) {
        at += strspn(at, ", ");
        if (strcspn(at, ",") == len && strncmp(at, MODEL_CHAMPION, len) == 0)
            return true;
    }
    return false;
}

static enum err add_verdict(json_t *fields, struct app *app, const struct model_record *model,
                            struct error *err)
{
    enum err rc;
    struct verdict verdict;
    if (is_champion(model->aliases)) {
        TRY(json_set(fields, "champion_here", json_true(), err));
        return json_set(fields, "verdict", json_string("This is the champion."), err);
    }
    TRY(promotion_verdict(app->config, app->store, model, NULL, &verdict, err));
    rc = json_set(fields, "verdict", json_text(verdict.words), err);
done:
    return rc;
}

enum err page_model(struct app *app, struct request *request, struct response *response,
                    const struct page_model_state *state, struct error *err)
{
    enum err rc;
    int64_t model_id;
    const char *user;
    char title[TITLE_BYTES], ref[PAGE_TEXT_SIZE];
    struct model_record *model = NULL;
    json_t *fields = NULL;
    TRY(request_param_id(request, "model_id", &model_id, err));
    TRY(query_text(request, "user", &user, err));
    TRY(model_read(app->store, request_identity(request)->user_id, model_id, &model, err));
    TRY(model_fields(model, &fields, err));
    TRY(add_facts(fields, model, err));
    TRY(add_verdict(fields, app, model, err));
    TRY(json_set(fields, "error", text_or_null(state->error), err));
    TRY(json_set(fields, "alias_value",
                 json_text(state->alias != NULL ? state->alias : MODEL_CHAMPION), err));
    TRY(json_set(fields, "reason_value", json_text(state->reason != NULL ? state->reason : ""),
                 err));
    if (user != NULL && user[0] != '\0') {
        snprintf(ref, sizeof(ref), "%" PRId64, model_id);
        TRY(json_set(fields, "user", json_text(user), err));
        TRY(page_add_list(fields, app, request, ref, user, err));
    }
    snprintf(title, sizeof(title), "%s, version %" PRId64, model->name, model->version);
    rc = page_answer(app, request, response, 200, "model", title, fields, err);
    fields = NULL;
done:
    json_decref(fields);
    mem_free(model);
    return served_refuse(response, rc, err);
}

static enum err model_page(void *app, struct request *request, struct response *response,
                           struct error *err)
{
    const struct page_model_state nothing = {0};
    return page_model(app, request, response, &nothing, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/models/", .handle = models_page, .flags = ROUTE_PAGE},
    {.method = HTTP_GET,
     .pattern = "/models/{model_id}",
     .handle = model_page,
     .flags = ROUTE_PAGE},
};
const struct route_group page_model_routes = {routes, sizeof(routes) / sizeof(routes[0])};
