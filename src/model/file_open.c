#include "model/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/file_format.h"

enum err model_file_open_memory(const void *bytes, size_t size, bool verify,
                                struct model_file **ret_file, struct error *err)
{
    enum err rc;
    struct model_file *file;

    TRY_PTR(file = mem_array(1, sizeof(*file), err));
    rc = model_file_read(bytes, size, verify, file, err);
    if (rc == ERR_OK)
        *ret_file = file;
    else
        model_file_close(file);
done:
    return rc;
}

static enum err system_error(const char *path, const char *doing, struct error *err)
{
    const int cause = errno;
    const enum err code = cause == ENOENT || cause == ENOTDIR ? ERR_NOT_FOUND
                          : cause == EACCES || cause == EPERM ? ERR_DENIED
                          : cause == ENOMEM                   ? ERR_NOMEM
                                                              : ERR_IO;
    return FAIL(err, code, "cannot %s the model file %s: %m", doing, path);
}

/* Map a regular file that has at least a byte. */
static enum err map_file(const char *path, bool verify, void **ret_map, size_t *ret_size,
                         struct error *err)
{
    enum err rc = ERR_OK;
    struct stat status;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not stop us */
    if (fd < 0)
        return system_error(path, "open", err);
    if (fstat(fd, &status) != 0) {
        rc = system_error(path, "look at", err);
    } else if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        rc = FAIL(err, ERR_CORRUPT, "%s: byte 0: expected a model file, but this is %s", path,
                  S_ISREG(status.st_mode) ? "empty" : "not a file");
    } else {
        void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            rc = system_error(path, "map", err);
        } else {
            if (verify) /* all of it is read from front to back; only a wish */
                madvise(map, (size_t)status.st_size, MADV_WILLNEED);
            *ret_map = map;
            *ret_size = (size_t)status.st_size;
        }
    }
    close(fd);
    return rc;
}

enum err model_file_open(const char *path, bool verify, struct model_file **ret_file,
                         struct error *err)
{
    enum err rc;
    void *map = NULL;
    size_t size = 0;
    struct model_file *file = NULL;

    TRY(map_file(path, verify, &map, &size, err));
    rc = model_file_open_memory(map, size, verify, &file, err);
    if (rc == ERR_CORRUPT)
        error_prefix(err, "%s: ", path);
    if (rc != ERR_OK)
        goto done;
    file->map = map;
    file->map_size = size;
    *ret_file = file;
    map = NULL;
done:
    if (map != NULL)
        munmap(map, size);
    return rc;
}

const struct model_record *model_file_record(const struct model_file *file)
{
    return &file->record;
}

void model_file_close(struct model_file *file)
{
    if (file == NULL)
        return;
    struct idmap *maps[] = {&file->users, &file->items};
    for (int i = 0; i < 2; i++)
        if (maps[i]->kind == ID_STRING) /* numbers lie in the map */
            idmap_release(maps[i]);
    json_decref(file->params);
    json_decref(file->metrics);
    json_decref(file->data);
    model_free(file->model);
    mem_free(file->version);
    if (file->map != NULL)
        munmap(file->map, file->map_size);
    mem_free(file);
}
