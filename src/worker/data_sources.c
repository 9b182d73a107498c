/* What there is beneath the data roots. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/source.h"
#include "worker/data_path.h"

enum { DIRECTORIES_MAX = 5000 }; /* looked into */

struct found {
    char *path;
    char clickstream[64], events[64]; /* "": none */
    int64_t bytes, modified;
};

struct walk {
    struct found *items; /* [DATA_SOURCES_MAX] */
    struct found *files; /* the same: tables that are neither clickstream nor events */
    int32_t count, file_count, looked_into;
    bool is_cut;
};

/* Whether `name` is a table's: "clickstream", or "clickstream.pq" with an ending that is read. */
static bool is_table(const char *name, const char *title)
{
    const size_t length = strlen(title);
    return strncmp(name, title, length) == 0 &&
           (name[length] == '\0' || (name[length] == '.' && source_of_name(name) != NULL));
}

/* Take in the size of a file, or of the parts in a directory. False: no table is there. */
static bool measure(int directory, const char *name, struct found *found)
{
    struct stat status;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (S_ISLNK(status.st_mode) && fstatat(directory, name, &status, 0) != 0)
        return false;
    if (status.st_mtime > found->modified)
        found->modified = status.st_mtime;
    if (S_ISREG(status.st_mode)) {
        found->bytes += status.st_size;
        return true;
    }
    const int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    int32_t parts = 0;
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL && parts < DATA_FILES_MAX;)
        if (entry->d_name[0] != '.' && source_of_name(entry->d_name) != NULL &&
            fstatat(fd, entry->d_name, &status, 0) == 0 && S_ISREG(status.st_mode)) {
            found->bytes += status.st_size;
            parts++;
        }
    closedir(stream);
    return parts > 0;
}

static enum err take(struct walk *walk, int directory, const char *path, struct found *found,
                     struct error *err)
{
    const bool has_clicks =
        found->clickstream[0] != '\0' && measure(directory, found->clickstream, found);
    if (!has_clicks)
        return ERR_OK;
    if (found->events[0] != '\0' && !measure(directory, found->events, found))
        found->events[0] = '\0';
    if (walk->count == DATA_SOURCES_MAX) {
        walk->is_cut = true;
        return ERR_OK;
    }
    found->path = mem_dup_string(path, err);
    if (found->path == NULL)
        return ERR_NOMEM;
    walk->items[walk->count++] = *found;
    return ERR_OK;
}

/* A table of something else, such as a list of users. */
static enum err take_file(struct walk *walk, int directory, const char *path, struct error *err)
{
    struct stat status;
    struct found found = {0};
    if (fstatat(directory, strrchr(path, '/') + 1, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
        return ERR_OK;
    if (walk->file_count == DATA_SOURCES_MAX) {
        walk->is_cut = true;
        return ERR_OK;
    }
    found.bytes = status.st_size;
    found.modified = status.st_mtime;
    found.path = mem_dup_string(path, err);
    if (found.path == NULL)
        return ERR_NOMEM;
    walk->files[walk->file_count++] = found;
    return ERR_OK;
}

/* Look into a directory, and those in it. Closes fd. Depth is bounded by DATA_SOURCES_DEPTH. */
static enum err look_into(struct walk *walk, int fd, const char *path, int depth, struct error *err)
{
    enum err rc = ERR_OK;
    struct found found = {0};
    char inner[PATH_MAX];
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        close(fd);
        return ERR_OK;
    }
    walk->looked_into++;
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        const char *name = entry->d_name;
        if (name[0] == '.')
            continue;
        const int length = snprintf(inner, sizeof(inner), "%s%s%s", path,
                                    path[strlen(path) - 1] == '/' ? "" : "/", name);
        const bool fits = length > 0 && (size_t)length < sizeof(inner);
        if (is_table(name, "clickstream"))
            snprintf(found.clickstream, sizeof(found.clickstream), "%.60s", name);
        else if (is_table(name, "events"))
            snprintf(found.events, sizeof(found.events), "%.60s", name);
        else if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) {
            if (depth == DATA_SOURCES_DEPTH || walk->looked_into >= DIRECTORIES_MAX) {
                walk->is_cut = true;
                continue;
            }
            const int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (next >= 0 && fits)
                TRY(look_into(walk, next, inner, depth + 1, err));
            else if (next >= 0)
                close(next);
        } else if (fits && entry->d_type == DT_REG && source_of_name(name) != NULL) {
            TRY(take_file(walk, fd, inner, err));
        }
    }
    TRY(take(walk, fd, path, &found, err));
done:
    closedir(stream);
    return rc;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

/* *ret_entry is borrowed from the list. */
static enum err add_file(json_t *list, const struct found *found, json_t **ret_entry,
                         struct error *err)
{
    enum err rc;
    char when[32] = "";
    struct tm utc;
    const time_t modified = (time_t)found->modified;
    json_t *entry = json_object();
    if (gmtime_r(&modified, &utc) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
    TRY(json_append(list, entry, err));
    TRY(json_set(entry, "path", json_text(found->path), err));
    TRY(json_set(entry, "size_bytes", json_integer(found->bytes), err));
    TRY(json_set(entry, "modified_at", json_string(when), err));
    *ret_entry = entry;
done:
    return rc;
}

static enum err add_source(json_t *sources, const struct found *found, struct error *err)
{
    enum err rc;
    json_t *entry;
    const bool has_events = found->events[0] != '\0';
    TRY(add_file(sources, found, &entry, err));
    TRY(json_set(entry, "clickstream", json_text(found->clickstream), err));
    TRY(json_set(entry, "events", has_events ? json_text(found->events) : json_null(), err));
    TRY(json_set(entry, "is_complete", json_boolean(has_events), err));
done:
    return rc;
}

static enum err walk_to_json(const struct walk *walk, const char *const *roots, int32_t root_count,
                             json_t *root, struct error *err)
{
    enum err rc;
    json_t *names, *sources, *files, *entry; /* borrowed from root */
    TRY(json_set(root, "roots", names = json_array(), err));
    for (int32_t i = 0; i < root_count; i++)
        TRY(json_append(names, json_text(roots[i]), err));
    TRY(json_set(root, "is_cut", json_boolean(walk->is_cut), err));
    TRY(json_set(root, "sources", sources = json_array(), err));
    for (int32_t i = 0; i < walk->count; i++)
        TRY(add_source(sources, &walk->items[i], err));
    TRY(json_set(root, "files", files = json_array(), err));
    for (int32_t i = 0; i < walk->file_count; i++)
        TRY(add_file(files, &walk->files[i], &entry, err));
done:
    return rc;
}

enum err data_sources_list(const struct config *config, json_t **ret_json, struct error *err)
{
    enum err rc = ERR_OK;
    struct walk walk = {0};
    const char *const *roots;
    const int32_t count = config_list(config, "DATA_ROOTS", &roots);
    json_t *json = json_object();

    if (json == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for the list of data");
    TRY_PTR(walk.items = mem_array(DATA_SOURCES_MAX, sizeof(*walk.items), err));
    TRY_PTR(walk.files = mem_array(DATA_SOURCES_MAX, sizeof(*walk.files), err));
    for (int32_t i = 0; i < count; i++) {
        const int fd = open(roots[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
            TRY(look_into(&walk, fd, roots[i], 0, err));
    }
    qsort(walk.items, (size_t)walk.count, sizeof(*walk.items), compare);
    qsort(walk.files, (size_t)walk.file_count, sizeof(*walk.files), compare);
    TRY(walk_to_json(&walk, roots, count, json, err));
    *ret_json = json;
    json = NULL;
done:
    for (int32_t i = 0; i < walk.count; i++)
        mem_free(walk.items[i].path);
    for (int32_t i = 0; i < walk.file_count; i++)
        mem_free(walk.files[i].path);
    mem_free(walk.items);
    mem_free(walk.files);
    json_decref(json);
    return rc;
}
