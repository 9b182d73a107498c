#include "worker/attempt_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { PIECE_BYTES = 8 << 20, NAMES_MAX = 10000, FILE_NAME_MAX = 256, NUMBER_MAX = 16 };
#define MODEL_ENDING ".pkl"
#define HITS_ENDING ".hits.json"

const char *attempt_files_path(const char *model_dir, struct fence fence,
                               char out[ATTEMPT_PATH_MAX])
{
    snprintf(out, ATTEMPT_PATH_MAX, "%.4096s/" ATTEMPT_PREFIX "%" PRId64 "_%" PRId64, model_dir,
             fence.job_id, fence.epoch);
    return out;
}

static enum err system_error(const char *doing, const char *path, struct error *err)
{
    const bool denied = errno == EACCES || errno == EPERM || errno == EROFS;
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return FAIL_REASON(err, denied ? ERR_DENIED : ERR_IO,
                       full     ? "disk_full"
                       : denied ? "output_denied"
                                : "",
                       "cannot %s %.300s: %m", doing, path);
}

enum err attempt_files_make(const char *model_dir, struct fence fence, struct error *err)
{
    char path[ATTEMPT_PATH_MAX];
    attempt_files_path(model_dir, fence, path);
    if (mkdir(model_dir, 0777) != 0 && errno != EEXIST)
        return system_error("make the directory of models", model_dir, err);
    attempt_files_remove(model_dir, fence);
    if (mkdir(path, 0777) != 0)
        return system_error("make the directory", path, err);
    return ERR_OK;
}

void attempt_files_remove_at(int model_dir, const char *name)
{
    const int fd = openat(model_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(fd, entry->d_name, 0);
    closedir(stream);
    (void)unlinkat(model_dir, name, AT_REMOVEDIR);
}

void attempt_files_remove(const char *model_dir, struct fence fence)
{
    char path[ATTEMPT_PATH_MAX];
    attempt_files_path(model_dir, fence, path);
    attempt_files_remove_at(AT_FDCWD, path);
}

/* ---- publishing ---- */

struct publishing {
    int from, to; /* the attempt's directory and MODEL_DIR */
    const char *model_dir;
    enum err (*tend)(void *context, struct error *err);
    void *context;
};

static enum err mismatch(const char *what, struct error *err)
{
    return FAIL_REASON(err, ERR_CORRUPT, "model_mismatch",
                       "the file is not what the job's process told: %s", what);
}

/* The name of the file that the child gives as `key`: it must lie in the attempt's directory. */
static enum err take_name(const json_t *result, const char *key, const char *ending,
                          char out[FILE_NAME_MAX], struct error *err)
{
    const char *path = json_string_value(json_object_get(result, key));
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    const char *name = slash != NULL ? slash + 1 : path;
    if (name == NULL || name[0] == '\0' || name[0] == '.' || strlen(name) >= FILE_NAME_MAX - 16)
        return mismatch("it has no such name", err);
    const size_t length = strlen(name), tail = strlen(ending);
    if (length <= tail || strcmp(name + length - tail, ending) != 0)
        return mismatch("it has another ending", err);
    snprintf(out, FILE_NAME_MAX, "%s", name);
    return ERR_OK;
}

/* Size and sum of an ordinary file of the attempt. */
static enum err measure(const struct publishing *at, const char *name, int64_t *ret_bytes,
                        char ret_sha256[HASH_HEX_SIZE], struct error *err)
{
    enum err rc = ERR_OK;
    struct stat status;
    struct hash *hash = NULL;
    char *piece = NULL;
    unsigned char sum[HASH_BYTES];
    const int fd = openat(at->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return mismatch("it is not there", err);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        rc = mismatch("it is no ordinary file", err);
        goto done;
    }
    TRY(hash_create(&hash, err));
    TRY_PTR(piece = mem_array(PIECE_BYTES, 1, err));
    for (;;) {
        const ssize_t got = read(fd, piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = system_error("read", name, err);
            goto done;
        }
        if (got == 0)
            break;
        hash_add(hash, piece, (size_t)got);
        TRY(at->tend(at->context, err));
    }
    hash_finish(hash, sum);
    hash_hex(sum, ret_sha256);
    *ret_bytes = status.st_size;
done:
    hash_free(hash);
    mem_free(piece);
    close(fd);
    return rc;
}

/* Move a file to a name that is free; false with errno. */
static bool move(const struct publishing *at, const char *from, const char *to)
{
    if (renameat2(at->from, from, at->to, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS) /* a file system that does not know it */
        return false;
    if (linkat(at->from, from, at->to, to, 0) != 0)
        return false;
    (void)unlinkat(at->from, from, 0);
    return true;
}

/* Move a file to its own name, or to the first with a number before its ending that is free: name
 * and number ("" or "_2") as they became. */
static enum err move_to_free(const struct publishing *at, const char *file, const char *ending,
                             char name[FILE_NAME_MAX], char number[NUMBER_MAX], struct error *err)
{
    const int stem = (int)(strlen(file) - strlen(ending));
    number[0] = '\0';
    for (int i = 1; i <= NAMES_MAX; i++) {
        if (i > 1)
            snprintf(number, NUMBER_MAX, "_%d", i);
        snprintf(name, FILE_NAME_MAX, "%.*s%s%s", stem, file, number, ending);
        if (move(at, file, name))
            return ERR_OK;
        if (errno != EEXIST)
            return system_error("move the file to", name, err);
    }
    return FAIL(err, ERR_IO, "there are too many files that begin with %.200s", file);
}

/* Move model and hits, both with the same number before their endings. */
static enum err move_both(const struct publishing *at, const char *model, const char *hits,
                          struct published *out, struct error *err)
{
    enum err rc;
    char name[FILE_NAME_MAX], hits_name[FILE_NAME_MAX], number[NUMBER_MAX];
    const int stem = (int)(strlen(model) - strlen(MODEL_ENDING));
    TRY(move_to_free(at, model, MODEL_ENDING, name, number, err));
    snprintf(out->model_path, sizeof(out->model_path), "%.4096s/%s", at->model_dir, name);
    if (hits[0] == '\0')
        return ERR_OK;
    snprintf(hits_name, sizeof(hits_name), "%.*s%s" HITS_ENDING, stem, model, number);
    if (!move(at, hits, hits_name))
        return system_error("move the hits to", hits_name, err);
    snprintf(out->hits_path, sizeof(out->hits_path), "%.4096s/%s", at->model_dir, hits_name);
done:
    return rc;
}

static enum err set_paths(json_t *result, const struct published *published, struct error *err)
{
    enum err rc;
    const bool has_hits = published->hits_path[0] != '\0';
    TRY(json_set(result, "model_path", json_text(published->model_path), err));
    TRY(json_set(result, "hits_path", has_hits ? json_text(published->hits_path) : json_null(),
                 err));
done:
    return rc;
}

static enum err publish(const struct publishing *at, json_t *result, struct published *out,
                        struct error *err)
{
    enum err rc;
    char model[FILE_NAME_MAX], hits[FILE_NAME_MAX] = "";
    const char *told = json_string_value(json_object_get(result, "model_sha256"));
    TRY(take_name(result, "model_path", MODEL_ENDING, model, err));
    if (!json_is_null(json_object_get(result, "hits_path")))
        TRY(take_name(result, "hits_path", HITS_ENDING, hits, err));
    TRY(measure(at, model, &out->bytes, out->sha256, err));
    if (told == NULL || strcmp(told, out->sha256) != 0) {
        rc = mismatch("its checksum is another", err);
        goto done;
    }
    TRY(move_both(at, model, hits, out, err));
    TRY(set_paths(result, out, err));
done:
    return rc;
}

/* Publish from the attempt to the directory that the caller opened, or could not (errno); where
 * that fails nothing is left. Closes both. */
static enum err publish_by(enum err (*publish_one)(const struct publishing *at, json_t *result,
                                                   struct published *out, struct error *err),
                           struct publishing *at, const char *attempt, json_t *result,
                           struct published *ret_published, struct error *err)
{
    enum err rc;
    struct published published = {0};
    at->from = open(attempt, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (at->to < 0 || at->from < 0)
        rc = system_error("open", at->from < 0 ? attempt : at->model_dir, err);
    else
        rc = publish_one(at, result, &published, err);
    if (rc == ERR_OK && fsync(at->to) != 0)
        rc = system_error("sync", at->model_dir, err);
    if (rc == ERR_OK)
        *ret_published = published;
    else
        published_remove(&published);
    if (at->to >= 0)
        close(at->to);
    if (at->from >= 0)
        close(at->from);
    return rc;
}

enum err attempt_files_publish(const char *model_dir, struct fence fence, json_t *result,
                               enum err (*tend)(void *context, struct error *err), void *context,
                               struct published *ret_published, struct error *err)
{
    char from[ATTEMPT_PATH_MAX];
    struct publishing at = {.model_dir = model_dir, .tend = tend, .context = context};
    at.to = open(model_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return publish_by(publish, &at, attempt_files_path(model_dir, fence, from), result,
                      ret_published, err);
}

/* ---- the file of a prediction ---- */

static enum err publish_table(const struct publishing *at, json_t *result, struct published *out,
                              struct error *err)
{
    enum err rc;
    char file[FILE_NAME_MAX], name[FILE_NAME_MAX], number[NUMBER_MAX];
    const char *told = json_string_value(json_object_get(result, "file_name"));
    const char *dot = told != NULL ? strrchr(told, '.') : NULL;
    if (dot == NULL || (strcmp(dot, ".parquet") != 0 && strcmp(dot, ".csv") != 0))
        return mismatch("it has another ending", err);
    TRY(take_name(result, "file_name", dot, file, err));
    TRY(measure(at, file, &out->bytes, out->sha256, err));
    if (json_integer_value(json_object_get(result, "bytes")) != out->bytes) {
        rc = mismatch("its length is another", err);
        goto done;
    }
    TRY(move_to_free(at, file, dot, name, number, err));
    snprintf(out->model_path, sizeof(out->model_path), "%.4096s/%s", at->model_dir, name);
done:
    return rc;
}

enum err attempt_files_publish_table(const char *model_dir, struct fence fence, json_t *result,
                                     enum err (*tend)(void *context, struct error *err),
                                     void *context, struct published *ret_published,
                                     struct error *err)
{
    char from[ATTEMPT_PATH_MAX], to[ATTEMPT_PATH_MAX];
    snprintf(to, sizeof(to), "%.4096s/" PREDICTIONS_DIRECTORY, model_dir);
    if (mkdir(to, 0777) != 0 && errno != EEXIST)
        return system_error("make the directory", to, err);
    struct publishing at = {.model_dir = to, .tend = tend, .context = context};
    at.to = open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return publish_by(publish_table, &at, attempt_files_path(model_dir, fence, from), result,
                      ret_published, err);
}

void published_remove(const struct published *published)
{
    if (published->model_path[0] != '\0')
        (void)unlink(published->model_path);
    if (published->hits_path[0] != '\0')
        (void)unlink(published->hits_path);
}
