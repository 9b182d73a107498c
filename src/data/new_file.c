#include "data/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum err new_file_error(struct error *err, const char *what, const char *path)
{
    if (errno == EEXIST)
        return FAIL_REASON(err, ERR_INVALID, "file_exists", "%s is there already", path);
    if (errno == ENOSPC || errno == EDQUOT)
        return FAIL_REASON(err, ERR_IO, "disk_full", "cannot %s %s: %m", what, path);
    const enum err code = errno == EACCES || errno == EPERM     ? ERR_DENIED
                          : errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                                                                : ERR_IO;
    return FAIL(err, code, "cannot %s %s: %m", what, path);
}

enum err new_file_init(struct new_file *file, const char *directory, const char *name,
                       bool overwrite, struct error *err)
{
    struct stat status;
    file->begun = file->named = false;
    file->overwrite = overwrite;
    const int length = snprintf(file->final, sizeof(file->final), "%s/%s", directory, name);
    const int longer = snprintf(file->temporary, sizeof(file->temporary), "%s/.%s.%ld.tmp",
                                directory, name, (long)getpid());
    if (length < 0 || longer < 0 || longer >= NEW_FILE_PATH_MAX || length >= NEW_FILE_PATH_MAX)
        return FAIL(err, ERR_INVALID, "the path of the directory is too long");
    if (lstat(file->final, &status) == 0 && !overwrite)
        return FAIL_REASON(err, ERR_INVALID, "file_exists",
                           "%s is there already; it is replaced only when told to overwrite",
                           file->final);
    return ERR_OK;
}

static enum err sync_path(const char *path, int flags, struct error *err)
{
    const int file = open(path, flags | O_CLOEXEC);
    if (file < 0)
        return new_file_error(err, "open", path);
    const int failed = fsync(file);
    const enum err rc = failed != 0 ? new_file_error(err, "sync", path) : ERR_OK;
    close(file);
    return rc;
}

enum err new_file_sync(const struct new_file *file, int64_t *ret_bytes, struct error *err)
{
    enum err rc;
    struct stat status;
    TRY(sync_path(file->temporary, O_RDONLY, err));
    if (stat(file->temporary, &status) != 0) {
        rc = new_file_error(err, "read", file->temporary);
        goto done;
    }
    *ret_bytes = status.st_size;
done:
    return rc;
}

enum err new_file_sync_directory(const char *directory, struct error *err)
{
    return sync_path(directory, O_RDONLY | O_DIRECTORY, err);
}

enum err new_file_name(struct new_file *file, struct error *err)
{
    const unsigned flags = file->overwrite ? 0 : RENAME_NOREPLACE;
    int failed = renameat2(AT_FDCWD, file->temporary, AT_FDCWD, file->final, flags);
    if (failed != 0 && errno == EINVAL) /* a file system without RENAME_NOREPLACE */
        failed = rename(file->temporary, file->final);
    if (failed != 0)
        return new_file_error(err, "name", file->final);
    file->begun = false;
    file->named = true;
    return ERR_OK;
}

void new_file_abandon(const struct new_file *file)
{
    if (file->begun)
        unlink(file->temporary);
    if (file->named && !file->overwrite)
        unlink(file->final);
}
