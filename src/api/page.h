#ifndef API_PAGE_H
#define API_PAGE_H

/*
 * Pages for people. They are files under web/, which the build embeds (web_assets) or --web-dir
 * serves from a directory: assets at its root, templates (api/template.h) in pages/. A page is its
 * own template, rendered into {{{content}}} of pages/shell.html. Both see
 *
 *   title page is_<page> email is_admin is_demo signup_open version
 *
 * beside what the page brings itself; email is absent where nobody is logged in.
 */
#include "api/app.h"
#include "api/template.h"
#include "base/json.h"
#include "http/assets.h"
#include "http/request.h"
#include "http/response.h"

extern const struct asset_table web_assets;

struct pages;

/* `web_dir` "": what is embedded. ERR_NOT_FOUND, ERR_DENIED: the directory. */
MUST_CHECK enum err pages_open(const char *web_dir, struct pages **ret_pages, struct error *err);
void pages_close(struct pages *pages); /* NULL is allowed */

struct page {
    int status;
    const char *name, *title;         /* "training", "Model Training" */
    json_t *context;                  /* taken over, also by a failure; NULL counts as no memory */
    const struct template_rows *rows; /* NULL: none */
};
/* A page as the answer. */
MUST_CHECK enum err page_show(struct app *app, struct request *request, struct response *response,
                              const struct page *page, struct error *err);

/* The same without rows. Takes over `context` (also when it fails); NULL
 * counts as no memory. */
MUST_CHECK enum err page_answer(struct app *app, struct request *request, struct response *response,
                                int status, const char *name, const char *title, json_t *context,
                                struct error *err);

/* The template pages/<name>.html by itself, as a JSON string for another's {{{…}}}. The context is
 * borrowed. */
MUST_CHECK enum err page_part(struct app *app, const char *name, const json_t *context,
                              json_t **ret_html, struct error *err);

/* What pages need again and again and is costly to make, kept by name (a literal); at most
 * PAGES_KEPT_MAX names. pages_kept gives a reference to what was kept within the last max_age_s
 * seconds, or NULL; nobody changes it after. pages_keep borrows. Any thread. While templates come
 * from a directory, where somebody works at them, nothing is kept. */
enum { PAGES_KEPT_MAX = 16 };
json_t *pages_kept(struct pages *pages, const char *name, double max_age_s);
void pages_keep(struct pages *pages, const char *name, json_t *json);

/* A file of /assets/. ERR_NOT_FOUND. */
MUST_CHECK enum err page_asset(struct app *app, struct response *response, const char *path,
                               struct error *err);

/* The hook of struct http_config: a problem as a page. */
void page_problem(void *app, struct request *request, struct response *response, int status,
                  const char *code, const char *detail);

#endif
