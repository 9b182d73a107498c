#include "cli/db_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/memory.h"
#include "store/models.h"
#include "store/predictions.h"
#include "store/users.h"
#include "worker/attempt_files.h"
#include "worker/garbage.h"

enum { PAGE = 500, PATH_SIZE = 4400, BLOCK_BYTES = 1 << 20 };

/* The sum of a file's bytes in hex; *ret_size -1: there is no such file. */
static enum err sum_file(const char *path, char out[HASH_HEX_SIZE], int64_t *ret_size,
                         struct error *err)
{
    enum err rc;
    unsigned char sum[HASH_BYTES], *block = NULL;
    struct hash *hash = NULL;
    ssize_t got = 0;
    *ret_size = -1;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return ERR_OK;
    if (fd < 0)
        return FAIL(err, errno == EACCES ? ERR_DENIED : ERR_IO, "%s cannot be opened: %m", path);
    TRY_PTR(block = mem_array(BLOCK_BYTES, 1, err));
    TRY(hash_create(&hash, err));
    *ret_size = 0;
    while ((got = read(fd, block, BLOCK_BYTES)) > 0) {
        hash_add(hash, block, (size_t)got);
        *ret_size += got;
    }
    if (got < 0)
        rc = FAIL(err, ERR_IO, "%s cannot be read: %m", path);
    hash_finish(hash, sum);
    hash_hex(sum, out);
done:
    hash_free(hash);
    mem_free(block);
    close(fd);
    return rc;
}

/* A file that a record names: `whose` in words. */
struct recorded_file {
    char whose[64], path[PATH_SIZE];
    const char *sha256;
    int64_t size_bytes;
};

/* Where it lies is told by MODEL_DIR: the record's path is as its worker saw it. */
static void place_file(struct recorded_file *file, const char *directory, const char *recorded)
{
    const char *slash = strrchr(recorded, '/');
    snprintf(file->path, sizeof(file->path), "%.4050s/%.255s", directory,
             slash != NULL ? slash + 1 : recorded);
}

/* *ret_fault: something is wrong, and told. */
static enum err check_file(const struct recorded_file *file, struct strbuf *report, bool *ret_fault,
                           struct error *err)
{
    enum err rc;
    char sum[HASH_HEX_SIZE];
    int64_t size;
    TRY(sum_file(file->path, sum, &size, err));
    const char *fault = size < 0                         ? "is missing"
                        : size != file->size_bytes       ? "has another size"
                        : strcmp(sum, file->sha256) != 0 ? "has another SHA-256"
                                                         : NULL;
    *ret_fault = fault != NULL;
    if (fault != NULL)
        TRY(strbuf_addf(report, err, "%s: its file %s %s\n", file->whose, file->path, fault));
done:
    return rc;
}

/* What is checked, and what was found so far. */
struct walk {
    struct store *store;
    const char *model_dir;
    bool repair;
    struct strbuf *report;
    struct files_check found;
};

static enum err check_model(void *context, const struct model_record *model, struct error *err)
{
    enum err rc;
    bool fault;
    struct walk *walk = context;
    struct recorded_file file = {.sha256 = model->sha256, .size_bytes = model->size_bytes};
    snprintf(file.whose, sizeof(file.whose), "model %" PRId64 " of job %" PRId64, model->model_id,
             model->job_id);
    place_file(&file, walk->model_dir, model->path);
    TRY(check_file(&file, walk->report, &fault, err));
    walk->found.models++;
    walk->found.model_faults += fault;
done:
    return rc;
}

static enum err check_prediction(void *context, const struct prediction *prediction,
                                 struct error *err)
{
    enum err rc;
    bool fault;
    char directory[PATH_SIZE];
    struct walk *walk = context;
    struct recorded_file file = {.sha256 = prediction->file_sha256,
                                 .size_bytes = prediction->file_bytes};
    if (prediction->file_path == NULL) /* it has not written one */
        return ERR_OK;
    snprintf(file.whose, sizeof(file.whose), "prediction %" PRId64, prediction->job.job_id);
    snprintf(directory, sizeof(directory), "%.4000s/" PREDICTIONS_DIRECTORY, walk->model_dir);
    place_file(&file, directory, prediction->file_path);
    TRY(check_file(&file, walk->report, &fault, err));
    walk->found.predictions++;
    walk->found.prediction_faults += fault;
done:
    return rc;
}

static enum err check_user(void *context, const struct user *user, struct error *err)
{
    enum err rc;
    struct walk *walk = context;
    const struct model_query models = {.user_id = user->user_id, .limit = PAGE};
    const struct prediction_query predictions = {.user_id = user->user_id, .limit = PAGE};
    TRY(model_each(walk->store, &models, check_model, walk, err));
    TRY(prediction_each(walk->store, &predictions, check_prediction, walk, err));
done:
    return rc;
}

static enum err check_garbage(struct walk *walk, struct error *err)
{
    enum err rc;
    struct garbage_list list = {0};
    TRY(garbage_find(walk->store, walk->model_dir, &list, err));
    for (int32_t i = 0; i < list.count; i++) {
        const struct garbage_file *file = &list.files[i];
        walk->found.garbage += file->is_ours;
        walk->found.unknown += !file->is_ours;
        if (file->is_ours && walk->repair)
            continue; /* it is told how many were removed */
        TRY(strbuf_addf(walk->report, err, "%s/%s (%" PRId64 " bytes): %s\n", walk->model_dir,
                        file->name, file->size_bytes,
                        file->is_ours ? "nothing names it any more; --repair removes it"
                                      : "not of this store; it is left alone"));
    }
    if (walk->repair)
        TRY(garbage_remove(walk->store, walk->model_dir, &walk->found.removed, err));
done:
    garbage_list_release(&list);
    return rc;
}

enum err files_check(struct store *store, const char *model_dir, bool repair, struct strbuf *report,
                     struct files_check *ret_check, struct error *err)
{
    enum err rc;
    struct walk walk = {.store = store, .model_dir = model_dir, .repair = repair, .report = report};
    TRY(user_each(store, PAGE, check_user, &walk, err));
    TRY(check_garbage(&walk, err));
    *ret_check = walk.found;
done:
    return rc;
}
