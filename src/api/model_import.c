/* POST /api/v1/models/import: a model that was trained elsewhere. Its file comes in without a name,
 * is read in full by a process that can do no harm, and only then gets a name and a row. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/access_log.h"
#include "api/answer.h"
#include "api/identity.h"
#include "api/job_body.h"
#include "api/model_out.h"
#include "api/out.h"
#include "api/routes.h"
#include "api/served.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/memory.h"
#include "jobs/job.h"
#include "jobs/model_ref.h"
#include "store/models.h"
#include "worker/check.h"

enum { CHECKS_MAX = 2, PATH_SIZE = 4400, TRIES = 100, OUT_BYTES = 8192 };
#define TEMPORARY ".rectrain-"

static atomic_int checks;

/* ---- the file ---- */

/* Without a name; where the file system knows no such thing, with one that says what it is. */
static enum err open_import(void *context, struct request *request, int *ret_fd,
                            int64_t *ret_max_bytes, struct error *err)
{
    char path[PATH_SIZE];
    const struct app *app = context;
    const char *directory = config_text(app->config, "MODEL_DIR");
    (void)request;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return FAIL(err, ERR_IO, "%.300s cannot be made: %m", directory);
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        snprintf(path, sizeof(path), "%.4096s/" TEMPORARY "%.64s.tmp", directory,
                 request_id(request));
        fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    }
    if (fd < 0)
        return FAIL(err, errno == EACCES ? ERR_DENIED : ERR_IO, "no file can be made in %.300s: %m",
                    directory);
    *ret_fd = fd;
    *ret_max_bytes = config_int(app->config, "MAX_IMPORT_BYTES");
    return ERR_OK;
}

static enum err sum_up(int fd, char out[HASH_HEX_SIZE], struct error *err)
{
    enum err rc;
    off_t at = 0;
    struct hash *hash = NULL;
    unsigned char sum[HASH_BYTES];
    unsigned char *bytes = NULL;
    const size_t size = 1 << 20;
    TRY(hash_create(&hash, err));
    TRY_PTR(bytes = mem_array(size, 1, err));
    for (;;) {
        const ssize_t got = pread(fd, bytes, size, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = FAIL(err, ERR_IO, "the file that came cannot be read back: %m");
        if (got <= 0)
            break;
        hash_add(hash, bytes, (size_t)got);
        at += got;
    }
    hash_finish(hash, sum);
    hash_hex(sum, out);
done:
    mem_free(bytes);
    hash_free(hash);
    return rc;
}

/* What the store asks for while it records the model: the file's name. */
struct placing {
    const char *directory, *model_type;
    int fd;
    bool is_placed;
    char path[PATH_SIZE];
};

static void remove_placed(struct placing *placing)
{
    if (placing->is_placed)
        unlink(placing->path);
    placing->is_placed = false;
}

static enum err sync_directory(const char *directory, struct error *err)
{
    const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_good = fd >= 0 && fsync(fd) == 0;
    const enum err rc =
        is_good ? ERR_OK : FAIL(err, ERR_IO, "%.300s cannot be synced: %m", directory);
    if (fd >= 0)
        close(fd);
    return rc;
}

static enum err place(void *context, int64_t job_id, const char **ret_path, struct error *err)
{
    struct placing *placing = context;
    char stamp[24], from[32], suffix[8] = "";
    clock_stamp(stamp, sizeof(stamp));
    snprintf(from, sizeof(from), "/proc/self/fd/%d", placing->fd);
    for (int i = 1; i <= TRIES && !placing->is_placed; i++) {
        if (i > 1)
            snprintf(suffix, sizeof(suffix), "_%d", i);
        snprintf(placing->path, sizeof(placing->path), "%.4096s/%.64s_model_%lld_%s%s.pkl",
                 placing->directory, placing->model_type, (long long)job_id, stamp, suffix);
        placing->is_placed =
            linkat(AT_FDCWD, from, AT_FDCWD, placing->path, AT_SYMLINK_FOLLOW) == 0;
        if (!placing->is_placed && errno != EEXIST)
            break;
    }
    if (!placing->is_placed)
        return FAIL(err, ERR_IO, "the file cannot be named %.300s: %m", placing->path);
    *ret_path = placing->path;
    return sync_directory(placing->directory, err);
}

/* The name that the file had where there are no files without one. */
static void drop_temporary(int fd)
{
    char link[32], path[PATH_SIZE];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t got = readlink(link, path, sizeof(path) - 1);
    if (got <= 0)
        return;
    path[got] = '\0';
    const char *slash = strrchr(path, '/');
    if (slash != NULL && strncmp(slash + 1, TEMPORARY, strlen(TEMPORARY)) == 0)
        unlink(path);
}

/* ---- the record ---- */

/* What the check told, as texts for the store. */
struct told {
    struct strbuf params, run, metrics, result;
};

static void told_release(struct told *told)
{
    strbuf_release(&told->params);
    strbuf_release(&told->run);
    strbuf_release(&told->metrics);
    strbuf_release(&told->result);
}

static enum err read_told(json_t *report, struct told *told, struct error *err)
{
    enum err rc;
    strbuf_init(&told->params, JOB_JSON_MAX);
    strbuf_init(&told->run, JOB_JSON_MAX);
    strbuf_init(&told->metrics, JOB_JSON_MAX);
    strbuf_init(&told->result, 8 << 20);
    TRY(json_write(json_object_get(report, "params"), 0, &told->params, err));
    TRY(json_write(json_object_get(report, "run"), 0, &told->run, err));
    TRY(json_write(json_object_get(report, "metrics"), 0, &told->metrics, err));
    TRY(json_write(report, 0, &told->result, err));
    if (told->result.len > JOB_RESULT_MAX) { /* of very many files */
        told->result.len = 0;
        json_object_del(report, "data");
        TRY(json_write(report, 0, &told->result, err));
    }
done:
    return rc;
}

static enum err record(struct app *app, struct model_import *import, json_t *report, int fd,
                       int64_t *ret_model_id, struct error *err)
{
    enum err rc;
    char sha256[HASH_HEX_SIZE];
    struct told told = {0};
    struct placing placing = {.directory = config_text(app->config, "MODEL_DIR"), .fd = fd};
    import->model_type = json_string_value(json_object_get(report, "model_type"));
    placing.model_type = import->model_type;
    TRY(read_told(report, &told, err));
    TRY(sum_up(fd, sha256, err));
    import->params_json = told.params.ptr;
    import->run_json = told.run.ptr;
    import->metrics_json = told.metrics.ptr;
    import->result_json = told.result.ptr;
    import->sha256 = sha256;
    import->program_version = json_string_value(json_object_get(report, "version"));
    import->place = place;
    import->context = &placing;
    if (fsync(fd) != 0) {
        rc = FAIL(err, ERR_IO, "the file that came cannot be synced: %m");
        goto done;
    }
    rc = model_import(app->store, import, ret_model_id, err);
    if (rc != ERR_OK)
        remove_placed(&placing);
done:
    told_release(&told);
    return rc;
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

/* A file that cannot be read, or that the process which read it did not survive. */
static enum err refuse_file(struct response *response, enum err rc, const struct error *err)
{
    if (rc == ERR_NOMEM || (rc == ERR_IO && err->reason[0] == '\0'))
        return rc;
    response_problem(response, 422,
                     rc == ERR_CORRUPT || err->reason[0] == '\0' ? "model_file_corrupt"
                                                                 : err->reason,
                     "this is no model file of rectrain, or it is damaged: %s", err->message);
    return ERR_OK;
}

static enum err take_in(struct app *app, struct request *request, struct response *response,
                        struct model_import *import, int fd, struct error *err)
{
    enum err rc;
    int64_t model_id;
    json_t *report = NULL;
    rc = model_check(app->config, fd, MODEL_CHECK_TIMEOUT_MS, &report, err);
    if (rc != ERR_OK)
        return refuse_file(response, rc, err);
    TRY(record(app, import, report, fd, &model_id, err));
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
    if (atomic_fetch_add(&checks, 1) < CHECKS_MAX) {
        rc = take_in(app, request, response, &import, fd, err);
    } else {
        response_problem(response, 503, "busy",
                         "other models are being checked just now; try again in a few seconds");
        rc = response_header(response, "Retry-After", "5", err);
    }
    atomic_fetch_sub(&checks, 1);
done:
    if (fd >= 0)
        drop_temporary(fd);
    return rc;
}

static const struct route routes[] = {
    {.method = HTTP_POST,
     .pattern = "/api/v1/models/import",
     .handle = import_model,
     .open_body = open_import,
     .flags = ROUTE_WRITE},
};
const struct route_group model_import_routes = {routes, sizeof(routes) / sizeof(routes[0])};
