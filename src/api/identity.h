#ifndef API_IDENTITY_H
#define API_IDENTITY_H

/*
 * Who asks. The `before` hook finds the login of each request (the session's cookie, or a Bearer
 * token of a session or of the API), refuses what the route's flags do not let it do, and leaves
 * the identity to the handler:
 *
 *   401 login_required  no login; before anything else. Who wants html is sent to /auth/login
 *   403 cross_site      a cookie came with a request that another site made
 *   403 scope           an API token that may only read
 *   403 session_only    an API token where a login with the password is needed
 *   403 admin_only
 *
 * A login that was just used is not read from the store again: api/login_cache.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "api/app.h"
#include "store/users.h"

enum { IDENTITY_OWNER_SIZE = 32, TOKEN_HASH_SIZE = 65 };

enum scope { SCOPE_READ, SCOPE_WRITE };

struct identity {
    int64_t user_id;
    int64_t session_id, token_id; /* one of them is 0 */
    int64_t expires_ms;           /* since 1970 UTC; 0: never */
    bool is_admin;
    enum scope scope;
    char owner[IDENTITY_OWNER_SIZE];  /* of its event streams: hub_close_owner */
    char token_hash[TOKEN_HASH_SIZE]; /* of the session's or API token */
    char email[STORE_EMAIL_MAX + 1];
};

/* Set on every route but ROUTE_PUBLIC ones, where it is NULL. Borrowed for the request. */
const struct identity *request_identity(const struct request *request);

/* The login of a request to a public route, if it has one: NULL otherwise. ERR_… of the store. */
MUST_CHECK enum err identity_find(struct app *app, struct request *request,
                                  const struct identity **ret_identity, struct error *err);

/* The hook for struct http_config. */
enum err identity_before(void *app, struct request *request, struct response *response,
                         struct error *err);

/* "session:12" or "token:3". */
void identity_owner_name(bool is_session, int64_t id, char out[IDENTITY_OWNER_SIZE]);

#define SESSION_COOKIE "access_token" /* its name, and the key in the JSON of POST /token */

#endif
