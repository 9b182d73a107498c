#include "data/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/source.h"

enum { NAME_BYTES_MAX = 1024, PATH_BYTES_MAX = 4096 };

void file_set_release(struct file_set *set)
{
    for (int32_t i = 0; i < set->count; i++) {
        if (set->files[i].fd >= 0)
            close(set->files[i].fd);
        mem_free(set->files[i].name);
    }
    mem_free(set->files);
    *set = (struct file_set){.title = set->title};
}

const char *file_set_name(const struct file_set *set, char *out, unsigned long out_size)
{
    if (set->count == 1)
        snprintf(out, out_size, "%s", set->files[0].name);
    else
        snprintf(out, out_size, "%s (%d parts)", set->title, set->count);
    return out;
}

enum err file_read(const struct data_file *file, int64_t offset, void *out, int64_t size,
                   struct error *err)
{
    char *to = out;
    while (size > 0) {
        const ssize_t got = pread(file->fd, to, (size_t)size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return FAIL_REASON(err, ERR_IO, "read_failed", "%s cannot be read: %s.", file->name,
                               got < 0 ? strerrordesc_np(errno) : "it became shorter meanwhile");
        to += got;
        offset += got;
        size -= got;
    }
    return ERR_OK;
}

static enum err not_regular(const char *name, struct error *err)
{
    return FAIL_REASON(err, ERR_DATA, "not_regular",
                       "%s is no ordinary file. Give files of data, not directories inside the "
                       "parts, pipes or devices.",
                       name);
}

/* What the system said when `name` could not be opened, in words and with a kind. */
static enum err open_failed(const char *name, int code, struct error *err)
{
    if (code == ENXIO) /* a socket is not even opened */
        return not_regular(name, err);
    if (code == ENOENT)
        return FAIL_REASON(err, ERR_NOT_FOUND, "path_missing",
                           "%s does not exist. Check the data path.", name);
    if (code == EACCES || code == EPERM)
        return FAIL_REASON(err, ERR_DENIED, "path_denied",
                           "%s may not be read by this user. Change its permissions, or those of "
                           "the directories above it.",
                           name);
    if (code == EXDEV || code == ELOOP)
        return FAIL_REASON(err, ERR_DENIED, "link_outside",
                           "%s is a link that leaves the data directory, which is not followed. "
                           "Put the file itself there.",
                           name);
    if (code == EMFILE || code == ENFILE)
        return FAIL_REASON(err, ERR_IO, "too_many_files",
                           "%s cannot be opened: too many files are open. Raise the limit "
                           "(ulimit -n), or write fewer parts.",
                           name);
    return FAIL_REASON(err, ERR_IO, "open_failed", "%s cannot be opened: %s.", name,
                       strerrordesc_np(code));
}

/* Kernels before 5.6, and sandboxes that know no openat2, follow no link at all. */
static int open_beneath(int directory, const char *name)
{
    const struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, /* a pipe must not make us wait */
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    const int fd = (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return fd;
    return openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
}

/* Open the part `name` of the data directory and check what can be told without the engine. */
static enum err add_file(struct file_set *set, int directory, const char *name, struct error *err)
{
    enum err rc;
    struct stat status;
    const struct source *source = source_of_name(name);

    if (source == NULL || (set->source != NULL && source != set->source))
        return FAIL_REASON(err, ERR_DATA, "parts_mixed",
                           "%s is not of the same kind as the other parts of %s. All parts must "
                           "have one kind (.pq and .parquet, or .csv); names that begin with . "
                           "or _ are left out.",
                           name, set->title);
    if (set->count == DATA_FILES_MAX)
        return FAIL_REASON(err, ERR_DATA, "too_many_parts",
                           "%s has more than %d parts. Write fewer, larger ones.", set->title,
                           DATA_FILES_MAX);
    struct data_file *file = &set->files[set->count];
    *file = (struct data_file){.fd = -1, .rows = -1};
    set->source = source;
    set->count++; /* from here on file_set_release closes it */
    TRY_PTR(file->name = mem_dup_string(name, err));
    file->fd = open_beneath(directory, name);
    if (file->fd < 0)
        return open_failed(name, errno, err);
    if (fstat(file->fd, &status) != 0 || !S_ISREG(status.st_mode))
        return not_regular(name, err);
    file->bytes = status.st_size;
    if (file->bytes == 0)
        return FAIL_REASON(err, ERR_DATA, "file_empty", "%s is empty (0 bytes). Write it again.",
                           name);
    TRY(source->probe(file, err));
done:
    return rc;
}

struct names {
    char (*items)[NAME_BYTES_MAX];
    int32_t count;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static enum err add_name(struct names *names, const char *prefix, const char *name,
                         struct error *err)
{
    if (names->count == DATA_FILES_MAX + 1)
        return ERR_OK; /* add_file says that there are too many */
    const int used = snprintf(names->items[names->count], NAME_BYTES_MAX, "%s%s", prefix, name);
    if (used >= NAME_BYTES_MAX)
        return FAIL_REASON(err, ERR_DATA, "name_too_long", "the name %.64s... is too long.", name);
    names->count++;
    return ERR_OK;
}

/* The entries of directory `sub` that are parts. */
static enum err list_parts(int directory, const char *sub, struct names *names, struct error *err)
{
    enum err rc = ERR_OK;
    char prefix[NAME_BYTES_MAX + 1];
    snprintf(prefix, sizeof(prefix), "%s/", sub);
    const int fd = open_beneath(directory, sub);
    if (fd < 0)
        return open_failed(sub, errno, err);
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        close(fd);
        return open_failed(sub, errno, err);
    }
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (entry->d_name[0] != '.' && entry->d_name[0] != '_')
            TRY(add_name(names, prefix, entry->d_name, err));
    if (names->count == 0)
        rc = FAIL_REASON(err, ERR_DATA, "parts_missing",
                         "%s is a directory without a single part in it. Put .pq, .parquet or "
                         ".csv files there.",
                         sub);
done:
    closedir(stream);
    return rc;
}

static enum err add_names(struct file_set *set, int directory, struct names *names,
                          struct error *err)
{
    enum err rc = ERR_OK;
    qsort(names->items, (size_t)names->count, NAME_BYTES_MAX, compare_names);
    TRY_PTR(set->files = mem_array((size_t)names->count, sizeof(*set->files), err));
    for (int32_t i = 0; i < names->count; i++)
        TRY(add_file(set, directory, names->items[i], err));
done:
    return rc;
}

/* Add TITLE.pq and so on, and the directory TITLE, as far as they are there. */
static enum err list_candidates(int directory, const char *title, struct names *names,
                                struct error *err)
{
    enum err rc = ERR_OK;
    struct stat status;
    char name[NAME_BYTES_MAX];
    for (int32_t i = 0; i < source_count(); i++) {
        for (const char *const *extension = source_at(i)->extensions; *extension; extension++) {
            snprintf(name, sizeof(name), "%s%s", title, *extension);
            if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
                TRY(add_name(names, "", name, err));
        }
    }
    if (fstatat(directory, title, &status, AT_SYMLINK_NOFOLLOW) == 0)
        TRY(add_name(names, "", title, err));
done:
    return rc;
}

/* The table `title` in a directory, `path` being its name for messages. */
static enum err find_table(int directory, const char *path, const char *title, struct file_set *set,
                           struct error *err)
{
    enum err rc;
    struct names names = {0};
    struct stat status;
    *set = (struct file_set){.title = title};

    TRY_PTR(names.items = mem_array(DATA_FILES_MAX + 1, NAME_BYTES_MAX, err));
    TRY(list_candidates(directory, title, &names, err));
    if (names.count == 0) {
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "file_missing",
                         "%s holds no %s.pq (nor .parquet, .csv, nor a directory %s of parts). "
                         "Put it there, or choose another data path.",
                         path, title, title);
        goto done;
    }
    if (names.count > 1) {
        rc = FAIL_REASON(err, ERR_DATA, "file_ambiguous",
                         "%s holds both %s and %s. Remove the one that is not to be read.", path,
                         names.items[0], names.items[1]);
        goto done;
    }
    if (fstatat(directory, names.items[0], &status, 0) == 0 && S_ISDIR(status.st_mode)) {
        char sub[NAME_BYTES_MAX];
        snprintf(sub, sizeof(sub), "%s", names.items[0]);
        names.count = 0;
        TRY(list_parts(directory, sub, &names, err));
    }
    TRY(add_names(set, directory, &names, err));
done:
    mem_free(names.items);
    return rc;
}

static enum err open_directory(const char *path, int *ret_fd, struct error *err)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOTDIR)
        return FAIL_REASON(err, ERR_DATA, "path_not_directory",
                           "%s is no directory. Give the directory that holds clickstream.pq and "
                           "events.pq.",
                           path);
    if (fd < 0)
        return open_failed(path, errno, err);
    *ret_fd = fd;
    return ERR_OK;
}

/* The matches of a pattern in the open directory. An events file that the pattern takes in is no
 * part of the clickstream. `path` is the pattern for messages. */
static enum err list_matches(int directory, const char *pattern, const char *path,
                             struct names *names, struct error *err)
{
    enum err rc = ERR_OK;
    glob_t found = {0};
    char whole[PATH_BYTES_MAX + 32];
    const int base_length = snprintf(whole, sizeof(whole), "/proc/self/fd/%d/", directory);
    snprintf(whole + base_length, sizeof(whole) - (size_t)base_length, "%s", pattern);
    const int status = glob(whole, GLOB_NOSORT, NULL, &found);
    if (status == GLOB_NOSPACE)
        rc = FAIL(err, ERR_NOMEM, "out of memory while looking for %s", path);
    for (size_t i = 0; rc == ERR_OK && status == 0 && i < found.gl_pathc; i++) {
        const char *name = found.gl_pathv[i] + base_length;
        if (strncmp(name, "events.", 7) != 0)
            rc = add_name(names, "", name, err);
    }
    if (rc == ERR_OK && names->count == 0)
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "path_missing",
                         "no file matches %s. Check the data path.", path);
    globfree(&found);
    return rc;
}

bool data_path_has_wildcard(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

size_t data_path_base(const char *pattern, char *base, size_t base_size)
{
    size_t length = strcspn(pattern, "*?[");
    while (length > 0 && pattern[length - 1] != '/')
        length--;
    if (length == 0)
        snprintf(base, base_size, ".");
    else
        snprintf(base, base_size, "%.*s", length == 1 ? 1 : (int)length - 1, pattern);
    return length;
}

/* Parts at place->pattern; the events beside them, or in the directory above. */
static enum err find_pattern(const char *path, const struct data_place *place,
                             struct file_set *clicks, struct file_set *events, struct error *err)
{
    enum err rc;
    struct names names = {0};
    char base[PATH_BYTES_MAX];

    data_path_base(path, base, sizeof(base));
    TRY_PTR(names.items = mem_array(DATA_FILES_MAX + 1, NAME_BYTES_MAX, err));
    TRY(list_matches(place->directory, place->pattern, path, &names, err));
    TRY(add_names(clicks, place->directory, &names, err));
    rc = find_table(place->directory, base, events->title, events, err);
    if (rc == ERR_NOT_FOUND && place->above >= 0) { /* parts often have a directory of their own */
        file_set_release(events);
        rc = find_table(place->above, base, events->title, events, err);
    }
done:
    mem_free(names.items);
    return rc;
}

/* Open what the path names. The caller closes the descriptors of *ret_place, also on failure. */
static enum err open_place(const char *path, struct data_place *ret_place, struct error *err)
{
    enum err rc;
    char base[PATH_BYTES_MAX], parent[PATH_BYTES_MAX + 3];
    if (!data_path_has_wildcard(path) || access(path, F_OK) == 0)
        return open_directory(path, &ret_place->directory, err);
    ret_place->pattern = path + data_path_base(path, base, sizeof(base));
    snprintf(parent, sizeof(parent), "%s/..", base);
    TRY(open_directory(base, &ret_place->directory, err));
    TRY(open_directory(parent, &ret_place->above, err));
done:
    return rc;
}

enum err files_find(const char *path, const struct data_place *place, struct file_set *ret_clicks,
                    struct file_set *ret_events, struct error *err)
{
    enum err rc;
    struct data_place own = {.directory = -1, .above = -1};
    struct file_set clicks = {.title = "clickstream"}, events = {.title = "events"};

    if (strlen(path) >= PATH_BYTES_MAX)
        return FAIL_REASON(err, ERR_DATA, "name_too_long", "the data path is too long.");
    if (place == NULL) {
        TRY(open_place(path, &own, err));
        place = &own;
    }
    if (place->pattern != NULL) {
        TRY(find_pattern(path, place, &clicks, &events, err));
    } else {
        TRY(find_table(place->directory, path, "clickstream", &clicks, err));
        TRY(find_table(place->directory, path, "events", &events, err));
    }
    *ret_clicks = clicks;
    *ret_events = events;
    clicks = events = (struct file_set){0};
done:
    if (own.directory >= 0)
        close(own.directory);
    if (own.above >= 0)
        close(own.above);
    file_set_release(&clicks);
    file_set_release(&events);
    return rc;
}
