#include "api/model_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "train/hits.h"
#include "worker/attempt_files.h"

enum { NAME_MAX_BYTES = 255 };

const char *saved_model_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The two directories of files that workers save. */
struct shelf {
    const char *inner;  /* beneath MODEL_DIR; NULL: itself */
    const char *reason; /* where a file is not there */
};
static const struct shelf shelves[] = {
    [SAVED_MODEL] = {NULL, "model_file_missing"},
    [SAVED_TABLE] = {PREDICTIONS_DIRECTORY, "prediction_file_missing"},
};

static enum err fail_by_errno(enum saved_kind kind, const char *name, struct error *err)
{
    const int number = errno;
    if (number == ENOENT || number == ENOTDIR || number == ELOOP)
        return FAIL_REASON(err, ERR_NOT_FOUND, shelves[kind].reason,
                           "the file %s is not there any more", name);
    return FAIL(err, number == EACCES || number == EPERM ? ERR_DENIED : ERR_IO, "%s: %s", name,
                strerrordesc_np(number));
}

/* -1 with errno. */
static int open_directory(const struct config *config, enum saved_kind kind)
{
    const int models = open(config_text(config, "MODEL_DIR"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (models < 0 || shelves[kind].inner == NULL)
        return models;
    const int fd =
        openat(models, shelves[kind].inner, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    const int number = errno;
    close(models);
    errno = number;
    return fd;
}

enum err saved_file_open(const struct config *config, enum saved_kind kind, const char *path,
                         int *ret_fd, struct error *err)
{
    struct stat info;
    const char *name = saved_model_name(path);
    const int directory = open_directory(config, kind);
    if (directory < 0)
        return fail_by_errno(kind, name, err);
    const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    const int number = errno;
    close(directory);
    errno = number;
    if (fd < 0)
        return fail_by_errno(kind, name, err);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return FAIL_REASON(err, ERR_NOT_FOUND, shelves[kind].reason, "%s is no ordinary file",
                           name);
    }
    *ret_fd = fd;
    return ERR_OK;
}

static enum err remove_one(int directory, enum saved_kind kind, const char *name, struct error *err)
{
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return ERR_OK;
    return fail_by_errno(kind, name, err);
}

enum err saved_file_remove(const struct config *config, enum saved_kind kind, const char *path,
                           struct error *err)
{
    enum err rc = ERR_OK;
    char hits[NAME_MAX_BYTES + 16];
    const char *name = saved_model_name(path);
    const int directory = open_directory(config, kind);
    if (directory < 0)
        return errno == ENOENT ? ERR_OK : fail_by_errno(kind, name, err);
    if (kind == SAVED_MODEL && hits_path_of(name, hits, sizeof(hits)))
        TRY(remove_one(directory, kind, hits, err));
    TRY(remove_one(directory, kind, name, err));
done:
    close(directory);
    return rc;
}

bool saved_hits_are_there(const struct config *config, const char *model_path)
{
    char hits[NAME_MAX_BYTES + 16];
    const int directory = open_directory(config, SAVED_MODEL);
    if (directory < 0)
        return false;
    const bool is_there = hits_path_of(saved_model_name(model_path), hits, sizeof(hits)) &&
                          faccessat(directory, hits, R_OK, 0) == 0;
    close(directory);
    return is_there;
}

int64_t saved_model_disk_free(const struct config *config)
{
    struct statvfs info;
    const char *directory = config_text(config, "MODEL_DIR");
    if (statvfs(directory, &info) != 0 && statvfs(".", &info) != 0)
        return -1;
    return (int64_t)info.f_bavail * (int64_t)info.f_frsize;
}
