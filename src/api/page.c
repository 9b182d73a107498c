#include "api/page.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/identity.h"
#include "api/template.h"
#include "base/clock.h"
#include "base/memory.h"

enum {
    PAGE_BYTES_MAX = 4 << 20,
    TEMPLATE_BYTES_MAX = 1 << 20,
    PATH_BYTES = 128,
    COMPILED_MAX = 64
};

struct pages {
    int directory_fd;     /* -1: embedded */
    pthread_mutex_t lock; /* of all below */
    struct {
        const struct asset *asset;
        struct template *template;
    } compiled[COMPILED_MAX];
    int32_t compiled_count;
    struct {
        const char *name;
        json_t *json;
        double at;
    } kept[PAGES_KEPT_MAX];
    int32_t kept_count;
};

enum err pages_open(const char *web_dir, struct pages **ret_pages, struct error *err)
{
    struct pages *pages = mem_array(1, sizeof(*pages), err);
    if (pages == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&pages->lock, NULL);
    pages->directory_fd = -1;
    if (web_dir[0] != '\0')
        pages->directory_fd = open(web_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (web_dir[0] != '\0' && pages->directory_fd < 0) {
        const enum err rc = FAIL(err, errno == EACCES ? ERR_DENIED : ERR_NOT_FOUND,
                                 "the directory of the pages, %s, cannot be opened: %m", web_dir);
        pages_close(pages);
        return rc;
    }
    *ret_pages = pages;
    return ERR_OK;
}

void pages_close(struct pages *pages)
{
    if (pages == NULL)
        return;
    if (pages->directory_fd >= 0)
        close(pages->directory_fd);
    for (int32_t i = 0; i < pages->compiled_count; i++)
        template_free(pages->compiled[i].template);
    for (int32_t i = 0; i < pages->kept_count; i++)
        json_decref(pages->kept[i].json);
    pthread_mutex_destroy(&pages->lock);
    mem_free(pages);
}

/* ---- what is kept ---- */

json_t *pages_kept(struct pages *pages, const char *name, double max_age_s)
{
    json_t *json = NULL;
    pthread_mutex_lock(&pages->lock);
    for (int32_t i = 0; i < pages->kept_count; i++)
        if (strcmp(pages->kept[i].name, name) == 0 &&
            clock_seconds() - pages->kept[i].at <= max_age_s)
            json = json_incref(pages->kept[i].json);
    pthread_mutex_unlock(&pages->lock);
    return json;
}

void pages_keep(struct pages *pages, const char *name, json_t *json)
{
    int32_t at = 0;
    if (pages->directory_fd >= 0)
        return;
    pthread_mutex_lock(&pages->lock);
    while (at < pages->kept_count && strcmp(pages->kept[at].name, name) != 0)
        at++;
    assert(at < PAGES_KEPT_MAX);
    if (at == pages->kept_count)
        pages->kept_count++;
    json_decref(pages->kept[at].json);
    pages->kept[at].name = name;
    pages->kept[at].json = json_incref(json);
    pages->kept[at].at = clock_seconds();
    pthread_mutex_unlock(&pages->lock);
}

/* ---- templates ---- */

static enum err read_file(int directory_fd, const char *path, struct strbuf *out, struct error *err)
{
    char bytes[16384];
    ssize_t got = -1;
    enum err rc = ERR_OK;
    const int fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && rc == ERR_OK && (got = read(fd, bytes, sizeof(bytes))) > 0)
        rc = strbuf_add(out, bytes, (size_t)got, err);
    if (rc == ERR_OK && got < 0)
        rc = FAIL(err, ERR_INTERNAL, "the template %s cannot be read: %m", path);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* From a directory, it is read and compiled anew each time. */
static enum err render_read(const struct pages *pages, const char *path, const struct page *page,
                            struct strbuf *out, struct error *err)
{
    enum err rc;
    struct strbuf text;
    struct template *template = NULL;
    strbuf_init(&text, TEMPLATE_BYTES_MAX);
    TRY(read_file(pages->directory_fd, path, &text, err));
    TRY(template_compile(text.len > 0 ? text.ptr : "", text.len, &template, err));
    TRY(template_render(template, page->context, page->rows, out, err));
done:
    template_free(template);
    strbuf_release(&text);
    return rc;
}

/* What is built in is compiled when it is first asked for. */
static enum err find_compiled(struct pages *pages, const char *path,
                              const struct template **ret_template, struct error *err)
{
    enum err rc = ERR_OK;
    int32_t at = 0;
    const struct asset *asset = asset_find(&web_assets, path);
    if (asset == NULL)
        return FAIL(err, ERR_INTERNAL, "the template %s was not built in", path);
    pthread_mutex_lock(&pages->lock);
    while (at < pages->compiled_count && pages->compiled[at].asset != asset)
        at++;
    assert(at < COMPILED_MAX);
    if (at == pages->compiled_count) {
        rc = template_compile((const char *)asset->plain.bytes, asset->plain.size,
                              &pages->compiled[at].template, err);
        pages->compiled[at].asset = asset;
        pages->compiled_count += rc == ERR_OK;
    }
    if (rc == ERR_OK)
        *ret_template = pages->compiled[at].template;
    pthread_mutex_unlock(&pages->lock);
    return rc;
}

static enum err render_file(struct pages *pages, const char *name, const struct page *page,
                            struct strbuf *out, struct error *err)
{
    enum err rc;
    char path[PATH_BYTES];
    const struct template *template;
    snprintf(path, sizeof(path), "pages/%s.html", name);
    if (pages->directory_fd >= 0)
        return render_read(pages, path, page, out, err);
    TRY(find_compiled(pages, path, &template, err));
    TRY(template_render(template, page->context, page->rows, out, err));
done:
    return rc;
}

enum err page_part(struct app *app, const char *name, const json_t *context, json_t **ret_html,
                   struct error *err)
{
    enum err rc;
    struct strbuf html;
    const struct page page = {.context = (json_t *)context};
    strbuf_init(&html, PAGE_BYTES_MAX);
    TRY(render_file(app->pages, name, &page, &html, err));
    *ret_html = json_stringn(html.len > 0 ? html.ptr : "", html.len);
    if (*ret_html == NULL)
        rc = FAIL(err, ERR_NOMEM, "out of memory for a page");
done:
    strbuf_release(&html);
    return rc;
}

/* What every page is told. */
static enum err add_common(struct app *app, struct request *request, const char *name,
                           const char *title, json_t *context, struct error *err)
{
    enum err rc;
    char key[PATH_BYTES];
    const struct identity *identity = request_identity(request);
    snprintf(key, sizeof(key), "is_%s", name);
    TRY(json_set(context, "title", json_text(title), err));
    TRY(json_set(context, "page", json_text(name), err));
    TRY(json_set(context, key, json_true(), err));
    TRY(json_set(context, "version", json_text(RECTRAIN_VERSION), err));
    TRY(json_set(context, "is_demo", json_boolean(config_flag_is_on(app->config, "DEMO_USER")),
                 err));
    TRY(json_set(context, "signup_open", json_boolean(config_signup_open(app->config)), err));
    if (identity != NULL) {
        TRY(json_set(context, "email", json_text(identity->email), err));
        TRY(json_set(context, "is_admin", json_boolean(identity->is_admin), err));
    }
done:
    return rc;
}

enum err page_show(struct app *app, struct request *request, struct response *response,
                   const struct page *page, struct error *err)
{
    enum err rc;
    json_t *context = page->context;
    struct strbuf content, whole;
    strbuf_init(&content, PAGE_BYTES_MAX);
    strbuf_init(&whole, PAGE_BYTES_MAX);
    if (context == NULL) {
        rc = FAIL(err, ERR_NOMEM, "out of memory for a page");
        goto done;
    }
    TRY(add_common(app, request, page->name, page->title, context, err));
    TRY(render_file(app->pages, page->name, page, &content, err));
    TRY(json_set(context, "content",
                 json_stringn(content.ptr != NULL ? content.ptr : "", content.len), err));
    TRY(render_file(app->pages, "shell", page, &whole, err));
    response_status(response, page->status);
    response_take(response, "text/html; charset=utf-8", &whole);
done:
    json_decref(context);
    strbuf_release(&content);
    strbuf_release(&whole);
    return rc;
}

enum err page_answer(struct app *app, struct request *request, struct response *response,
                     int status, const char *name, const char *title, json_t *context,
                     struct error *err)
{
    const struct page page = {.status = status, .name = name, .title = title, .context = context};
    return page_show(app, request, response, &page, err);
}

/* ---- assets ---- */

enum err page_asset(struct app *app, struct response *response, const char *path, struct error *err)
{
    if (strncmp(path, "pages/", 6) == 0)
        return FAIL(err, ERR_NOT_FOUND, "there is no such file");
    if (app->pages->directory_fd >= 0)
        return response_asset_file(response, app->pages->directory_fd, path, err);
    return response_asset(response, &web_assets, path, err);
}

/* ---- problems ---- */

/* What to call it, and what to do next. */
static const char *heading_of(int status)
{
    switch (status) {
    case 400:
        return "This request cannot be understood";
    case 401:
        return "Log in first";
    case 403:
        return "This is not allowed";
    case 404:
        return "There is nothing here";
    case 405:
        return "This page cannot do that";
    case 409:
        return "Something else came first";
    case 413:
        return "That was too large";
    case 429:
        return "Please wait a moment";
    case 503:
        return "The server is busy";
    default:
        return status < 500 ? "This request was refused" : "The server failed to do this";
    }
}

void page_problem(void *context, struct request *request, struct response *response, int status,
                  const char *code, const char *detail)
{
    struct error err;
    struct app *app = context;
    json_t *fields =
        json_pack("{s:i,s:s,s:s,s:s,s:s}", "status", status, "heading", heading_of(status), "code",
                  code, "detail", detail, "request_id", request_id(request));
    if (app->pages != NULL && page_answer(app, request, response, status, "problem",
                                          heading_of(status), fields, &err) == ERR_OK)
        return;
    /* Without a page the problem stays JSON. */
}
