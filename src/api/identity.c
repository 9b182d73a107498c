#include "api/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/access_log.h"
#include "api/login_cache.h"
#include "api/routes.h"
#include "api/secret.h"
#include "base/memory.h"
#include "http/percent.h"

const struct identity *request_identity(const struct request *request)
{
    return request_user(request);
}

void identity_owner_name(bool is_session, int64_t id, char out[IDENTITY_OWNER_SIZE])
{
    snprintf(out, IDENTITY_OWNER_SIZE, "%s:%" PRId64, is_session ? "session" : "token", id);
}

/* ---- from the store ---- */

static enum err read_session(struct store *store, struct identity *identity, struct error *err)
{
    enum err rc;
    struct session *session = NULL;
    TRY(session_find(store, identity->token_hash, &session, err));
    identity->user_id = session->user_id;
    identity->session_id = session->session_id;
    identity->is_admin = session->is_admin;
    identity->scope = SCOPE_WRITE;
    identity->expires_ms = session->expires_ms;
    snprintf(identity->email, sizeof(identity->email), "%s", session->email);
    identity_owner_name(true, session->session_id, identity->owner);
done:
    mem_free(session);
    return rc;
}

static enum err read_token(struct store *store, struct identity *identity, struct error *err)
{
    enum err rc;
    struct token *token = NULL;
    TRY(token_find(store, identity->token_hash, &token, err));
    identity->user_id = token->user_id;
    identity->token_id = token->token_id;
    identity->is_admin = token->is_admin;
    identity->scope = strcmp(token->scope, "write") == 0 ? SCOPE_WRITE : SCOPE_READ;
    identity->expires_ms = token->expires_ms;
    snprintf(identity->email, sizeof(identity->email), "%s", token->email);
    identity_owner_name(false, token->token_id, identity->owner);
done:
    mem_free(token);
    return rc;
}

static enum err find_by_text(struct app *app, const char *text, struct identity *identity,
                             struct error *err)
{
    enum err rc;
    secret_hash(text, identity->token_hash);
    const uint64_t as_of = login_cache_generation(app->logins);
    if (login_cache_get(app->logins, identity->token_hash, identity))
        return ERR_OK;
    if (secret_is_api_token(text))
        TRY(read_token(app->store, identity, err));
    else
        TRY(read_session(app->store, identity, err));
    login_cache_put(app->logins, identity, as_of);
done:
    return rc;
}

/* The token of the request, NULL when it brings none. Bearer goes first: a program says it on
 * purpose, while a browser sends the cookie along with everything. */
static const char *token_text(struct request *request, bool *ret_is_cookie)
{
    const char *bearer = request_bearer(request);
    *ret_is_cookie = bearer == NULL;
    return bearer != NULL ? bearer : request_cookie(request, SESSION_COOKIE);
}

enum err identity_find(struct app *app, struct request *request,
                       const struct identity **ret_identity, struct error *err)
{
    bool is_cookie;
    const char *text = token_text(request, &is_cookie);
    struct identity *identity = request_user(request);
    if (identity == NULL && text != NULL) {
        identity = arena_alloc(request_arena(request), sizeof(*identity), err);
        if (identity == NULL)
            return ERR_NOMEM;
        const enum err rc = find_by_text(app, text, identity, err);
        if (rc != ERR_OK && rc != ERR_NOT_FOUND)
            return rc;
        if (rc == ERR_OK)
            request_set_user(request, identity, NULL);
        else
            identity = NULL;
    }
    *ret_identity = identity;
    return ERR_OK;
}

/* ---- the hook ---- */

/* 401; a browser that wants a page is sent to the login, and from there back. */
static enum err ask_for_login(struct request *request, struct response *response, struct error *err)
{
    enum err rc;
    const char *target = request_target(request);
    struct arena *arena = request_arena(request);
    if (request_wants_html(request)) {
        const bool is_read =
            request_method(request) == HTTP_GET || request_method(request) == HTTP_HEAD;
        const size_t len = strlen(target);
        char *encoded = arena_alloc(arena, 3 * len + 1, err);
        if (encoded == NULL)
            return ERR_NOMEM;
        percent_encode(target, len, encoded);
        const char *to = arena_textf(arena, err, "/auth/login?next=%s", encoded);
        if (to == NULL)
            return ERR_NOMEM;
        return response_redirect(response, 303, is_read ? to : "/auth/login", err);
    }
    response_problem(response, 401, "login_required",
                     "log in first: this needs a session's cookie or an Authorization header with "
                     "a Bearer token");
    TRY(response_header(response, "WWW-Authenticate", "Bearer", err));
done:
    return rc;
}

static bool is_unsafe(const struct request *request)
{
    const enum http_method method = request_method(request);
    return method != HTTP_GET && method != HTTP_HEAD && method != HTTP_OPTIONS;
}

enum err identity_before(void *context, struct request *request, struct response *response,
                         struct error *err)
{
    struct app *app = context;
    const uint32_t flags = request_route(request)->flags;
    const struct identity *identity = NULL;
    bool is_cookie;
    (void)token_text(request, &is_cookie);
    if ((flags & ROUTE_PUBLIC) == 0) {
        const enum err rc = identity_find(app, request, &identity, err);
        if (rc != ERR_OK)
            return rc;
        if (identity == NULL)
            return ask_for_login(request, response, err);
    }
    if (is_unsafe(request) && is_cookie && !request_is_same_site(request))
        response_problem(response, 403, "cross_site",
                         "this request was made by a page of another site");
    else if (identity != NULL && (flags & ROUTE_WRITE) != 0 && identity->scope != SCOPE_WRITE)
        response_problem(response, 403, "scope", "this API token may only read");
    else if (identity != NULL && (flags & ROUTE_SESSION) != 0 && identity->session_id == 0)
        response_problem(response, 403, "session_only",
                         "an API token cannot do this; log in with the password");
    else if (identity != NULL && (flags & ROUTE_ADMIN) != 0 && !identity->is_admin)
        response_problem(response, 403, "admin_only", "this is for administrators");
    if (response_get_status(response) == 403)
        audit_log(request, "denied", identity != NULL ? identity->user_id : 0);
    return ERR_OK;
}
