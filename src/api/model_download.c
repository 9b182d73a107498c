/* GET /api/v1/models/{ref}/download: the file of a model, or an export of it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/answer.h"
#include "api/identity.h"
#include "api/model_export.h"
#include "api/model_files.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/memory.h"
#include "base/turn.h"
#include "store/registry.h"

enum { NAME_BYTES = 300 };

/* The file as it is, which must be that which was recorded: by its size, since its sum takes long.
 */
static enum err open_as_it_is(struct app *app, const struct model_record *model,
                              struct response *response, int *ret_fd, struct error *err)
{
    struct stat info;
    int fd;
    const enum err rc = saved_file_open(app->config, SAVED_MODEL, model->path, &fd, err);
    if (rc != ERR_OK)
        return rc;
    if (fstat(fd, &info) == 0 && info.st_size == model->size_bytes) {
        *ret_fd = fd;
        return ERR_OK;
    }
    close(fd);
    response_problem(response, 410, "model_file_changed",
                     "the file %s has not the size any more that the model had when it was saved, "
                     "so it is not sent",
                     saved_model_name(model->path));
    return ERR_OK;
}

static enum err open_export(struct app *app, struct request *request,
                            const struct model_record *model, const char *format, int *ret_fd,
                            struct error *err)
{
    turn_pause(); /* it is the disk that works */
    const enum err rc =
        model_export_open(app->config, model->path, format, request_id(request), ret_fd, err);
    turn_resume();
    return rc;
}

/* Its name, with the format's ending in the place of its own. */
static const char *name_of(const struct model_record *model, const char *format,
                           char out[NAME_BYTES])
{
    const char *name = saved_model_name(model->path), *dot = strrchr(name, '.');
    const int len = dot != NULL ? (int)(dot - name) : (int)strlen(name);
    snprintf(out, NAME_BYTES, "%.*s.%s", len < 255 ? len : 255, name, format);
    return out;
}

static enum err send_file(struct app *app, struct request *request, struct response *response,
                          const struct model_record *model, const char *format, struct error *err)
{
    enum err rc;
    int fd = -1;
    bool is_fresh;
    char tag[128], name[NAME_BYTES];
    const bool is_own = strcmp(format, "pkl") == 0;
    /* An export is made of the file alone, so the file's sum and the format tell it. */
    snprintf(tag, sizeof(tag), "%.64s%s%s", model->sha256, is_own ? "" : "-", is_own ? "" : format);
    if (is_own)
        TRY(open_as_it_is(app, model, response, &fd, err));
    if (is_own && fd < 0)
        goto done;
    TRY(response_etag(response, tag, &is_fresh, err));
    response_cache(response, "private, no-cache");
    if (is_fresh)
        goto done;
    if (!is_own)
        TRY(open_export(app, request, model, format, &fd, err));
    const int sent = fd;
    fd = -1; /* the response's from now on */
    rc = response_file(response, sent, "application/octet-stream", name_of(model, format, name),
                       err);
done:
    if (fd >= 0)
        close(fd);
    return rc;
}

static enum err download_model(void *context, struct request *request, struct response *response,
                               struct error *err)
{
    static const char *const known[] = {"format", NULL};
    enum err rc;
    const char *format;
    struct app *app = context;
    struct model_record *model = NULL;
    TRY(registry_resolve(app->store, request_identity(request)->user_id,
                         request_param(request, "ref"), &model, err));
    TRY(query_check(request, known, err));
    TRY(query_text(request, "format", &format, err));
    if (format == NULL)
        format = "pkl";
    if (model_export_is_known(format))
        rc = send_file(app, request, response, model, format, err);
    else
        rc = FAIL_REASON(err, ERR_INVALID, "parameter_range",
                         "format must be pkl, npz or safetensors");
done:
    mem_free(model);
    return served_refuse(response, rc, err);
}

static const struct route routes[] = {
    {.method = HTTP_GET, .pattern = "/api/v1/models/{ref}/download", .handle = download_model},
};
const struct route_group model_download_routes = {routes, sizeof(routes) / sizeof(routes[0])};
