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

static enum err check_model(const struct model_record *model, const char *model_dir,
                            struct strbuf *report, struct files_check *check, struct error *err)
{
    enum err rc;
    bool fault;
    struct recorded_file file = {.sha256 = model->sha256, .size_bytes = model->size_bytes};
    snprintf(file.whose, sizeof(file.whose), "model %" PRId64 " of job %" PRId64, model->model_id,
             model->job_id);
    place_file(&file, model_dir, model->path);
    TRY(check_file(&file, report, &fault, err));
    check->models++;
    check->model_faults += fault;
done:
    return rc;
}

static enum err check_prediction(const struct prediction *prediction, const char *model_dir,
                                 struct strbuf *report, struct files_check *check,
                                 struct error *err)
{
    enum err rc;
    bool fault;
    char directory[PATH_SIZE];
    struct recorded_file file = {.sha256 = prediction->file_sha256,
                                 .size_bytes = prediction->file_bytes};
    if (prediction->file_path == NULL) /* it has not written one */
        return ERR_OK;
    snprintf(file.whose, sizeof(file.whose), "prediction %" PRId64, prediction->job.job_id);
    snprintf(directory, sizeof(directory), "%.4000s/" PREDICTIONS_DIRECTORY, model_dir);
    place_file(&file, directory, prediction->file_path);
    TRY(check_file(&file, report, &fault, err));
    check->predictions++;
    check->prediction_faults += fault;
done:
    return rc;
}

static enum err check_predictions_of(struct store *store, int64_t user_id, const char *model_dir,
                                     struct strbuf *report, struct files_check *check,
                                     struct error *err)
{
    enum err rc;
    struct prediction_list page = {0};
    int64_t before_id = 0;
    int32_t count;
    do {
        const struct prediction_query query = {
            .user_id = user_id, .before_id = before_id, .limit = PAGE};
        TRY(prediction_list(store, &query, &page, err));
        count = page.count;
        for (int32_t i = 0; i < count; i++) {
            before_id = page.predictions[i]->job.job_id;
            TRY(check_prediction(page.predictions[i], model_dir, report, check, err));
        }
        prediction_list_release(&page);
    } while (count == PAGE);
done:
    prediction_list_release(&page);
    return rc;
}

static enum err check_models_of(struct store *store, int64_t user_id, const char *model_dir,
                                struct strbuf *report, struct files_check *check, struct error *err)
{
    enum err rc;
    struct model_list page = {0};
    int64_t before_id = 0;
    int32_t count;
    do {
        const struct model_query query = {
            .user_id = user_id, .before_id = before_id, .limit = PAGE};
        TRY(model_list(store, &query, &page, err));
        count = page.count;
        for (int32_t i = 0; i < count; i++) {
            before_id = page.models[i]->model_id;
            TRY(check_model(page.models[i], model_dir, report, check, err));
        }
        model_list_release(&page);
    } while (count == PAGE);
done:
    model_list_release(&page);
    return rc;
}

static enum err check_users(struct store *store, const char *model_dir, struct strbuf *report,
                            struct files_check *check, struct error *err)
{
    enum err rc;
    struct user_list page = {0};
    int64_t after_id = 0;
    int32_t count;
    do {
        TRY(user_list(store, after_id, PAGE, &page, err));
        count = page.count;
        for (int32_t i = 0; i < count; i++) {
            after_id = page.users[i]->user_id;
            TRY(check_models_of(store, after_id, model_dir, report, check, err));
            TRY(check_predictions_of(store, after_id, model_dir, report, check, err));
        }
        user_list_release(&page);
    } while (count == PAGE);
done:
    user_list_release(&page);
    return rc;
}

static enum err check_garbage(struct store *store, const char *model_dir, bool repair,
                              struct strbuf *report, struct files_check *check, struct error *err)
{
    enum err rc;
    struct garbage_list list = {0};
    TRY(garbage_find(store, model_dir, &list, err));
    for (int32_t i = 0; i < list.count; i++) {
        const struct garbage_file *file = &list.files[i];
        check->garbage += file->is_ours;
        check->unknown += !file->is_ours;
        if (file->is_ours && repair)
            continue; /* it is told how many were removed */
        TRY(strbuf_addf(report, err, "%s/%s (%" PRId64 " bytes): %s\n", model_dir, file->name,
                        file->size_bytes,
                        file->is_ours ? "nothing names it any more; --repair removes it"
                                      : "not of this store; it is left alone"));
    }
    if (repair)
        TRY(garbage_remove(store, model_dir, &check->removed, err));
done:
    garbage_list_release(&list);
    return rc;
}

enum err files_check(struct store *store, const char *model_dir, bool repair, struct strbuf *report,
                     struct files_check *ret_check, struct error *err)
{
    enum err rc;
    struct files_check check = {0};
    TRY(check_users(store, model_dir, report, &check, err));
    TRY(check_garbage(store, model_dir, repair, report, &check, err));
    *ret_check = check;
done:
    return rc;
}
