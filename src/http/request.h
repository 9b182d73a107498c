#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

/*
 * One request, as a handler sees it: checked, decoded, its body read whole. All that these
 * functions return is borrowed and lives until the response has been sent; nobody frees it. One
 * thread at a time (the one that the handler runs on).
 *
 * What fails does so with ERR_INVALID and a reason that http/ turns into the right status, so that
 * a handler says TRY and is done:
 *
 *   form_malformed, json_malformed, header_malformed   400
 *   media_type      the body is of another type        415
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "http/arena.h"
#include "http/form.h"
#include "http/route.h"

enum http_method request_method(const struct request *request); /* HTTP_HEAD for HEAD */
const char *request_path(const struct request *request);        /* raw, without the query */
const char *request_target(const struct request *request);      /* as sent, with the query */
const struct route *request_route(const struct request *request);

/* A parameter of the route's pattern, decoded; "" when the pattern has none of that name. As a
 * number: ERR_NOT_FOUND unless it is 1 or more, since there is no such thing then. */
const char *request_param(const struct request *request, const char *name);
MUST_CHECK enum err request_param_id(const struct request *request, const char *name,
                                     int64_t *ret_id, struct error *err);

/* A header field by name (any case), NULL when it was not sent. */
const char *request_header(const struct request *request, const char *name);

/* The query; parsed at the first call. Empty when there is none. ERR_INVALID, ERR_NOMEM. */
MUST_CHECK enum err request_query(struct request *request, const struct form **ret_form,
                                  struct error *err);

/* The file that the body went to, where the route has an open_body: its descriptor, which stays
 * http's, and how many bytes came. -1: there was no body. */
int request_body_file(const struct request *request, int64_t *ret_size);

/* The body as it came; len 0 when there is none. */
struct str request_body(const struct request *request);
/* What the body says it is. */
bool request_has_json(const struct request *request); /* application/json (or …+json) */
bool request_has_form(const struct request *request); /* application/x-www-form-urlencoded */
/* The body as a form, or as JSON: duplicate keys, more than 32 levels, a NUL or trailing text
 * refuse it. *ret_value is borrowed (json_incref to keep it). ERR_INVALID as above, ERR_NOMEM. */
MUST_CHECK enum err request_form(struct request *request, const struct form **ret_form,
                                 struct error *err);
MUST_CHECK enum err request_json(struct request *request, json_t **ret_value, struct error *err);

/* A cookie's value, NULL when it was not sent, is improper, or was sent twice. Where the server is
 * public by https, the name is looked for with its prefix "__Host-" (see response_cookie). */
const char *request_cookie(struct request *request, const char *name);

/* The token of "Authorization: Bearer …", NULL when there is none. */
const char *request_bearer(const struct request *request);

/* Whether the client would rather have a page than JSON: only where Accept names text/html. */
bool request_wants_html(const struct request *request);

/*
 * Whether the request comes from our own pages, or from no browser at all. Sec-Fetch-Site must be
 * same-origin or none; without it Origin must be our own (the Host that was asked, or PUBLIC_URL);
 * with neither it is no browser, which is allowed. Ask before anything that changes state by the
 * right of a cookie; a Bearer token needs no such question.
 */
bool request_is_same_site(const struct request *request);

/* Idempotency-Key: *ret_key is NULL when it was not sent; ERR_INVALID when it is not 1 to 128
 * printable characters. Quotes around it are taken off. */
MUST_CHECK enum err request_idempotency_key(struct request *request, const char **ret_key,
                                            struct error *err);

/* Who and which, for logs and throttles. */
const char *request_client(const struct request *request); /* "192.0.2.7", "::1" */
const char *request_id(const struct request *request);     /* 32 hex digits, the trace's id */
/* The header traceparent for what is started on this request's behalf: the caller's trace where it
 * sent a proper one, else a new one (W3C Trace Context). */
const char *request_traceparent(const struct request *request);

/* Memory until the response has been sent. */
struct arena *request_arena(struct request *request);

/* The server is stopping or the client was cut: work that takes long may give up. */
bool request_is_cancelled(const struct request *request);

/* A pointer of the application's, for its `before` hook to leave what it found (the session) to the
 * handler. NULL at first; `release` (NULL allowed) is called on it when the response was sent. */
void request_set_user(struct request *request, void *user, void (*release)(void *user));
void *request_user(const struct request *request);

#endif
