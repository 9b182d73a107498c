/* Logging in and out. */
#include <string.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/login_cache.h"
#include "api/password.h"
#include "api/routes.h"
#include "api/secret.h"
#include "base/memory.h"

enum { AGENT_MAX = 200 };

static enum err make_session(struct app *app, struct request *request, struct response *response,
                             int64_t user_id, char token[SECRET_TOKEN_SIZE], struct error *err)
{
    enum err rc;
    int64_t session_id;
    char hash[SECRET_HASH_SIZE];
    const struct config *config = app->config;
    const int64_t lifetime_s = config_int(config, "SESSION_HOURS") * 3600;
    const char *agent = request_header(request, "User-Agent");
    secret_session_token(token);
    secret_hash(token, hash);
    if (agent != NULL)
        TRY_PTR(agent = arena_textf(request_arena(request), err, "%.*s", AGENT_MAX, agent));
    const struct session_new session = {.user_id = user_id,
                                        .token_hash = hash,
                                        .idle_ms =
                                            config_int(config, "SESSION_IDLE_MINUTES") * 60000,
                                        .lifetime_ms = lifetime_s * 1000,
                                        .agent = agent,
                                        .address = request_client(request)};
    TRY(session_create(app->store, &session, &session_id, err));
    TRY(response_cookie(response, SESSION_COOKIE, token, lifetime_s, err));
done:
    return rc;
}

/* *ret_user is NULL where e-mail or password are wrong; the time is the same in both cases. */
static enum err check_login(struct app *app, const char *email, const char *password,
                            struct user **ret_user, struct error *err)
{
    enum err rc;
    struct user *user = NULL;
    bool is_right, is_old;
    rc = user_find(app->store, email, &user, err);
    if (rc != ERR_OK && rc != ERR_NOT_FOUND)
        return rc;
    TRY(password_verify(password, user != NULL ? user->password_hash : NULL, &is_right, &is_old,
                        err));
    if (is_right) {
        *ret_user = user;
        return ERR_OK;
    }
    *ret_user = NULL;
done:
    mem_free(user);
    return rc;
}

/* POST /token: a form with username and password, as OAuth 2 has it. */
static enum err token(void *context, struct request *request, struct response *response,
                      struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct user *user = NULL;
    const char *email, *password;
    char text[SECRET_TOKEN_SIZE];
    TRY(body_text(request, "username", &email, err));
    TRY(body_text(request, "password", &password, err));
    TRY(check_login(app, email != NULL ? email : "", password != NULL ? password : "", &user, err));
    if (user == NULL) {
        response_problem(response, 401, "login_wrong", "Incorrect Email or Password");
        return ERR_OK;
    }
    TRY(make_session(app, request, response, user->user_id, text, err));
    TRY(response_json(response, 200,
                      json_pack("{s:s,s:s}", SESSION_COOKIE, text, "token_type", "bearer"), err));
done:
    mem_free(user);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST, .pattern = "/token", .handle = token, .flags = ROUTE_PUBLIC},
};
const struct route_group login_routes = {routes, sizeof(routes) / sizeof(routes[0])};
