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
#include "base/json.h"
#include "http/assets.h"
#include "http/request.h"
#include "http/response.h"

extern const struct asset_table web_assets;

struct pages;

/* `web_dir` "": what is embedded. ERR_NOT_FOUND, ERR_DENIED: the directory. */
MUST_CHECK enum err pages_open(const char *web_dir, struct pages **ret_pages, struct error *err);
void pages_close(struct pages *pages); /* NULL is allowed */

/* The page `name` ("training") as the answer. Takes over `context` (also when it fails); NULL
 * counts as no memory. */
MUST_CHECK enum err page_answer(struct app *app, struct request *request, struct response *response,
                                int status, const char *name, const char *title, json_t *context,
                                struct error *err);

/* A file of /assets/. ERR_NOT_FOUND. */
MUST_CHECK enum err page_asset(struct app *app, struct response *response, const char *path,
                               struct error *err);

/* The hook of struct http_config: a problem as a page. */
void page_problem(void *app, struct request *request, struct response *response, int status,
                  const char *code, const char *detail);

#endif
