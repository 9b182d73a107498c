#include "api/model_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 255 };

const char *saved_model_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static enum err fail_by_errno(const char *name, struct error *err)
{
    const int number = errno;
    if (number == ENOENT || number == ENOTDIR || number == ELOOP)
        return FAIL_REASON(err, ERR_NOT_FOUND, "model_file_missing",
                           "the file %s is not there any more", name);
    return FAIL(err, number == EACCES || number == EPERM ? ERR_DENIED : ERR_IO, "%s: %s", name,
                strerrordesc_np(number));
}

/* The directory of models; -1 where there is none. */
static int open_directory(const struct config *config)
{
    return open(config_text(config, "MODEL_DIR"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

enum err saved_model_open(const struct config *config, const char *path, int *ret_fd,
                          struct error *err)
{
    struct stat info;
    const char *name = saved_model_name(path);
    const int directory = open_directory(config);
    if (directory < 0)
        return fail_by_errno(name, err);
    const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    const int number = errno;
    close(directory);
    errno = number;
    if (fd < 0)
        return fail_by_errno(name, err);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return FAIL_REASON(err, ERR_NOT_FOUND, "model_file_missing", "%s is no ordinary file",
                           name);
    }
    *ret_fd = fd;
    return ERR_OK;
}

static enum err remove_one(int directory, const char *name, struct error *err)
{
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return ERR_OK;
    return fail_by_errno(name, err);
}

enum err saved_model_remove(const struct config *config, const char *path, struct error *err)
{
    enum err rc = ERR_OK;
    char hits[NAME_MAX_BYTES + 16];
    const char *name = saved_model_name(path);
    const char *end = strrchr(name, '.');
    const int directory = open_directory(config);
    if (directory < 0 && errno == ENOENT)
        return ERR_OK;
    if (directory < 0)
        return fail_by_errno(name, err);
    snprintf(hits, sizeof(hits), "%.*s.hits.json",
             end != NULL ? (int)(end - name) : (int)strlen(name), name);
    TRY(remove_one(directory, hits, err));
    TRY(remove_one(directory, name, err));
done:
    close(directory);
    return rc;
}

int64_t saved_model_disk_free(const struct config *config)
{
    struct statvfs info;
    const char *directory = config_text(config, "MODEL_DIR");
    if (statvfs(directory, &info) != 0 && statvfs(".", &info) != 0)
        return -1;
    return (int64_t)info.f_bavail * (int64_t)info.f_frsize;
}
