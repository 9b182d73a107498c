/* A model that was trained elsewhere, and the hits of each user that go with it. */
#include <stdatomic.h>
#include <string.h>

#include "api/access_log.h"
#include "api/answer.h"
#include "api/identity.h"
#include "api/job_body.h"
#include "api/model_intake.h"
#include "api/model_out.h"
#include "api/out.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/memory.h"
#include "jobs/model_ref.h"
#include "store/registry.h"
#include "train/hits.h"

enum { CHECKS_MAX = 2, OUT_BYTES = 8192 };
static atomic_int checks;

static enum err open_import(void *context, struct request *request, int *ret_fd,
                            int64_t *ret_max_bytes, struct error *err)
{
    const struct app *app = context;
    *ret_max_bytes = config_int(app->config, "MAX_IMPORT_BYTES");
    return intake_open(app->config, request_id(request), ret_fd, err);
}

static enum err answer_model(struct app *app, struct request *request, struct response *response,
                             int64_t model_id, json_t *report, struct error *err)
{
    enum err rc;
    struct error ignored;
    struct json_out out;
    struct strbuf text;
    struct model_record *model = NULL;
    strbuf_init(&text, 8 << 20);
    TRY(model_read(app->store, request_identity(request)->user_id, model_id, &model, err));
    (void)!served_verified(app, model, &ignored); /* else its first answer verifies it again */
    served_changed(app, model->user_id);
    TRY(json_write(report, 0, &text, err));
    out_begin(&out, OUT_BYTES, err);
    model_out(&out, model, text.ptr);
    TRY(response_out(response, 201, &out, err));
    const char *location =
        arena_textf(request_arena(request), err, "/api/v1/models/%lld", (long long)model_id);
    rc = location == NULL ? ERR_NOMEM : response_header(response, "Location", location, err);
done:
    strbuf_release(&text);
    mem_free(model);
    return rc;
}

/* A file that is none of ours, or that the process which read it did not survive, is told; what is
 * wrong with us stays an error. */
static enum err refuse_file(struct response *response, const char *what, enum err rc,
                            const struct error *err)
{
    static const char *const reasons[] = {"model_file_corrupt", "hits_corrupt", "hits_mismatch",
                                          "crashed", "time_limit"};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (strcmp(err->reason, reasons[i]) != 0)
            continue;
        response_problem(response, 422, reasons[i], "%s: %s", what, err->message);
        return ERR_OK;
    }
    return rc;
}

static enum err take_in(struct app *app, struct request *request, struct response *response,
                        struct model_import *import, int fd, struct error *err)
{
    enum err rc;
    int64_t model_id;
    json_t *report = NULL;
    const struct intake intake = {.config = app->config, .store = app->store, .fd = fd};
    rc = intake_take(&intake, import, &report, &model_id, err);
    if (rc == ERR_CORRUPT || rc == ERR_IO)
        return refuse_file(response, "this is no model file of rectrain, or it is damaged", rc,
                           err);
    TRY(rc);
    audit_log(request, "model_imported", import->user_id);
    rc = answer_model(app, request, response, model_id, report, err);
done:
    json_decref(report);
    return rc;
}

static enum err read_words(struct request *request, struct model_import *import,
                           struct job_field_errors *errors, struct error *err)
{
    static const char *const known[] = {"name", "note", NULL};
    enum err rc;
    TRY(query_check(request, known, err));
    TRY(query_text(request, "name", &import->name, err));
    TRY(query_text(request, "note", &import->note, err));
    if (import->name != NULL && import->name[0] == '\0')
        import->name = NULL;
    if (import->name != NULL && !model_name_is_valid(import->name))
        job_field_complain(errors, "name", "range", "name must be " MODEL_NAME_RULE);
    if (import->note != NULL && strlen(import->note) > MODEL_NOTE_MAX)
        job_field_complain(errors, "note", "too_long", "the note is too long");
done:
    return rc;
}

/* Each check is a process: who comes while there are enough of them is asked to come again. */
static bool begin_check(struct response *response, enum err *ret_rc, struct error *err)
{
    if (atomic_fetch_add(&checks, 1) < CHECKS_MAX)
        return true;
    atomic_fetch_sub(&checks, 1);
    response_problem(response, 503, "busy",
                     "other models are being checked just now; try again in a few seconds");
    *ret_rc = response_header(response, "Retry-After", "5", err);
    return false;
}

static void end_check(void)
{
    atomic_fetch_sub(&checks, 1);
}

static enum err import_model(void *context, struct request *request, struct response *response,
                             struct error *err)
{
    enum err rc;
    int64_t size;
    struct app *app = context;
    struct job_field_errors errors = {.count = 0};
    const int fd = request_body_file(request, &size);
    struct model_import import = {.user_id = request_identity(request)->user_id,
                                  .size_bytes = size,
                                  .models_max = config_int(app->config, "MAX_MODELS_PER_USER"),
                                  .model_bytes_max =
                                      config_int(app->config, "MAX_MODEL_BYTES_PER_USER")};
    TRY(read_words(request, &import, &errors, err));
    if (errors.count > 0) {
        job_body_refuse(response, &errors);
        goto done;
    }
    if (fd < 0) {
        response_problem(response, 422, "model_file_corrupt", "the body is empty: send the file");
        goto done;
    }
    if (!begin_check(response, &rc, err))
        goto done;
    rc = take_in(app, request, response, &import, fd, err);
    end_check();
done:
    if (fd >= 0)
        intake_drop(fd);
    return rc;
}

static enum err open_hits(void *context, struct request *request, int *ret_fd,
                          int64_t *ret_max_bytes, struct error *err)
{
    const struct app *app = context;
    *ret_max_bytes = HITS_FILE_MAX;
    return intake_open(app->config, request_id(request), ret_fd, err);
}

static enum err take_hits(struct app *app, struct request *request, struct response *response,
                          const struct model_record *model, int fd, struct error *err)
{
    const struct intake intake = {.config = app->config, .store = app->store, .fd = fd};
    const enum err rc = intake_take_hits(&intake, model, err);
    if (rc == ERR_CORRUPT || rc == ERR_IO)
        return refuse_file(response, "the hits are not taken", rc, err);
    if (rc != ERR_OK)
        return rc;
    audit_log(request, "hits_imported", model->user_id);
    response_none(response);
    return ERR_OK;
}

static enum err import_hits(void *context, struct request *request, struct response *response,
                            struct error *err)
{
    enum err rc;
    int64_t size;
    struct app *app = context;
    struct model_record *model = NULL;
    const int fd = request_body_file(request, &size);
    TRY(registry_resolve(app->store, request_identity(request)->user_id,
                         request_param(request, "ref"), &model, err));
    if (fd < 0) {
        response_problem(response, 422, "hits_corrupt", "the body is empty: send the file");
    } else if (begin_check(response, &rc, err)) {
        rc = take_hits(app, request, response, model, fd, err);
        end_check();
    }
done:
    if (fd >= 0)
        intake_drop(fd);
    mem_free(model);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_PUT,
     .pattern = "/api/v1/models/{ref}/hits",
     .handle = import_hits,
     .open_body = open_hits,
     .flags = ROUTE_WRITE},
    {.method = HTTP_POST,
     .pattern = "/api/v1/models/import",
     .handle = import_model,
     .open_body = open_import,
     .flags = ROUTE_WRITE},
};
const struct route_group model_import_routes = {routes, sizeof(routes) / sizeof(routes[0])};
