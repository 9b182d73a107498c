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
 * A name that is nowhere is empty text. A template is compiled once and never changes after, so any
 * thread may render it.
 */
#include "base/json.h"

enum { TEMPLATE_DEPTH_MAX = 8, TEMPLATE_PARTS_MAX = 1000 };

struct template;

/* `text` is borrowed for the template's life. ERR_INTERNAL: it is malformed (a fault of ours; says
 * where); ERR_NOMEM. */
MUST_CHECK enum err template_compile(const char *text, size_t len, struct template **ret_template,
                                     struct error *err);
void template_free(struct template *template); /* NULL is allowed */

/* A long list of like rows, for which a JSON object each would cost more than all else. */
struct template_rows {
    const char *name;          /* of the list */
    const char *const *fields; /* [field_count] */
    const char *const *values; /* [count × field_count] text; NULL: not there */
    int32_t field_count, count;
};

/* Render into `out`. `rows` NULL: none. ERR_INVALID: `out` is full; ERR_INTERNAL: sections are
 * nested too deep; ERR_NOMEM. */
MUST_CHECK enum err template_render(const struct template *template, const json_t *context,
                                    const struct template_rows *rows, struct strbuf *out,
                                    struct error *err);

/* Add text with & < > " ' as entities. */
MUST_CHECK enum err html_add(struct strbuf *out, const char *text, struct error *err);

#endif
