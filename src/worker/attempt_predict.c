#include "worker/attempt_predict.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "jobs/prediction.h"
#include "store/predictions.h"
#include "worker/data_path.h"

enum { NAME_BYTES = 256 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A file of MODEL_DIR by its name: the directory may be called otherwise on another machine. */
static int open_saved(const char *model_dir, const char *name)
{
    const int directory = open(model_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return -1;
    const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    const int cause = errno;
    close(directory);
    errno = cause;
    return fd;
}

static enum err open_model(const struct attempt *attempt, const struct prediction *prediction,
                           int *ret_fd, struct error *err)
{
    struct stat status;
    const char *name = base_name(prediction->model_path);
    const int fd = open_saved(attempt->model_dir, name);
    if (fd < 0)
        return FAIL_REASON(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "model_file_missing",
                           "the model's file %.200s cannot be opened: %m", name);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size != prediction->model_bytes) {
        close(fd);
        return FAIL_REASON(err, ERR_CORRUPT, "model_file_changed",
                           "the model's file %.200s is not as long any more as it was when it was "
                           "saved",
                           name);
    }
    *ret_fd = fd;
    return ERR_OK;
}

/* The hits beside the model tell whom it was judged on. */
static enum err open_hits(const struct attempt *attempt, const struct prediction *prediction,
                          int *ret_fd, struct error *err)
{
    char name[NAME_BYTES + 16];
    const char *model = base_name(prediction->model_path), *dot = strrchr(model, '.');
    const int stem = dot != NULL ? (int)(dot - model) : (int)strlen(model);
    snprintf(name, sizeof(name), "%.*s.hits.json", stem < NAME_BYTES ? stem : NAME_BYTES, model);
    *ret_fd = open_saved(attempt->model_dir, name);
    if (*ret_fd < 0)
        return FAIL_REASON(
            err, ERR_DATA, "evaluation_users_unknown",
            "which users the model was judged on is not recorded: there is no %.200s "
            "beside it. Give the users as a list.",
            name);
    return ERR_OK;
}

/* What was pasted as a file in memory. */
static enum err open_pasted(const struct attempt *attempt, int *ret_fd, struct error *err)
{
    enum err rc;
    char *text = NULL;
    TRY(prediction_user_ids(attempt->spec.store, attempt->job->job_id, &text, err));
    const char *ids = text != NULL ? text : "";
    const size_t size = strlen(ids);
    const int fd = memfd_create("users", MFD_CLOEXEC);
    if (fd < 0 || pwrite(fd, ids, size, 0) != (ssize_t)size) {
        rc = FAIL(err, ERR_NOMEM, "no memory for the list of users: %m");
        if (fd >= 0)
            close(fd);
        goto done;
    }
    *ret_fd = fd;
done:
    mem_free(text);
    return rc;
}

static enum err open_users(struct attempt *attempt, const struct prediction *prediction,
                           const struct prediction_request *request, struct child_spec *spec,
                           int *ret_fd, struct error *err)
{
    switch (prediction_users_of(request)) {
    case PREDICTION_EVALUATION:
        return open_hits(attempt, prediction, ret_fd, err);
    case PREDICTION_LIST:
        if (request->users_path[0] == '\0')
            return open_pasted(attempt, ret_fd, err);
        spec->prediction.list_name = base_name(request->users_path);
        return data_file_open(attempt->spec.config, request->users_path, ret_fd, err);
    default:
        return ERR_OK;
    }
}

static enum err start(struct attempt *attempt, const struct prediction *prediction,
                      const struct prediction_request *request, struct child_spec *spec,
                      struct error *err)
{
    enum err rc;
    char stamp[24], name[NAME_BYTES];
    int fds[2] = {-1, -1};
    clock_stamp(stamp, sizeof(stamp));
    snprintf(name, sizeof(name), "predictions_%" PRId64 "_%s.%s", attempt->job->job_id, stamp,
             param_text(&request->params, "format"));
    spec->task = CHILD_PREDICT;
    spec->prediction = (struct child_prediction){
        .users = prediction_users_of(request),
        .k = (int32_t)param_int(&request->params, "k"),
        .with_seen = !prediction_excludes_seen(request),
        .is_csv = strcmp(param_text(&request->params, "format"), "csv") == 0,
        .column = param_text(&request->params, "users_column"),
        .file_name = name,
    };
    TRY(open_model(attempt, prediction, &fds[0], err));
    TRY(open_users(attempt, prediction, request, spec, &fds[1], err));
    TRY(attempt_files_make(attempt->model_dir, attempt->fence, err));
    TRY(child_start(spec, fds, &attempt->child, err));
done:
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return rc;
}

enum err attempt_predict_launch(struct attempt *attempt, struct child_spec *spec, struct error *err)
{
    enum err rc;
    struct prediction *prediction = NULL;
    struct prediction_request *request = NULL;
    TRY_PTR(request = mem_array(1, sizeof(*request), err));
    TRY(prediction_read(attempt->spec.store, 0, attempt->job->job_id, true, &prediction, err));
    if (prediction->model_path == NULL) {
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "model_gone",
                         "the model was removed before the prediction began");
        goto done;
    }
    TRY(prediction_request_parse(attempt->job->params_json, request, err));
    attempt->recorder.course = COURSE_PREDICTION;
    TRY(start(attempt, prediction, request, spec, err));
done:
    prediction_free(prediction);
    mem_free(request);
    return rc;
}

enum err attempt_predict_publish(struct attempt *attempt,
                                 enum err (*tend)(void *context, struct error *err),
                                 struct error *err)
{
    enum err rc;
    TRY(attempt_files_publish_table(attempt->model_dir, attempt->fence, attempt->result, tend,
                                    attempt, &attempt->published, err));
    attempt->table = (struct prediction_file){
        .path = attempt->published.model_path,
        .sha256 = attempt->published.sha256,
        .bytes = attempt->published.bytes,
        .rows = json_integer_value(json_object_get(attempt->result, "rows")),
        .users = json_integer_value(json_object_get(attempt->result, "users")),
    };
done:
    return rc;
}

const char *attempt_predict_words(const struct job *job, char *out, size_t out_size)
{
    struct error err;
    struct prediction_request *request = mem_array(1, sizeof(*request), &err);
    snprintf(out, out_size, "prediction");
    if (request != NULL && prediction_request_parse(job->params_json, request, &err) == ERR_OK)
        snprintf(out, out_size, "model %.80s, users %s, k %" PRId64 ", %s", request->model,
                 prediction_users_name(prediction_users_of(request)),
                 param_int(&request->params, "k"), param_text(&request->params, "format"));
    mem_free(request);
    return out;
}
