#include "api/page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/identity.h"
#include "api/template.h"
#include "base/memory.h"

enum { PAGE_BYTES_MAX = 4 << 20, TEMPLATE_BYTES_MAX = 1 << 20, PATH_BYTES = 128 };

struct pages {
    int directory_fd; /* -1: embedded */
};

enum err pages_open(const char *web_dir, struct pages **ret_pages, struct error *err)
{
    struct pages *pages = mem_array(1, sizeof(*pages), err);
    if (pages == NULL)
        return ERR_NOMEM;
    pages->directory_fd = -1;
    if (web_dir[0] != '\0')
        pages->directory_fd = open(web_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (web_dir[0] != '\0' && pages->directory_fd < 0) {
        const enum err rc = FAIL(err, errno == EACCES ? ERR_DENIED : ERR_NOT_FOUND,
                                 "the directory of the pages, %s, cannot be opened: %m", web_dir);
        mem_free(pages);
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
    mem_free(pages);
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

static enum err render_file(const struct pages *pages, const char *name, const json_t *context,
                            struct strbuf *out, struct error *err)
{
    enum err rc;
    char path[PATH_BYTES];
    struct strbuf text;
    const void *bytes;
    size_t size;
    strbuf_init(&text, TEMPLATE_BYTES_MAX);
    snprintf(path, sizeof(path), "pages/%s.html", name);
    if (pages->directory_fd >= 0) {
        TRY(read_file(pages->directory_fd, path, &text, err));
        bytes = text.ptr;
        size = text.len;
    } else {
        const struct asset *asset = asset_find(&web_assets, path);
        if (asset == NULL) {
            rc = FAIL(err, ERR_INTERNAL, "the template %s was not built in", path);
            goto done;
        }
        bytes = asset->plain.bytes;
        size = asset->plain.size;
    }
    TRY(template_render(bytes, size, context, out, err));
done:
    strbuf_release(&text);
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

enum err page_answer(struct app *app, struct request *request, struct response *response,
                     int status, const char *name, const char *title, json_t *context,
                     struct error *err)
{
    enum err rc;
    struct strbuf content, page;
    strbuf_init(&content, PAGE_BYTES_MAX);
    strbuf_init(&page, PAGE_BYTES_MAX);
    if (context == NULL) {
        rc = FAIL(err, ERR_NOMEM, "out of memory for a page");
        goto done;
    }
    TRY(add_common(app, request, name, title, context, err));
    TRY(render_file(app->pages, name, context, &content, err));
    TRY(json_set(context, "content",
                 json_stringn(content.ptr != NULL ? content.ptr : "", content.len), err));
    TRY(render_file(app->pages, "shell", context, &page, err));
    response_status(response, status);
    response_take(response, "text/html; charset=utf-8", &page);
done:
    json_decref(context);
    strbuf_release(&content);
    strbuf_release(&page);
    return rc;
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
