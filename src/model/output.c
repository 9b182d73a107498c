#include "model/output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    CHUNK_BYTES = 256 << 10, /* hashed and then written while it is still in the cache */
    NAMES_MAX = 10000,       /* the highest number before the extension */
    TEMPORARY_TRIES = 16,
};
static const double REPORT_SECONDS = 0.25;

/* `doing` is what failed with errno. */
static enum err system_error(const struct output *out, const char *doing, struct error *err)
{
    const int cause = errno;
    const bool denied = cause == EACCES || cause == EPERM || cause == EROFS;
    const bool full = cause == ENOSPC || cause == EDQUOT;
    return FAIL_REASON(err,
                       denied            ? ERR_DENIED
                       : cause == ENOMEM ? ERR_NOMEM
                                         : ERR_IO,
                       full ? "disk_full" : "", "cannot %s %s/%s%s: %m", doing, out->spec.directory,
                       out->spec.stem, out->spec.extension);
}

/* Sync the directory that `path` lies in, so that its new name survives a loss of power. */
static enum err sync_parent(const struct output *out, const char *path, struct error *err)
{
    enum err rc = ERR_OK;
    int fd = -1;
    char *parent = NULL;

    TRY_PTR(parent = mem_dup_string(path, err));
    size_t len = strlen(parent);
    while (len > 1 && parent[len - 1] == '/')
        parent[--len] = '\0';
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        memcpy(parent, ".", len > 0 ? 2 : 1);
    else
        slash[slash == parent ? 1 : 0] = '\0';
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        rc = system_error(out, "sync the directory above", err);
done:
    if (fd >= 0)
        close(fd);
    mem_free(parent);
    return rc;
}

static enum err open_directory(struct output *out, struct error *err)
{
    enum err rc = ERR_OK;
    if (mkdir(out->spec.directory, 0777) == 0)
        TRY(sync_parent(out, out->spec.directory, err));
    else if (errno != EEXIST)
        return system_error(out, "make the directory of", err);
    out->directory_fd = open(out->spec.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->directory_fd < 0)
        rc = system_error(out, "open the directory of", err);
done:
    return rc;
}

static enum err open_named(struct output *out, struct error *err)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        uint64_t random;
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
            return system_error(out, "draw a temporary name for", err);
        snprintf(out->temporary, sizeof(out->temporary), ".rectrain-%016" PRIx64 ".tmp", random);
        out->fd = openat(out->directory_fd, out->temporary,
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (out->fd >= 0)
            return ERR_OK;
        out->temporary[0] = '\0'; /* nothing to remove */
        if (errno != EEXIST)
            break;
    }
    return system_error(out, "create", err);
}

enum err output_open(struct output *out, const struct output_spec *spec, struct error *err)
{
    enum err rc;
    *out = (struct output){.spec = *spec, .directory_fd = -1, .fd = -1};

    TRY_PTR(out->buffer = mem_array(CHUNK_BYTES, 1, err));
    if (spec->hashed)
        TRY(hash_create(&out->hash, err));
    TRY(open_directory(out, err));
    /* A nameless file gets its name by way of /proc. */
    if (!spec->named && access("/proc/self/fd", X_OK) == 0)
        out->fd = openat(out->directory_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    if (out->fd < 0)
        TRY(open_named(out, err));
    rc = ERR_OK;
done:
    return rc;
}

static enum err poll_progress(struct output *out, struct error *err)
{
    const struct progress *progress = out->spec.progress;
    if (progress == NULL)
        return ERR_OK;
    if (progress_cancelled(progress))
        return FAIL(err, ERR_CANCELLED, "cancelled while writing %s/%s%s", out->spec.directory,
                    out->spec.stem, out->spec.extension);
    const double now = clock_seconds();
    if (now >= out->next_report) {
        const struct progress_update update = {.phase = PHASE_SAVE,
                                               .done = (double)out->flushed,
                                               .total = out->spec.total_bytes,
                                               .unit = "bytes",
                                               .loss = NAN,
                                               .seconds = NAN,
                                               .recall = NAN};
        progress_report(progress, &update);
        out->next_report = now + REPORT_SECONDS;
    }
    return ERR_OK;
}

/* At most a chunk. */
static enum err write_out(struct output *out, const unsigned char *bytes, size_t size,
                          struct error *err)
{
    enum err rc;
    TRY(poll_progress(out, err));
    if (out->hash != NULL)
        hash_add(out->hash, bytes, size);
    const uint64_t begin = out->flushed;
    for (size_t done_bytes = 0; done_bytes < size;) {
        const ssize_t n = write(out->fd, bytes + done_bytes, size - done_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return system_error(out, "write", err);
        if (n == 0) {
            errno = ENOSPC;
            return system_error(out, "write", err);
        }
        done_bytes += (size_t)n;
        out->flushed += (uint64_t)n;
    }
    /* The disk starts now, so that the last sync is short; only a wish, hence not checked. */
    sync_file_range(out->fd, (off64_t)begin, (off64_t)size, SYNC_FILE_RANGE_WRITE);
done:
    return rc;
}

static enum err flush(struct output *out, struct error *err)
{
    enum err rc;
    TRY(write_out(out, out->buffer, out->used, err));
    out->used = 0;
done:
    return rc;
}

enum err output_write(struct output *out, const void *bytes, size_t size, struct error *err)
{
    enum err rc = ERR_OK;
    const unsigned char *at = bytes;

    out->written += size;
    while (size > 0) {
        if (out->used == CHUNK_BYTES)
            TRY(flush(out, err));
        if (out->used == 0 && size >= CHUNK_BYTES) { /* large: straight from where it lies */
            TRY(write_out(out, at, CHUNK_BYTES, err));
            at += CHUNK_BYTES;
            size -= CHUNK_BYTES;
            continue;
        }
        const size_t room = CHUNK_BYTES - out->used, n = size < room ? size : room;
        memcpy(out->buffer + out->used, at, n);
        out->used += n;
        at += n;
        size -= n;
    }
done:
    return rc;
}

enum err output_sum_with(struct output *out, const void *tail, size_t tail_size,
                         char ret_hex[HASH_HEX_SIZE], struct error *err)
{
    enum err rc;
    struct hash *sum = NULL;
    unsigned char bytes[HASH_BYTES];

    TRY(flush(out, err));
    TRY(hash_dup(out->hash, &sum, err));
    hash_add(sum, tail, tail_size);
    hash_finish(sum, bytes);
    hash_hex(bytes, ret_hex);
done:
    hash_free(sum);
    return rc;
}

/* Give the synced file the name: false with errno when that fails. */
static bool link_to(struct output *out, const char *name)
{
    if (out->temporary[0] == '\0') {
        char self[40];
        snprintf(self, sizeof(self), "/proc/self/fd/%d", out->fd);
        return linkat(AT_FDCWD, self, out->directory_fd, name, AT_SYMLINK_FOLLOW) == 0;
    }
    bool moved = renameat2(out->directory_fd, out->temporary, out->directory_fd, name,
                           RENAME_NOREPLACE) == 0;
    if (!moved && (errno == EINVAL || errno == ENOSYS)) /* a file system without it */
        return linkat(out->directory_fd, out->temporary, out->directory_fd, name, 0) == 0;
    if (moved)
        out->temporary[0] = '\0'; /* else output_release removes that name */
    return moved;
}

static enum err take_name(struct output *out, char *name, size_t name_size, struct error *err)
{
    for (int number = 1; number <= (out->spec.numbered ? NAMES_MAX : 1); number++) {
        if (number == 1)
            snprintf(name, name_size, "%s%s", out->spec.stem, out->spec.extension);
        else
            snprintf(name, name_size, "%s_%d%s", out->spec.stem, number, out->spec.extension);
        if (link_to(out, name))
            return ERR_OK;
        if (errno != EEXIST)
            return system_error(out, "name", err);
    }
    return FAIL_REASON(err, ERR_INVALID, "file_exists",
                       "%s/%s%s exists; nothing is overwritten: remove it or choose another name",
                       out->spec.directory, out->spec.stem, out->spec.extension);
}

enum err output_commit(struct output *out, char **ret_path, char ret_sha256[HASH_HEX_SIZE],
                       struct error *err)
{
    enum err rc;
    char *path = NULL;
    const size_t name_size = strlen(out->spec.stem) + strlen(out->spec.extension) + 16;
    const size_t prefix = strlen(out->spec.directory) + 1;

    TRY_PTR(path = mem_array(prefix + name_size, 1, err)); /* first: no failure after the link */
    TRY(flush(out, err));
    if (fsync(out->fd) != 0) {
        rc = system_error(out, "sync", err);
        goto done;
    }
    memcpy(path, out->spec.directory, prefix - 1);
    path[prefix - 1] = '/';
    TRY(take_name(out, path + prefix, name_size, err));
    if (fsync(out->directory_fd) != 0) {
        rc = system_error(out, "sync the directory of", err);
        unlinkat(out->directory_fd, path + prefix, 0);
        goto done;
    }
    if (ret_sha256 != NULL) {
        unsigned char sum[HASH_BYTES];
        hash_finish(out->hash, sum);
        hash_hex(sum, ret_sha256);
    }
    if (ret_path != NULL) {
        *ret_path = path;
        path = NULL;
    }
done:
    mem_free(path);
    return rc;
}

void output_release(struct output *out)
{
    if (out->buffer != NULL || out->hash != NULL) {
        if (out->temporary[0] != '\0')
            unlinkat(out->directory_fd, out->temporary, 0);
        if (out->fd >= 0)
            close(out->fd); /* was synced where it matters, so this has nothing more to tell */
        if (out->directory_fd >= 0)
            close(out->directory_fd);
    }
    hash_free(out->hash);
    mem_free(out->buffer);
    *out = (struct output){.directory_fd = -1, .fd = -1};
}
