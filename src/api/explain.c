/* Why an item is recommended or is not, and which items are alike. */
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/ask.h"
#include "api/job_body.h"
#include "api/out.h"
#include "api/routes.h"
#include "base/memory.h"

enum { REASONS_DEFAULT = 20, REASONS_MAX = 10000, ANSWER_BYTES = 2048 };

/* ---- explain ---- */

struct explain_ask {
    struct ask ask;
    const char *user; /* as given; NULL: a history was */
    const char *item; /* as given */
    int32_t reasons;  /* how many are told */
};

/* The members of an object, within one that is being written. */
static enum err write_members(struct json_out *out, json_t *object, struct error *err)
{
    enum err rc = ERR_OK;
    const char *key;
    json_t *value;
    struct strbuf text;
    strbuf_init(&text, OUT_MAX_BYTES);
    json_object_foreach(object, key, value)
    {
        text.len = 0;
        TRY(json_write(value, 0, &text, err));
        json_member_raw(out, key, text.ptr);
    }
done:
    strbuf_release(&text);
    return rc;
}

/* An item that no row of the training data has. */
static json_t *explain_unknown(const struct explain_ask *wanted)
{
    int64_t number;
    const bool is_number =
        wanted->ask.record->items->kind == ID_INT64 && text_int(wanted->item, &number);
    return json_pack("{s:o, s:n, s:n, s:n, s:n, s:n, s:s, s:s, s:[], s:i, s:f}", "item",
                     is_number ? json_integer(number) : json_text(wanted->item), "basis", "score",
                     "list_score", "rank", "cutoff", "kept_out", "unknown_item", "words",
                     "in no list: the model does not know it, since no row of the data that it was "
                     "trained on has it",
                     "reasons", "reasons_total", 0, "rest", 0.0);
}

static enum err explain_known(struct explain_ask *wanted, int32_t item, json_t **ret_json,
                              struct error *err)
{
    enum err rc;
    struct explanation explanation = {0};
    const struct ask *ask = &wanted->ask;
    TRY(predict_explain(ask->served.predictor, &ask->query, item, &explanation, err));
    TRY(answer_explanation(ask->record, item, ask->query.k, &explanation, wanted->reasons, ret_json,
                           err));
done:
    explanation_release(&explanation);
    return rc;
}

static enum err answer_why(struct explain_ask *wanted, struct response *response, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *why = NULL;
    struct json_out out;
    const struct ask *ask = &wanted->ask;
    const int32_t item = idmap_find_text(ask->record->items, wanted->item);
    if (item >= 0)
        TRY(explain_known(wanted, item, &why, err));
    else if ((why = explain_unknown(wanted)) == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for the answer");
    out_begin(&out, ANSWER_BYTES, err);
    json_out_open(&out, '{');
    json_out_key(&out, "model");
    served_write(&out, &ask->served.facts);
    json_out_key(&out, "user");
    if (wanted->user != NULL)
        ask_write_id(&out, ask->record->users, ask->query.user, wanted->user);
    else
        json_out_null(&out);
    rc = write_members(&out, why, err);
    if (rc != ERR_OK && out.rc == ERR_OK)
        out.rc = rc;
    json_out_close(&out, '}');
    rc = response_out(response, 200, &out, err);
done:
    json_decref(why);
    return rc;
}

static enum err explain_user(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    static const char *const known[] = {"user",  "item", "k",       "exclude_seen",
                                        "allow", "deny", "reasons", NULL};
    enum err rc;
    int64_t reasons;
    struct explain_ask wanted = {0};
    struct ask *ask = &wanted.ask;
    TRY(ask_open(context, request, ask, err));
    TRY(ask_read_query(ask, request, known, err));
    TRY(ask_text(request, "user", &wanted.user, err));
    TRY(ask_text(request, "item", &wanted.item, err));
    TRY(query_int(request, "reasons", REASONS_DEFAULT, 0, REASONS_MAX, &reasons, err));
    wanted.reasons = (int32_t)reasons;
    ask->query.user = idmap_find_text(ask->record->users, wanted.user);
    rc = answer_why(&wanted, response, err);
done:
    ask_release(ask);
    return served_refuse(response, rc, err);
}

static enum err read_body(struct explain_ask *wanted, struct request *request,
                          struct job_field_errors *errors, struct error *err)
{
    static const char *const known[] = {"items", "item", "k",       "exclude_seen",
                                        "allow", "deny", "reasons", NULL};
    enum err rc;
    json_t *object;
    char buffer[ASK_ID_SIZE];
    errors->count = 0;
    TRY(ask_object(request, known, &object, errors, err));
    TRY(ask_read_object(&wanted->ask, object, errors, err));
    if (!json_is_array(json_object_get(object, "items")))
        ask_complain(errors, "items", "required", "items is needed: what somebody did");
    const char *item = ask_id_of(json_object_get(object, "item"), buffer);
    if (item == NULL)
        ask_complain(errors, "item", "required", "item is needed: the id of the one to explain");
    else
        TRY_PTR(wanted->item = arena_text(request_arena(request), item, strlen(item), err));
    const json_t *reasons = json_object_get(object, "reasons");
    wanted->reasons = REASONS_DEFAULT;
    if (json_is_integer(reasons) && json_integer_value(reasons) >= 0 &&
        json_integer_value(reasons) <= REASONS_MAX)
        wanted->reasons = (int32_t)json_integer_value(reasons);
    else if (reasons != NULL && !json_is_null(reasons))
        ask_complain(errors, "reasons", "range", "reasons must be a whole number from 0 to %d",
                     (int)REASONS_MAX);
done:
    return rc;
}

static enum err explain_history(void *context, struct request *request, struct response *response,
                                struct error *err)
{
    enum err rc;
    struct job_field_errors errors;
    struct explain_ask wanted = {0};
    TRY(ask_open(context, request, &wanted.ask, err));
    TRY(read_body(&wanted, request, &errors, err));
    if (errors.count > 0)
        job_body_refuse(response, &errors);
    else
        rc = answer_why(&wanted, response, err);
done:
    ask_release(&wanted.ask);
    return served_refuse(response, rc, err);
}

/* ---- similar ---- */

static enum err find_similar(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    static const char *const known[] = {"item", "k", NULL};
    enum err rc;
    int32_t item, count;
    const char *id;
    struct json_out out;
    struct recommendation *list;
    struct ask ask = {0};
    TRY(ask_open(context, request, &ask, err));
    TRY(ask_read_query(&ask, request, known, err));
    TRY(ask_text(request, "item", &id, err));
    TRY(ask_item(&ask, id, &item, err));
    TRY(ask_list_memory(&ask, request, &list, err));
    TRY(predict_similar(ask.served.predictor, item, ask.query.k, list, &count, err));
    out_begin(&out, ANSWER_BYTES, err);
    json_out_open(&out, '{');
    json_out_key(&out, "model");
    served_write(&out, &ask.served.facts);
    json_out_key(&out, "item");
    ask_write_id(&out, ask.record->items, item, id);
    json_out_key(&out, "items");
    ask_write_list(&out, ask.record, list, count);
    json_out_close(&out, '}');
    rc = response_out(response, 200, &out, err);
done:
    ask_release(&ask);
    return served_refuse(response, rc, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/explain", .handle = explain_user},
    {.method = HTTP_POST,
     .pattern = "/api/v1/models/{ref}/explain",
     .handle = explain_history,
     .body_max_bytes = ASK_BODY_MAX},
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/similar", .handle = find_similar},
};
const struct route_group explain_routes = {routes, sizeof(routes) / sizeof(routes[0])};
