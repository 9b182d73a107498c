/* API tokens: what programs log in with. Shown once, when they are made. */
#include <string.h>

#include "api/access_log.h"
#include "api/answer.h"
#include "api/identity.h"
#include "api/login.h"
#include "api/routes.h"

enum { NAME_BYTES_MAX = 100, DAYS_MAX = 3650, TOKENS_MAX = 100 };
static const int64_t day_ms = 86400000;

struct wanted {
    const char *name, *scope;
    int64_t days; /* 0: for ever */
};

/* A number, a text of one, or nothing. */
static bool read_days(const json_t *value, const char *text, int64_t *ret_days)
{
    *ret_days = 0;
    if (text != NULL && text[0] != '\0')
        return text_int(text, ret_days) && *ret_days >= 1 && *ret_days <= DAYS_MAX;
    if (value == NULL || json_is_null(value))
        return true;
    *ret_days = json_integer_value(value);
    return json_is_integer(value) && *ret_days >= 1 && *ret_days <= DAYS_MAX;
}

/* False: the answer says which fields are wrong. */
static enum err read_wanted(struct request *request, struct response *response,
                            struct wanted *wanted, bool *ret_is_good, struct error *err)
{
    enum err rc;
    json_t *object = NULL;
    const char *days_text = NULL;
    TRY(body_check(request, (const char *const[]){"name", "scope", "days", NULL}, err));
    TRY(body_text(request, "name", &wanted->name, err));
    TRY(body_text(request, "scope", &wanted->scope, err));
    if (request_has_json(request))
        TRY(request_json(request, &object, err));
    else
        TRY(body_text(request, "days", &days_text, err));
    const bool name_is_good =
        wanted->name != NULL && wanted->name[0] != '\0' && strlen(wanted->name) <= NAME_BYTES_MAX;
    const bool scope_is_good = wanted->scope != NULL && (strcmp(wanted->scope, "read") == 0 ||
                                                         strcmp(wanted->scope, "write") == 0);
    const bool days_are_good = read_days(json_object_get(object, "days"), days_text, &wanted->days);
    *ret_is_good = name_is_good && scope_is_good && days_are_good;
    if (*ret_is_good)
        return ERR_OK;
    response_problem(response, 422, "fields", "some fields are wrong");
    if (!name_is_good)
        response_problem_field(response, "name", "must be a text of 1 to %d bytes", NAME_BYTES_MAX);
    if (!scope_is_good)
        response_problem_field(response, "scope", "must be read or write");
    if (!days_are_good)
        response_problem_field(response, "days", "must be a whole number from 1 to %d, or null",
                               DAYS_MAX);
done:
    return rc;
}

static json_t *token_json(const struct token *token)
{
    return json_pack("{s:I,s:o,s:s,s:o,s:o,s:o}", "token_id", (json_int_t)token->token_id, "name",
                     json_text(token->name), "scope", token->scope, "created_at",
                     json_time(token->created_ms), "seen_at", json_time(token->seen_ms),
                     "expires_at", json_time(token->expires_ms));
}

static const struct token *find(const struct token_list *list, int64_t token_id)
{
    for (int32_t i = 0; i < list->count; i++)
        if (list->tokens[i]->token_id == token_id)
            return list->tokens[i];
    return NULL;
}

static enum err make_token(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct wanted wanted;
    struct token_list list = {0};
    int64_t token_id;
    bool is_good;
    json_t *answer = NULL;
    char text[SECRET_TOKEN_SIZE], hash[SECRET_HASH_SIZE];
    const int64_t user_id = request_identity(request)->user_id;
    TRY(read_wanted(request, response, &wanted, &is_good, err));
    if (!is_good)
        return ERR_OK;
    TRY(token_list(app->store, user_id, &list, err));
    if (list.count >= TOKENS_MAX) {
        rc = FAIL_REASON(err, ERR_CONFLICT, "too_many_tokens",
                         "there are %d tokens already; remove one first", TOKENS_MAX);
        goto done;
    }
    token_list_release(&list);
    secret_api_token(text);
    secret_hash(text, hash);
    const struct token_new token = {.user_id = user_id,
                                    .token_hash = hash,
                                    .name = wanted.name,
                                    .scope = wanted.scope,
                                    .lifetime_ms = wanted.days * day_ms};
    TRY(token_create(app->store, &token, &token_id, err));
    audit_log(request, "token_made", user_id);
    TRY(token_list(app->store, user_id, &list, err));
    const struct token *made = find(&list, token_id);
    if (made == NULL) { /* removed at once by another login */
        rc = FAIL(err, ERR_NOT_FOUND, "the token was removed again");
        goto done;
    }
    answer = token_json(made);
    TRY(json_set(answer, "token", json_text(text), err));
    TRY(response_json(response, 201, json_incref(answer), err));
done:
    json_decref(answer);
    token_list_release(&list);
    secret_wipe(text, sizeof(text));
    return rc;
}

static enum err list_tokens(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct token_list list = {0};
    json_t *tokens = json_array();
    TRY(token_list(app->store, request_identity(request)->user_id, &list, err));
    for (int32_t i = 0; i < list.count; i++)
        TRY(json_append(tokens, token_json(list.tokens[i]), err));
    TRY(response_json(response, 200, json_pack("{s:O}", "tokens", tokens), err));
done:
    json_decref(tokens);
    token_list_release(&list);
    return rc;
}

static enum err remove_token(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    enum err rc;
    struct app *app = context;
    int64_t token_id;
    char owner[IDENTITY_OWNER_SIZE];
    const int64_t user_id = request_identity(request)->user_id;
    TRY(request_param_id(request, "token_id", &token_id, err));
    TRY(token_remove(app->store, user_id, token_id, err));
    identity_owner_name(false, token_id, owner);
    login_ended(app, user_id, owner);
    audit_log(request, "token_removed", user_id);
    response_none(response);
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET,
     .pattern = "/api/v1/tokens",
     .handle = list_tokens,
     .flags = ROUTE_SESSION},
    {.method = HTTP_POST,
     .pattern = "/api/v1/tokens",
     .handle = make_token,
     .flags = ROUTE_SESSION | ROUTE_WRITE},
    {.method = HTTP_DELETE,
     .pattern = "/api/v1/tokens/{token_id}",
     .handle = remove_token,
     .flags = ROUTE_SESSION | ROUTE_WRITE},
};
const struct route_group token_routes = {routes, sizeof(routes) / sizeof(routes[0])};
