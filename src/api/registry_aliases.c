/* Aliases: moved, taken away, moved back, and what became of them in time. */
#include <string.h>

#include "api/answer.h"
#include "api/ask_body.h"
#include "api/identity.h"
#include "api/job_body.h"
#include "api/model_out.h"
#include "api/out.h"
#include "api/promote.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/json.h"
#include "base/memory.h"
#include "data/moment.h"
#include "store/registry.h"

enum { LIMIT_DEFAULT = 50, MOVE_BYTES = 1024 };

/* ---- bodies ---- */

static int64_t read_number(const json_t *object, const char *key, struct job_field_errors *errors)
{
    const json_t *value = json_object_get(object, key);
    if (value == NULL || json_is_null(value))
        return 0;
    if (json_is_integer(value) && json_integer_value(value) > 0)
        return json_integer_value(value);
    ask_complain(errors, key, "type", "%s must be a whole number from 1 on", key);
    return 0;
}

/* NULL where it is not given, or empty. */
static const char *read_reason(const json_t *object, struct job_field_errors *errors)
{
    const json_t *value = json_object_get(object, "reason");
    const char *text = json_string_value(value);
    if (value != NULL && !json_is_null(value) && text == NULL)
        ask_complain(errors, "reason", "type", "reason must be a text");
    else if (text != NULL && strlen(text) > REASON_MAX)
        ask_complain(errors, "reason", "too_long", "reason must have at most %d bytes",
                     (int)REASON_MAX);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* A body that may be left out: {"reason"}. */
static enum err read_why(struct request *request, const char **ret_reason,
                         struct job_field_errors *errors, struct error *err)
{
    static const char *const known[] = {"reason", NULL};
    enum err rc;
    json_t *object;
    *ret_reason = NULL;
    if (request_body(request).len == 0 && !request_has_json(request))
        return ERR_OK;
    TRY(ask_object(request, known, &object, errors, err));
    *ret_reason = read_reason(object, errors);
done:
    return rc;
}

/* ---- moves ---- */

static enum err answer_move(struct app *app, struct request *request, struct response *response,
                            const struct alias_move *move, struct error *err)
{
    struct json_out out;
    served_changed(app, request_identity(request)->user_id);
    out_begin(&out, MOVE_BYTES, err);
    move_out(&out, move);
    return response_out(response, 200, &out, err);
}

static enum err make_ready(void *context, const struct model_record *model, struct error *err)
{
    return served_ready(context, model, err);
}

/* 409 with the verdict in the problem. */
static enum err refuse_by_gate(struct response *response, const struct verdict *verdict,
                               struct error *err)
{
    enum err rc;
    struct json_out out;
    struct strbuf text = {0};
    json_t *value = NULL;
    out_begin(&out, MOVE_BYTES, err);
    verdict_write(&out, verdict);
    TRY(json_out_finish(&out, &text));
    TRY(json_read(text.ptr, text.len, 0, &value, err));
    response_problem(response, 409, "gate_refused",
                     "the gate lets %s not become champion: %s. Override it with a reason where "
                     "you know better",
                     verdict->candidate, verdict->words);
    response_problem_value(response, "verdict", value);
done:
    strbuf_release(&text);
    return rc;
}

static enum err read_promotion(struct request *request, struct promotion *promotion,
                               struct job_field_errors *errors, struct error *err)
{
    static const char *const known[] = {"version", "model_id", "reason", "override", NULL};
    enum err rc;
    json_t *object;
    TRY(ask_object(request, known, &object, errors, err));
    const json_t *override = json_object_get(object, "override");
    promotion->version = read_number(object, "version", errors);
    promotion->model_id = read_number(object, "model_id", errors);
    promotion->reason = read_reason(object, errors);
    promotion->override = json_is_true(override);
    if (override != NULL && !json_is_null(override) && !json_is_boolean(override))
        job_field_complain(errors, "override", "type", "override must be true or false");
    if (errors->count == 0 && (promotion->version == 0) == (promotion->model_id == 0))
        job_field_complain(errors, "version", "required",
                           "say one of version and model_id: what the alias shall point at");
done:
    return rc;
}

static enum err move_alias(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct app *app = context;
    const struct identity *identity = request_identity(request);
    struct job_field_errors errors = {.count = 0};
    struct promotion_result result = {0};
    struct registry_list name = {0};
    struct promotion promotion = {.config = app->config,
                                  .store = app->store,
                                  .user_id = identity->user_id,
                                  .by = identity->email,
                                  .name = request_param(request, "name"),
                                  .alias = request_param(request, "alias"),
                                  .ready = make_ready,
                                  .context = app};
    TRY(registry_read(app->store, identity->user_id, promotion.name, &name, err));
    TRY(read_promotion(request, &promotion, &errors, err));
    if (errors.count == 0)
        TRY(promote(&promotion, &result, err));
    if (errors.count == 0 && result.outcome == PROMOTION_BLIND)
        job_field_complain(&errors, "reason", "required",
                           "reason is missing: say why the verdict does not count");
    if (errors.count > 0)
        job_body_refuse(response, &errors);
    else if (result.outcome == PROMOTION_REFUSED)
        rc = refuse_by_gate(response, &result.verdict, err);
    else
        rc = answer_move(app, request, response, result.move, err);
done:
    mem_free(result.move);
    registry_list_release(&name);
    return served_refuse(response, rc, err);
}

/* Let the version that an alias went back to answer without a pause. It is there already; that its
 * file is not is for whoever asks it. */
static void make_ready_again(struct app *app, int64_t user_id, int64_t model_id)
{
    struct error ignored;
    struct model_record *model = NULL;
    if (model_id != 0 && model_read(app->store, user_id, model_id, &model, &ignored) == ERR_OK)
        (void)!served_ready(app, model, &ignored);
    mem_free(model);
}

/* Both take a reason, and answer with the move that they made. */
static enum err turn_back(struct app *app, struct request *request, struct response *response,
                          bool is_undo, struct error *err)
{
    enum err rc;
    const char *reason;
    struct registry_list list = {0};
    struct alias_move *move = NULL;
    struct job_field_errors errors = {.count = 0};
    const struct identity *identity = request_identity(request);
    const char *name = request_param(request, "name"), *alias = request_param(request, "alias");
    TRY(registry_read(app->store, identity->user_id, name, &list, err));
    TRY(read_why(request, &reason, &errors, err));
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        goto done;
    }
    const struct alias_move_new removal = {.user_id = identity->user_id,
                                           .name = name,
                                           .alias = alias,
                                           .from_model_id = ALIAS_FROM_ANY,
                                           .by = identity->email,
                                           .reason = reason};
    if (is_undo)
        TRY(registry_undo(app->store, &removal, &move, err));
    else
        TRY(registry_move(app->store, &removal, &move, err));
    make_ready_again(app, identity->user_id, move->to_model_id);
    rc = answer_move(app, request, response, move, err);
done:
    mem_free(move);
    registry_list_release(&list);
    return rc;
}

static enum err remove_alias(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    return turn_back(context, request, response, false, err);
}

static enum err undo_alias(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    return turn_back(context, request, response, true, err);
}

/* ---- history ---- */

/* A day ("2026-01-31") means its end, a time itself. False: it is neither, or of before 1970. */
static bool read_moment(const char *text, int64_t *ret_ms)
{
    const int64_t day_ms = 86400000;
    int64_t nanos;
    const size_t len = strlen(text);
    if (!moment_parse(text, len, &nanos) || nanos < 0)
        return false;
    *ret_ms = nanos / 1000000 + (len == strlen("2026-01-31") ? day_ms - 1 : 0);
    return *ret_ms > 0;
}

static void write_then(struct json_out *out, const struct alias_move_list *then)
{
    json_member_open(out, "then", '{');
    for (int32_t i = 0; i < then->count; i++) {
        json_member_int(out, then->moves[i]->alias, then->moves[i]->to_version);
    }
    json_out_close(out, '}');
}

static enum err read_history(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    static const char *const known[] = {"alias", "at", "limit", "cursor", NULL};
    enum err rc;
    struct app *app = context;
    int64_t limit;
    const char *at;
    struct json_out out;
    struct alias_move_list list = {0}, then = {0};
    struct alias_history query = {.user_id = request_identity(request)->user_id,
                                  .name = request_param(request, "name")};
    TRY(query_check(request, known, err));
    TRY(query_text(request, "alias", &query.alias, err));
    TRY(query_int(request, "limit", LIMIT_DEFAULT, 1, STORE_LIST_MAX - 1, &limit, err));
    TRY(query_int(request, "cursor", 0, 1, INT64_MAX, &query.before_id, err));
    TRY(query_text(request, "at", &at, err));
    if (at != NULL && !read_moment(at, &query.until_ms))
        return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                           "at must be a day (2026-01-31) or a time (2026-01-31T12:00:00Z)");
    query.limit = (int32_t)limit + 1;
    TRY(registry_history(app->store, &query, &list, err));
    if (at != NULL)
        TRY(registry_then(app->store, &query, &then, err));
    const int32_t count = list.count > limit ? (int32_t)limit : list.count;
    out_begin(&out, MOVE_BYTES * (size_t)(count + 1), err);
    json_out_open(&out, '{');
    json_member_open(&out, "moves", '[');
    for (int32_t i = 0; i < count; i++)
        move_out(&out, list.moves[i]);
    json_out_close(&out, ']');
    json_member_nonzero(&out, "next", list.count > count ? list.moves[count - 1]->move_id : 0);
    if (at != NULL)
        write_then(&out, &then);
    json_out_close(&out, '}');
    rc = response_out_tagged(response, &out, err);
done:
    alias_move_list_release(&then);
    alias_move_list_release(&list);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_PUT,
     .pattern = "/api/v1/registry/{name}/aliases/{alias}",
     .handle = move_alias,
     .flags = ROUTE_WRITE},
    {.method = HTTP_DELETE,
     .pattern = "/api/v1/registry/{name}/aliases/{alias}",
     .handle = remove_alias,
     .flags = ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/api/v1/registry/{name}/aliases/{alias}/undo",
     .handle = undo_alias,
     .flags = ROUTE_WRITE},
    {.method = HTTP_GET, .pattern = "/api/v1/registry/{name}/history", .handle = read_history},
};
const struct route_group registry_alias_routes = {routes, sizeof(routes) / sizeof(routes[0])};
