/* The account of who asks: its password and its sessions. */
#include "api/access_log.h"
#include "api/answer.h"
#include "api/identity.h"
#include "api/login.h"
#include "api/password.h"
#include "api/routes.h"
#include "base/memory.h"

static enum err read_me(void *context, struct request *request, struct response *response,
                        struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct user *user = NULL;
    TRY(user_read(app->store, request_identity(request)->user_id, &user, err));
    TRY(response_json(response, 200,
                      json_pack("{s:I,s:o,s:b,s:o,s:b,s:b,s:s}", "user_id",
                                (json_int_t)user->user_id, "email", json_text(user->email),
                                "is_admin", user->is_admin, "created_at",
                                json_time(user->created_ms), "is_demo",
                                config_flag_is_on(app->config, "DEMO_USER"), "signup_open",
                                config_signup_open(app->config), "version", RECTRAIN_VERSION),
                      err));
done:
    mem_free(user);
    return rc;
}

/* ---- the password ---- */

static void refuse_field(struct response *response, const char *code, const char *field,
                         const char *message)
{
    response_problem(response, 422, code, "%s", message);
    response_problem_field(response, field, "%s", message);
}

/* End the streams of all sessions of the user but this one's. */
static enum err close_streams(struct app *app, const struct identity *identity, struct error *err)
{
    char owner[IDENTITY_OWNER_SIZE];
    struct session_list list;
    const enum err rc = session_list(app->store, identity->user_id, &list, err);
    if (rc != ERR_OK)
        return rc;
    for (int32_t i = 0; i < list.count; i++) {
        identity_owner_name(true, list.sessions[i]->session_id, owner);
        if (list.sessions[i]->session_id != identity->session_id)
            hub_close_owner(app->hub, owner);
    }
    session_list_release(&list);
    return ERR_OK;
}

static enum err change_password(void *context, struct request *request, struct response *response,
                                struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct error why;
    struct user *user = NULL;
    int32_t wait_s = 0;
    const char *current, *wanted;
    char hash[PASSWORD_HASH_SIZE];
    const struct identity *identity = request_identity(request);
    TRY(body_check(request, (const char *const[]){"current_password", "new_password", NULL}, err));
    TRY(body_text(request, "current_password", &current, err));
    TRY(body_text(request, "new_password", &wanted, err));
    rc = login_check(app, request, identity->email, current != NULL ? current : "", &user, &wait_s,
                     err);
    if (rc != ERR_OK && wait_s > 0)
        return response_wait(response, wait_s, err);
    TRY(rc);
    if (user == NULL) {
        refuse_field(response, "password_wrong", "current_password", "that is not the password");
    } else if (password_check(wanted != NULL ? wanted : "", identity->email, &why) != ERR_OK) {
        refuse_field(response, why.reason, "new_password", why.message);
    } else {
        TRY(password_hash(wanted, hash, err));
        TRY(close_streams(app, identity, err));
        TRY(user_set_password(app->store, identity->user_id, hash, identity->token_hash, err));
        login_ended(app, identity->user_id, NULL);
        audit_log(request, "password_changed", identity->user_id);
        response_none(response);
    }
done:
    mem_free(user);
    return rc;
}

/* ---- sessions ---- */

static enum err add_session(json_t *list, const struct session *session, bool is_current,
                            struct error *err)
{
    return json_append(
        list,
        json_pack("{s:I,s:o,s:o,s:o,s:o,s:o,s:b}", "session_id", (json_int_t)session->session_id,
                  "agent", session->agent != NULL ? json_text(session->agent) : json_null(),
                  "address", session->address != NULL ? json_text(session->address) : json_null(),
                  "created_at", json_time(session->created_ms), "seen_at",
                  json_time(session->seen_ms), "expires_at", json_time(session->expires_ms),
                  "is_current", is_current),
        err);
}

static enum err list_sessions(void *context, struct request *request, struct response *response,
                              struct error *err)
{
    enum err rc;
    struct app *app = context;
    struct session_list list = {0};
    json_t *sessions = json_array();
    const struct identity *identity = request_identity(request);
    TRY(session_list(app->store, identity->user_id, &list, err));
    for (int32_t i = 0; i < list.count; i++)
        TRY(add_session(sessions, list.sessions[i],
                        list.sessions[i]->session_id == identity->session_id, err));
    TRY(response_json(response, 200, json_pack("{s:O}", "sessions", sessions), err));
done:
    json_decref(sessions);
    session_list_release(&list);
    return rc;
}

static enum err end_one(void *context, struct request *request, struct response *response,
                        struct error *err)
{
    enum err rc;
    struct app *app = context;
    int64_t session_id;
    char owner[IDENTITY_OWNER_SIZE];
    const struct identity *identity = request_identity(request);
    TRY(request_param_id(request, "session_id", &session_id, err));
    TRY(session_end(app->store, identity->user_id, session_id, err));
    identity_owner_name(true, session_id, owner);
    audit_log(request, "session_ended", identity->user_id);
    login_ended(app, identity->user_id, owner);
    response_none(response);
    if (session_id == identity->session_id)
        TRY(response_cookie(response, SESSION_COOKIE, "", 0, err));
done:
    return rc;
}

static enum err end_others(void *context, struct request *request, struct response *response,
                           struct error *err)
{
    enum err rc;
    struct app *app = context;
    const struct identity *identity = request_identity(request);
    TRY(close_streams(app, identity, err));
    TRY(session_end_others(app->store, identity->user_id, identity->session_id, err));
    login_ended(app, identity->user_id, NULL);
    audit_log(request, "sessions_ended", identity->user_id);
    response_none(response);
done:
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/me", .handle = read_me},
    {.method = HTTP_PUT,
     .pattern = "/api/v1/me/password",
     .handle = change_password,
     .flags = ROUTE_SESSION | ROUTE_WRITE},
    {.method = HTTP_GET,
     .pattern = "/api/v1/me/sessions",
     .handle = list_sessions,
     .flags = ROUTE_SESSION},
    {.method = HTTP_DELETE,
     .pattern = "/api/v1/me/sessions",
     .handle = end_others,
     .flags = ROUTE_SESSION | ROUTE_WRITE},
    {.method = HTTP_DELETE,
     .pattern = "/api/v1/me/sessions/{session_id}",
     .handle = end_one,
     .flags = ROUTE_SESSION | ROUTE_WRITE},
};
const struct route_group me_routes = {routes, sizeof(routes) / sizeof(routes[0])};
