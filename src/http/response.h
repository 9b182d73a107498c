#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

/*
 * The answer to one request. A handler says a status and one body; http/ adds the rest:
 *
 *   on each       Content-Security-Policy, X-Content-Type-Options, Referrer-Policy,
 *                 Cross-Origin-Opener-Policy, X-Request-Id, and Strict-Transport-Security by https
 *   by default    Cache-Control: no-store, since what needs a login must not stay in a cache;
 *                 response_cache says otherwise
 *   on HEAD       the body is left out, its length is not
 *
 * Whatever is not said to be moved or borrowed is copied. One thread at a time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "http/request.h"

enum { RESPONSE_HEADERS_MAX = 16 };

/* 200 to 599; 200 unless said. */
void response_status(struct response *response, int status);
int response_get_status(const struct response *response); /* 0 until something was said */

/* Add a header field. ERR_INVALID: the name is no token, the value holds a control character (so
 * that nothing that a user typed can start a field of its own), or there are too many. */
MUST_CHECK enum err response_header(struct response *response, const char *name, const char *value,
                                    struct error *err);

/* The body, of a media type (a static string). Each call takes the place of the one before. */
MUST_CHECK enum err response_text(struct response *response, const char *type, const char *text,
                                  struct error *err);
void response_take(struct response *response, const char *type, struct strbuf *text); /* moved */
void response_static(struct response *response, const char *type, const void *bytes,
                     size_t size); /* borrowed for ever */

/* Status and JSON. Takes over `value` (also when it fails); NULL counts as no memory. */
MUST_CHECK enum err response_json(struct response *response, int status, json_t *value,
                                  struct error *err);

/* 303 after a form, 302, 307 or 308 to `location`, a path of ours or a URL that the program made.
 * ERR_INVALID: it holds what a header must not. */
MUST_CHECK enum err response_redirect(struct response *response, int status, const char *location,
                                      struct error *err);

/*
 * Problems (RFC 9457): application/problem+json with type, title, status, detail, instance (the
 * request's id), `code` (lower_case_words, for programs; docs/troubleshooting.md has an entry for
 * each) and errors[] with one {field, message} per wrong field. Body and headers said before are
 * dropped. Without memory the response is a bare 503. Then add fields, if any.
 */
void response_problem(struct response *response, int status, const char *code, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));
void response_problem_field(struct response *response, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A member of its own in the problem that was said, as RFC 9457 allows: `name` is a static string.
 * Takes over `value` (also when it fails); NULL leaves it out. One a problem. */
void response_problem_value(struct response *response, const char *name, json_t *value);

/* The problem that an error makes, as when a handler fails: INVALID and DATA 400 (or as the reason
 * says: media_type 415, too_many_streams 429, overloaded 503, store_unavailable 503, …), NOT_FOUND
 * 404, DENIED 403, CONFLICT and CANCELLED 409, NOMEM 503, all else 500; a 503 says Retry-After. The
 * message is shown for those below 500 alone; `code` is the error's reason, or its code's name in
 * lower case. */
void response_error(struct response *response, const struct error *error);

/*
 * A cookie: HttpOnly, SameSite=Lax, Path=/. Where the server is public by https it is Secure and
 * its name gets the prefix "__Host-". max_age_seconds 0 removes it, -1 keeps it until the browser
 * closes. ERR_INVALID: name or value hold what a cookie must not.
 */
MUST_CHECK enum err response_cookie(struct response *response, const char *name, const char *value,
                                    int64_t max_age_seconds, struct error *err);

/* Cache-Control instead of no-store; a static string, as "private, no-cache". */
void response_cache(struct response *response, const char *cache_control);

/* Set ETag to `tag` in quotes; when the request's If-None-Match lists it, the answer becomes 304,
 * and true is returned: the handler need not make the body. For GET and HEAD alone. */
MUST_CHECK enum err response_etag(struct response *response, const char *tag, bool *ret_is_fresh,
                                  struct error *err);

/*
 * An open file as the body, sent without a copy; `fd` is taken over (also when it fails), from its
 * beginning, `size` bytes as fstat says. `name` (NULL: shown in place) makes it a download under
 * that name, whatever characters it holds. One range of bytes is honoured (206, or 416), with
 * If-Range against the ETag said before. ERR_IO: it cannot be asked for its size.
 */
MUST_CHECK enum err response_file(struct response *response, int fd, const char *type,
                                  const char *name, struct error *err);

#endif
