#ifndef API_TEMPLATE_H
#define API_TEMPLATE_H

/*
 * Pages from files: a template is text with places that a JSON object fills.
 *
 *   {{name}}              the value as text, with & < > " ' escaped: safe between tags and in an
 *                         attribute within quotes, whatever a user typed
 *   {{{name}}}            as it is: only for what our own code rendered
 *   {{.}}                 the element itself, where a list holds texts
 *   {{#name}} … {{/name}} a list: once an element, whose fields come first, then those around it;
 *                         anything else: once where it is there, not false, "" or []
 *   {{^name}} … {{/name}} where the one above gives nothing
 *   {{! words }}          nothing
 *
 * A name that is nowhere is empty text. Pure; any thread.
 */
#include "base/json.h"

enum { TEMPLATE_DEPTH_MAX = 8 };

/* Render `len` bytes into `out`. ERR_INTERNAL: the template is malformed (a fault of ours; says
 * where); ERR_INVALID: `out` is full; ERR_NOMEM. */
MUST_CHECK enum err template_render(const char *text, size_t len, const json_t *context,
                                    struct strbuf *out, struct error *err);

/* Add text with & < > " ' as entities. */
MUST_CHECK enum err html_add(struct strbuf *out, const char *text, struct error *err);

#endif
