#ifndef API_LOGIN_H
#define API_LOGIN_H

/* What logging in, signing up and changing a password share. */
#include <stdbool.h>

#include "api/app.h"
#include "api/secret.h"
#include "http/request.h"
#include "http/response.h"
#include "store/users.h"

/*
 * Check e-mail and password, under the throttles of api/throttle.h. *ret_user, which the caller
 * frees with mem_free, is NULL when they are wrong, with no word about which and in the same time
 * for both. ERR_DENIED (reason "too_many_requests"): one has to wait, *ret_wait_s seconds.
 * ERR_NOMEM (overloaded).
 */
MUST_CHECK enum err login_check(struct app *app, struct request *request, const char *email,
                                const char *password, struct user **ret_user, int32_t *ret_wait_s,
                                struct error *err);

/* Start a session, and tell the browser by a cookie; a session that it had before ends. `token` is
 * the session's, for who keeps no cookies. */
MUST_CHECK enum err login_begin(struct app *app, struct request *request, struct response *response,
                                int64_t user_id, char token[SECRET_TOKEN_SIZE], struct error *err);

/* What has to happen in this process when logins of a user ended in the store: they are forgotten,
 * and the streams of `owner` (NULL: none) end. */
void login_ended(struct app *app, int64_t user_id, const char *owner);

/* An e-mail address that may be an account: something with one @ and no space, at most 254 bytes.
 * Whether it is somebody's is not found out. ERR_INVALID (reason "email"). */
MUST_CHECK enum err email_check(const char *email, struct error *err);

/* 429 with Retry-After, for the JSON routes. */
MUST_CHECK enum err response_wait(struct response *response, int32_t wait_s, struct error *err);

#endif
