#include "model/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/file_format.h"

static enum err open_memory(const void *bytes, size_t size, const struct model_file_look *look,
                            struct model_file **ret_file, struct error *err)
{
    enum err rc;
    struct model_file *file;

    TRY_PTR(file = mem_array(1, sizeof(*file), err));
    rc = model_file_read(bytes, size, look, file, err);
    if (rc == ERR_OK)
        *ret_file = file;
    else
        model_file_close(file);
done:
    return rc;
}

static struct model_file_look look_of(bool verify)
{
    return (struct model_file_look){.checks = verify ? MODEL_FILE_VERIFIED : MODEL_FILE_CHECKED};
}

enum err model_file_open_memory(const void *bytes, size_t size, bool verify,
                                struct model_file **ret_file, struct error *err)
{
    const struct model_file_look look = look_of(verify);
    return open_memory(bytes, size, &look, ret_file, err);
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
static enum err map_file(int fd, const char *name, bool is_read_whole, void **ret_map,
                         size_t *ret_size, struct error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return system_error(name, "look at", err);
    if (!S_ISREG(status.st_mode) || status.st_size == 0)
        return FAIL(err, ERR_CORRUPT, "%s: byte 0: expected a model file, but this is %s", name,
                    S_ISREG(status.st_mode) ? "empty" : "not a file");
    void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return system_error(name, "map", err);
    if (is_read_whole) /* from front to back; only a wish */
        madvise(map, (size_t)status.st_size, MADV_WILLNEED);
    *ret_map = map;
    *ret_size = (size_t)status.st_size;
    return ERR_OK;
}

enum err model_file_open_fd(int fd, const char *name, const struct model_file_look *look,
                            struct model_file **ret_file, struct error *err)
{
    enum err rc;
    void *map = NULL;
    size_t size = 0;
    struct model_file *file = NULL;

    TRY(map_file(fd, name, look->checks == MODEL_FILE_VERIFIED, &map, &size, err));
    rc = open_memory(map, size, look, &file, err);
    if (rc == ERR_CORRUPT)
        error_prefix(err, "%s: ", name);
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

enum err model_file_open(const char *path, bool verify, struct model_file **ret_file,
                         struct error *err)
{
    const struct model_file_look look = look_of(verify);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not stop us */
    if (fd < 0)
        return system_error(path, "open", err);
    const enum err rc = model_file_open_fd(fd, path, &look, ret_file, err);
    close(fd);
    return rc;
}

int64_t model_file_bytes(const struct model_file *file)
{
    return (int64_t)file->map_size;
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
