/* Logging in and out, and signing up: for programs and for browsers. */
#include <string.h>

#include "api/access_log.h"
#include "api/answer.h"
#include "api/identity.h"
#include "api/login.h"
#include "api/page.h"
#include "api/password.h"
#include "api/routes.h"
#include "api/throttle.h"
#include "base/clock.h"
#include "base/memory.h"

static const char wrong[] = "Incorrect Email or Password";

/* The e-mail and the password of the body; "" where they are absent. OAuth 2 calls the first one
 * username, so both names do. */
static enum err read_credentials(struct request *request, const char **ret_email,
                                 const char **ret_password, struct error *err)
{
    enum err rc;
    const char *email, *password;
    TRY(body_check(request, (const char *const[]){"email", "username", "password", "next", NULL},
                   err));
    TRY(body_text(request, "email", &email, err));
    if (email == NULL)
        TRY(body_text(request, "username", &email, err));
    TRY(body_text(request, "password", &password, err));
    *ret_email = email != NULL ? email : "";
    *ret_password = password != NULL ? password : "";
done:
    return rc;
}

/* ---- for programs ---- */

static enum err log_in_program(struct app *app, struct request *request, struct response *response,
                               const char *key, const char *type, struct error *err)
{
    enum err rc;
    int32_t wait_s = 0;
    struct user *user = NULL;
    const char *email, *password;
    char token[SECRET_TOKEN_SIZE];
    TRY(read_credentials(request, &email, &password, err));
    rc = login_check(app, request, email, password, &user, &wait_s, err);
    if (rc != ERR_OK && wait_s > 0)
        return response_wait(response, wait_s, err);
    TRY(rc);
    if (user == NULL) {
        response_problem(response, 401, "login_wrong", wrong);
        return ERR_OK;
    }
    TRY(login_begin(app, request, response, user->user_id, token, err));
    TRY(response_json(response, 200, json_pack("{s:s,s:s}", key, token, "token_type", type), err));
done:
    mem_free(user);
    return rc;
}

/* POST /token: a form with username and password, as OAuth 2 has it. */
static enum err token(void *app, struct request *request, struct response *response,
                      struct error *err)
{
    return log_in_program(app, request, response, SESSION_COOKIE, "bearer", err);
}

/* POST /signin: the same as JSON. */
static enum err sign_in(void *app, struct request *request, struct response *response,
                        struct error *err)
{
    return log_in_program(app, request, response, "access_token", "Bearer", err);
}

/* ---- for browsers ---- */

/* Where to go after the login: a path of ours, else the start page. What begins with two slashes,
 * or a backslash, which browsers take for one, names another host. */
static const char *next_of(const char *wanted)
{
    if (wanted == NULL || wanted[0] != '/' || wanted[1] == '/')
        return "/";
    for (const char *c = wanted; *c != '\0'; c++)
        if (*c == '\\' || (unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F)
            return "/";
    return wanted;
}

static enum err show_login(struct app *app, struct request *request, struct response *response,
                           int status, const char *error, const char *email, const char *next,
                           struct error *err)
{
    return page_answer(app, request, response, status, "login", "Log in",
                       json_pack("{s:s,s:o,s:o}", "error", error, "email_value", json_text(email),
                                 "next", json_text(next_of(next))),
                       err);
}

static enum err login_form(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct app *app = context;
    const char *next;
    const struct identity *identity;
    TRY(query_text(request, "next", &next, err));
    TRY(identity_find(app, request, &identity, err));
    if (identity != NULL)
        return response_redirect(response, 302, next_of(next), err);
    TRY(show_login(app, request, response, 200, "", "", next, err));
done:
    return rc;
}

static enum err log_in(void *context, struct request *request, struct response *response,
                       struct error *err)
{
    enum err rc;
    struct app *app = context;
    int32_t wait_s = 0;
    struct user *user = NULL;
    const char *email, *password, *next;
    char token_text[SECRET_TOKEN_SIZE];
    TRY(read_credentials(request, &email, &password, err));
    TRY(body_text(request, "next", &next, err));
    rc = login_check(app, request, email, password, &user, &wait_s, err);
    if (rc != ERR_OK && wait_s > 0) {
        char message[sizeof(err->message)];
        memcpy(message, err->message, sizeof(message));
        TRY(response_wait(response, wait_s, err));
        TRY(show_login(app, request, response, 429, message, email, next, err));
        goto done;
    }
    TRY(rc);
    if (user == NULL) {
        TRY(show_login(app, request, response, 401, wrong, email, next, err));
        goto done;
    }
    TRY(login_begin(app, request, response, user->user_id, token_text, err));
    TRY(response_redirect(response, 302, next_of(next), err));
done:
    secret_wipe(token_text, sizeof(token_text));
    mem_free(user);
    return rc;
}

static enum err end_session(struct app *app, struct request *request, struct response *response,
                            struct error *err)
{
    enum err rc;
    const struct identity *identity;
    TRY(identity_find(app, request, &identity, err));
    if (identity != NULL && identity->session_id != 0) {
        rc = session_end(app->store, identity->user_id, identity->session_id, err);
        login_ended(app, identity->user_id, identity->owner);
        audit_log(request, "logout", identity->user_id);
        if (rc != ERR_OK && rc != ERR_NOT_FOUND)
            return rc;
    }
    TRY(response_cookie(response, SESSION_COOKIE, "", 0, err));
    TRY(response_redirect(response, 302, "/auth/login", err));
done:
    return rc;
}

/* A link is enough to log out, as long as it stands on our own pages: from elsewhere one is asked.
 */
static enum err log_out_by_link(void *context, struct request *request, struct response *response,
                                struct error *err)
{
    struct app *app = context;
    if (request_is_same_site(request))
        return end_session(app, request, response, err);
    return page_answer(app, request, response, 200, "logout", "Log out", json_object(), err);
}

static enum err log_out(void *app, struct request *request, struct response *response,
                        struct error *err)
{
    return end_session(app, request, response, err);
}

/* ---- signing up ---- */

static enum err show_signup(struct app *app, struct request *request, struct response *response,
                            int status, const char *error, const char *email, struct error *err)
{
    return page_answer(app, request, response, status, "signup", "Sign up",
                       json_pack("{s:s,s:o,s:b}", "error", error, "email_value", json_text(email),
                                 "is_closed", !config_signup_open(app->config)),
                       err);
}

static enum err signup_form(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    struct app *app = context;
    const bool is_open = config_signup_open(app->config);
    return show_signup(app, request, response, is_open ? 200 : 403, "", "", err);
}

/* A refusal of a sign-up: the form again for a browser, a problem for a program. */
static enum err refuse_signup(struct app *app, struct request *request, struct response *response,
                              int status, const char *field, const struct error *why,
                              const char *email, struct error *err)
{
    if (request_wants_html(request))
        return show_signup(app, request, response, status, why->message, email, err);
    response_problem(response, status, why->reason, "%s", why->message);
    if (field != NULL)
        response_problem_field(response, field, "%s", why->message);
    return ERR_OK;
}

/* 0 where the account may be made, else the status to refuse with. */
static int check_signup(struct app *app, struct request *request, const char *email,
                        const char *password, const char **ret_field, struct error *why)
{
    *ret_field = NULL;
    if (!config_signup_open(app->config)) {
        (void)FAIL_REASON(why, ERR_DENIED, "signup_closed",
                          "signing up is closed here; ask an administrator for an account");
        return 403;
    }
    const int32_t wait_s =
        throttle_begin(app->throttle, NULL, request_client(request), clock_seconds());
    if (wait_s > 0) {
        (void)FAIL_REASON(why, ERR_DENIED, "too_many_requests",
                          "too many accounts from this address; try again in %d s", wait_s);
        return 429;
    }
    *ret_field = "email";
    if (email_check(email, why) != ERR_OK)
        return 422;
    *ret_field = "password";
    return password_check(password, email, why) != ERR_OK ? 422 : 0;
}

static enum err sign_up(void *context, struct request *request, struct response *response,
                        struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct error why;
    int64_t user_id;
    const char *email, *password, *field;
    char hash[PASSWORD_HASH_SIZE], token_text[SECRET_TOKEN_SIZE];
    TRY(read_credentials(request, &email, &password, err));
    const int status = check_signup(app, request, email, password, &field, &why);
    if (status != 0)
        return refuse_signup(app, request, response, status, field, &why, email, err);
    TRY(password_hash(password, hash, err));
    rc = user_create(app->store, email, hash, false, &user_id, &why);
    if (rc == ERR_CONFLICT) {
        (void)FAIL_REASON(&why, ERR_CONFLICT, "email_taken",
                          "there is an account with this e-mail already");
        return refuse_signup(app, request, response, 409, "email", &why, email, err);
    }
    if (rc != ERR_OK) {
        *err = why;
        return rc;
    }
    audit_log(request, "signup", user_id);
    TRY(login_begin(app, request, response, user_id, token_text, err));
    if (request_wants_html(request))
        return response_redirect(response, 302, "/", err);
    TRY(response_json(
        response, 201,
        json_pack("{s:I,s:o}", "user_id", (json_int_t)user_id, "email", json_text(email)), err));
done:
    secret_wipe(token_text, sizeof(token_text));
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST, .pattern = "/token", .handle = token, .flags = ROUTE_PUBLIC},
    {.method = HTTP_POST, .pattern = "/signin", .handle = sign_in, .flags = ROUTE_PUBLIC},
    {.method = HTTP_GET,
     .pattern = "/auth/login",
     .handle = login_form,
     .flags = ROUTE_PUBLIC | ROUTE_PAGE},
    {.method = HTTP_POST,
     .pattern = "/auth/login",
     .handle = log_in,
     .flags = ROUTE_PUBLIC | ROUTE_PAGE},
    {.method = HTTP_GET,
     .pattern = "/auth/logout",
     .handle = log_out_by_link,
     .flags = ROUTE_PUBLIC | ROUTE_PAGE},
    {.method = HTTP_POST,
     .pattern = "/auth/logout",
     .handle = log_out,
     .flags = ROUTE_PUBLIC | ROUTE_PAGE},
    {.method = HTTP_GET,
     .pattern = "/signup/",
     .handle = signup_form,
     .flags = ROUTE_PUBLIC | ROUTE_PAGE},
    {.method = HTTP_POST, .pattern = "/sign_new_user", .handle = sign_up, .flags = ROUTE_PUBLIC},
};
const struct route_group login_routes = {routes, sizeof(routes) / sizeof(routes[0])};
