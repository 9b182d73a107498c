#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

/*
 * What a client says that it would like to get: Accept and Accept-Encoding (RFC 9110, section
 * 12.5), cookies (RFC 6265) and lists of entity tags. Hostile text never fails, it merely names
 * nothing. NULL stands for a field that was not sent. Pure functions, linear in the text.
 */
#include <stdbool.h>

#include "base/text.h"

/* The quality, 0 to 1, that the list gives to the very name (no wildcard); -1 when it is absent. */
double accept_quality(const char *list, const char *name);

/* A page rather than JSON: only where text/html is named, at least as much wanted as JSON. */
bool accept_wants_html(const char *accept);

/* Whether a content coding ("br", "gzip") may be used; "*" counts, q=0 forbids. */
bool accept_allows_coding(const char *accept_encoding, const char *coding);

/* The value of a cookie, a view of the header. False when it is absent, improper, or there twice
 * (somebody planted the second one, and which is which cannot be told). */
bool cookie_find(const char *cookies, const char *name, struct str *ret_value);

/* Whether `etag` (with its quotes) is in an If-None-Match list; weak tags are compared weakly. */
bool etag_is_listed(const char *list, const char *etag);

#endif
