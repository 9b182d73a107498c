#include "worker/data_path.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static_assert(sizeof(((struct data_path *)0)->root) == PATH_MAX, "a root is a path");

/* The path, absolute, without doubled slashes, "." and a slash at its end; ".." stays, for the
 * kernel to judge. False: it is too long. */
static bool tidy(const char *path, char out[PATH_MAX])
{
    size_t used = 0;
    if (path[0] != '/') {
        if (getcwd(out, PATH_MAX) == NULL)
            return false;
        used = strlen(out);
        used -= used == 1; /* "/" */
    }
    while (*path != '\0') {
        const size_t skip = strspn(path, "/"), length = strcspn(path + skip, "/");
        const char *part = path + skip;
        path = part + length;
        if (length == 0 || (length == 1 && part[0] == '.'))
            continue;
        if (used + 1 + length + 2 > PATH_MAX)
            return false;
        out[used++] = '/';
        memcpy(out + used, part, length);
        used += length;
    }
    if (used == 0)
        out[used++] = '/';
    out[used] = '\0';
    return true;
}

/* What of `path` comes after `root`, "." for the root itself; NULL: it does not begin with it. */
static const char *after_root(const char *path, const char *root)
{
    const size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(path, root, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    return path[length] == '\0' || path[length + 1] == '\0' ? "." : path + length + 1;
}

/* Without openat2 (kernels before 5.6, and sandboxes that do not know it): part by part, and no
 * link at all. */
static int open_by_parts(int root, const char *path)
{
    char part[NAME_MAX + 1];
    int at = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (at >= 0 && *path != '\0') {
        const size_t length = strcspn(path, "/");
        if (length >= sizeof(part) || (length == 2 && strncmp(path, "..", 2) == 0)) {
            close(at);
            errno = length == 2 ? EXDEV : ENAMETOOLONG;
            return -1;
        }
        memcpy(part, path, length);
        part[length] = '\0';
        path += length + strspn(path + length, "/");
        const int next = openat(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        const int cause = errno;
        close(at);
        errno = cause;
        at = next;
    }
    return at;
}

static int open_beneath(int root, const char *path)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    const int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return fd;
    return open_by_parts(root, path);
}

static bool climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

/* The roots as people may read them: "/data, ./data". */
static const char *roots_text(const struct config *config, char *out, size_t out_size)
{
    const char *const *roots;
    const int32_t count = config_list(config, "DATA_ROOTS", &roots);
    size_t used = 0;
    out[0] = '\0';
    for (int32_t i = 0; i < count && used < out_size; i++)
        used += (size_t)snprintf(out + used, out_size - used, "%s%s", i > 0 ? ", " : "", roots[i]);
    return out;
}

/* `rest` is how the path goes on after the root. */
static enum err open_failed(const struct config *config, const char *path, const char *rest,
                            int cause, struct error *err)
{
    char roots[160];
    roots_text(config, roots, sizeof(roots));
    switch (cause) {
    case ENOENT:
        return FAIL_REASON(err, ERR_NOT_FOUND, "path_missing",
                           "%.200s does not exist. Check the data path; data lies beneath %s.",
                           path, roots);
    case EACCES:
    case EPERM:
        return FAIL_REASON(err, ERR_DENIED, "path_denied",
                           "%.200s may not be read by the user that rectrain runs as. Change its "
                           "permissions, or those of the directories above it.",
                           path);
    case EXDEV:
    case ELOOP:
        if (climbs(rest))
            return FAIL_REASON(err, ERR_DENIED, "path_outside_roots",
                               "%.200s leaves the data roots (%s). Choose a path beneath them.",
                               path, roots);
        return FAIL_REASON(err, ERR_DENIED, "link_outside",
                           "%.200s is a link that leaves the data roots (%s), which is not "
                           "followed. Put the data itself there.",
                           path, roots);
    case ENOTDIR:
        return FAIL_REASON(err, ERR_DATA, "path_not_directory",
                           "%.200s is no directory. Give the directory that holds clickstream.pq "
                           "and events.pq.",
                           path);
    case ENAMETOOLONG:
        return FAIL_REASON(err, ERR_INVALID, "path_too_long",
                           "a part of %.200s... is longer than a name may be.", path);
    case EMFILE:
    case ENFILE:
        return FAIL_REASON(err, ERR_IO, "too_many_files",
                           "%.200s cannot be opened: too many files are open", path);
    default:
        return FAIL_REASON(err, ERR_IO, "open_failed", "%.200s cannot be opened: %s", path,
                           strerrordesc_np(cause));
    }
}

/* Open `rest` beneath an open root into *ret_place: a directory, else what a pattern begins in.
 * Returns 0 or the cause. `path` is what the user gave, which ends as rest does. */
static int open_rest(int root, const char *rest, const char *path, struct data_place *ret_place)
{
    char base[PATH_MAX], above[PATH_MAX + 3];
    struct data_place place = {.directory = open_beneath(root, rest), .above = -1};
    if (place.directory < 0 && errno == ENOENT && data_path_has_wildcard(rest)) {
        data_path_base(rest, base, sizeof(base));
        snprintf(above, sizeof(above), "%s/..", base);
        place.directory = open_beneath(root, base);
        if (place.directory < 0)
            return errno;
        place.above = open_beneath(root, above); /* it may lie outside: then it is not looked at */
        place.pattern = path + data_path_base(path, base, sizeof(base));
    }
    if (place.directory < 0)
        return errno;
    *ret_place = place;
    return 0;
}

/* Try the path beneath one root. Returns 0, the cause, or -1: this root is not there or not meant.
 * *ret_rest points into `absolute` or `path`. */
static int try_root(const char *root, const char *absolute, const char *path, bool by_name,
                    const char **ret_rest, struct data_path *ret_path)
{
    char named[PATH_MAX], real[PATH_MAX];
    const char *rest = NULL;
    const int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (by_name)
        rest = path;
    else if (tidy(root, named) && (rest = after_root(absolute, named)) == NULL &&
             realpath(root, real) != NULL)
        rest = after_root(absolute, real);
    int cause = -1;
    if (rest != NULL) {
        cause = open_rest(fd, rest, path, &ret_path->place);
        snprintf(ret_path->root, sizeof(ret_path->root), "%s", root);
        *ret_rest = rest;
    }
    close(fd);
    return cause;
}

static bool any_root(const char *const *roots, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int fd = open(roots[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            close(fd);
            return true;
        }
    }
    return false;
}

enum err data_path_open(const struct config *config, const char *path, struct data_path *ret_path,
                        struct error *err)
{
    const char *const *roots, *rest = "";
    char absolute[PATH_MAX], text[160];
    struct data_path found = {0};
    const int32_t count = config_list(config, "DATA_ROOTS", &roots);
    int cause = -1;

    if (path[0] == '\0')
        return FAIL_REASON(err, ERR_INVALID, "path_empty", "the data path is empty");
    if (!tidy(path, absolute))
        return FAIL_REASON(err, ERR_INVALID, "path_too_long", "the data path is too long");
    for (int pass = 0; pass < (path[0] == '/' ? 1 : 2) && cause != 0; pass++) {
        for (int32_t i = 0; i < count && cause != 0; i++) {
            const int now = try_root(roots[i], absolute, path, pass == 1, &rest, &found);
            if (now == 0 || cause == -1)
                cause = now;
        }
        if (pass == 0 && cause != -1)
            break; /* it names a root: what that said counts */
    }
    if (cause > 0)
        return open_failed(config, path, rest, cause, err);
    if (cause < 0 && !any_root(roots, count))
        return FAIL_REASON(err, ERR_NOT_FOUND, "roots_missing",
                           "there is no data root: %s. Make or mount it, or set DATA_ROOTS.",
                           roots_text(config, text, sizeof(text)));
    if (cause < 0)
        return FAIL_REASON(err, ERR_DENIED, "path_outside_roots",
                           "%.200s is not beneath a data root (%s). Choose a path there.", path,
                           roots_text(config, text, sizeof(text)));
    *ret_path = found;
    return ERR_OK;
}

void data_path_close(struct data_path *path)
{
    if (path->root[0] != '\0') {
        close(path->place.directory);
        if (path->place.above >= 0)
            close(path->place.above);
    }
    *path = (struct data_path){0};
}

enum err data_path_check(const struct config *config, const char *path, struct error *err)
{
    struct data_path opened = {0};
    const enum err rc = data_path_open(config, path, &opened, err);
    if (rc == ERR_OK)
        data_path_close(&opened);
    return rc;
}

/* "lists/today.csv": the directory, "." for none, and the name. False: too long, or there is none.
 */
static bool split_file(const char *path, char directory[PATH_MAX], const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    const size_t length = slash != NULL ? (size_t)(slash - path) : 0;
    *ret_name = slash != NULL ? slash + 1 : path;
    if (length >= PATH_MAX || (*ret_name)[0] == '\0')
        return false;
    snprintf(directory, PATH_MAX, "%.*s", (int)length, path);
    if (length == 0)
        snprintf(directory, PATH_MAX, "%s", slash != NULL ? "/" : ".");
    return true;
}

enum err data_file_open(const struct config *config, const char *path, int *ret_fd,
                        struct error *err)
{
    enum err rc;
    struct stat status;
    char directory[PATH_MAX];
    const char *name;
    struct data_path above = {0};
    if (!split_file(path, directory, &name))
        return FAIL_REASON(err, ERR_DATA, "not_regular", "%.200s names no file", path);
    rc = data_path_open(config, directory, &above, err);
    if (rc == ERR_OK && above.place.pattern != NULL)
        rc = open_failed(config, path, path, ENOENT, err);
    TRY(rc);
    const int fd =
        openat(above.place.directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        rc = open_failed(config, path, name, errno, err);
        goto done;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        rc = FAIL_REASON(err, ERR_DATA, "not_regular", "%.200s is no ordinary file", path);
        goto done;
    }
    *ret_fd = fd;
done:
    data_path_close(&above);
    return rc;
}
