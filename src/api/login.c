/* What logging in means: the check of a password under its throttles, and sessions. */
#include "api/login.h"

#include <stdio.h>
#include <string.h>

#include "api/access_log.h"
#include "api/identity.h"
#include "api/login_cache.h"
#include "api/password.h"
#include "api/throttle.h"
#include "base/clock.h"
#include "base/memory.h"

enum { AGENT_MAX = 200 };

enum err email_check(const char *email, struct error *err)
{
    const char *at = strchr(email, '@');
    bool is_good = at != NULL && at > email && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
                   strlen(email) <= STORE_EMAIL_MAX;
    for (const char *c = email; is_good && *c != '\0'; c++)
        is_good = (unsigned char)*c > ' ' && *c != 0x7F;
    if (is_good)
        return ERR_OK;
    return FAIL_REASON(err, ERR_INVALID, "email",
                       "that is no e-mail address; it should look like name@example.com");
}

/* A hash of before the parameters were raised becomes one of now, since only at a login is the
 * password there. That this fails is no reason to refuse the login. */
static void renew_hash(struct app *app, const struct user *user, const char *password)
{
    struct error ignored;
    char hash[PASSWORD_HASH_SIZE];
    if (password_hash(password, hash, &ignored) == ERR_OK)
        (void)!user_renew_hash(app->store, user->user_id, user->password_hash, hash, &ignored);
}

enum err login_check(struct app *app, struct request *request, const char *email,
                     const char *password, struct user **ret_user, int32_t *ret_wait_s,
                     struct error *err)
{
    enum err rc;
    struct user *user = NULL;
    bool is_right, is_old;
    const char *address = request_client(request);
    *ret_wait_s = throttle_begin(app->throttle, email, address, clock_seconds());
    if (*ret_wait_s > 0) {
        audit_log(request, "login_throttled", 0);
        return FAIL_REASON(err, ERR_DENIED, "too_many_requests",
                           "too many failed logins; try again in %d s", *ret_wait_s);
    }
    rc = user_find(app->store, email, &user, err);
    if (rc == ERR_OK || rc == ERR_NOT_FOUND)
        rc = password_verify(password, user != NULL ? user->password_hash : NULL, &is_right,
                             &is_old, err);
    if (rc != ERR_OK) {
        throttle_withdraw(app->throttle, email, address, clock_seconds());
        goto done;
    }
    *ret_user = NULL;
    if (!is_right)
        audit_log(request, "login_failed", user != NULL ? user->user_id : 0);
    if (is_right && user != NULL) { /* without a user it never is */
        throttle_succeed(app->throttle, email, address, clock_seconds());
        if (is_old)
            renew_hash(app, user, password);
        *ret_user = user;
        user = NULL;
    }
done:
    mem_free(user);
    return rc;
}

/* A login makes a new session; what the browser had before must not go on beside it. */
static void end_former(struct app *app, struct request *request)
{
    struct error ignored;
    char hash[SECRET_HASH_SIZE];
    struct session *former = NULL;
    const char *text = request_cookie(request, SESSION_COOKIE);
    if (text == NULL)
        return;
    secret_hash(text, hash);
    if (session_find(app->store, hash, &former, &ignored) == ERR_OK &&
        session_end(app->store, former->user_id, former->session_id, &ignored) == ERR_OK) {
        char owner[IDENTITY_OWNER_SIZE];
        identity_owner_name(true, former->session_id, owner);
        login_ended(app, former->user_id, owner);
    }
    mem_free(former);
}

enum err login_begin(struct app *app, struct request *request, struct response *response,
                     int64_t user_id, char token[SECRET_TOKEN_SIZE], struct error *err)
{
    enum err rc;
    int64_t session_id;
    char hash[SECRET_HASH_SIZE];
    const struct config *config = app->config;
    const int64_t lifetime_s = config_int(config, "SESSION_HOURS") * 3600;
    const char *agent = request_header(request, "User-Agent");
    end_former(app, request);
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
    audit_log(request, "login", user_id);
done:
    return rc;
}

void login_ended(struct app *app, int64_t user_id, const char *owner)
{
    login_cache_forget(app->logins, user_id);
    if (owner != NULL)
        hub_close_owner(app->hub, owner);
}

enum err response_wait(struct response *response, int32_t wait_s, struct error *err)
{
    char seconds[16];
    snprintf(seconds, sizeof(seconds), "%d", wait_s);
    response_problem(response, 429, "too_many_requests",
                     "too many failed logins; try again in %d s", wait_s);
    return response_header(response, "Retry-After", seconds, err);
}
