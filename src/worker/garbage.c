#include "worker/garbage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "model/model.h"
#include "store/jobs.h"
#include "store/predictions.h"
#include "store/work.h"
#include "worker/attempt_files.h"

enum { FILES_MAX = 100000, TEMPORARY_SECONDS = 24 * 3600 };
#define MODEL_ENDING ".pkl"
#define HITS_ENDING ".hits.json"
#define TABLE_PREFIX "predictions_"

struct search {
    struct store *store;
    int directory;  /* MODEL_DIR */
    int64_t job_id; /* look only at this job's; 0: at all */
    struct garbage_list list;
    int32_t capacity;
};

/* ---- names ---- */

static const char *skip_digits(const char *text, size_t count)
{
    return strspn(text, "0123456789") >= count ? text + count : NULL;
}

/* "20260102_030405", or with _2 and so on behind it: what follows; NULL: it is none. */
static const char *skip_stamp(const char *text)
{
    const char *at = skip_digits(text, 8);
    at = at != NULL && at[0] == '_' ? skip_digits(at + 1, 6) : NULL;
    if (at != NULL && at[0] == '_')
        at += 1 + strspn(at + 1, "0123456789");
    return at;
}

/* "als_model_12_20260102_030405.pkl", or with _2 and so on before the ending: the job, and how long
 * the name is without the ending. False: no such name. */
static bool parse_model_name(const char *name, const char *ending, int64_t *ret_job_id,
                             size_t *ret_stem)
{
    const size_t length = strlen(name), tail = strlen(ending);
    const char *at = strstr(name, "_model_");
    char *end;
    if (length <= tail || strcmp(name + length - tail, ending) != 0 || at == NULL)
        return false;
    char kind[64];
    if ((size_t)(at - name) >= sizeof(kind))
        return false;
    memcpy(kind, name, (size_t)(at - name));
    kind[at - name] = '\0';
    at += strlen("_model_");
    if (model_kind_find(kind) == NULL || strspn(at, "0123456789") == 0)
        return false;
    *ret_job_id = strtoll(at, &end, 10);
    at = end[0] == '_' ? skip_stamp(end + 1) : NULL;
    *ret_stem = length - tail;
    return at == name + length - tail && *ret_job_id > 0;
}

/* "predictions_12_20260102_030405.csv" */
static bool parse_table_name(const char *name, int64_t *ret_job_id)
{
    char *end;
    const size_t length = strlen(TABLE_PREFIX);
    if (strncmp(name, TABLE_PREFIX, length) != 0 || strspn(name + length, "0123456789") == 0)
        return false;
    *ret_job_id = strtoll(name + length, &end, 10);
    const char *at = end[0] == '_' ? skip_stamp(end + 1) : NULL;
    return at != NULL && *ret_job_id > 0 &&
           (strcmp(at, ".parquet") == 0 || strcmp(at, ".csv") == 0);
}

static bool parse_attempt_name(const char *name, struct fence *ret_fence)
{
    char *end;
    if (strncmp(name, ATTEMPT_PREFIX, strlen(ATTEMPT_PREFIX)) != 0)
        return false;
    ret_fence->job_id = strtoll(name + strlen(ATTEMPT_PREFIX), &end, 10);
    if (*end != '_')
        return false;
    ret_fence->epoch = strtoll(end + 1, &end, 10);
    return *end == '\0' && ret_fence->job_id > 0;
}

static bool parse_log_name(const char *name, int64_t *ret_job_id)
{
    char *end;
    if (strncmp(name, "job_", 4) != 0)
        return false;
    *ret_job_id = strtoll(name + 4, &end, 10);
    return strcmp(end, ".log") == 0 && *ret_job_id > 0;
}

/* ---- what the store says ---- */

/* The job of a name: NULL where there is none, and then whether there was one once. */
static enum err find_job(const struct search *search, int64_t job_id, struct job **ret_job,
                         bool *ret_removed, struct error *err)
{
    struct job *job = NULL;
    const enum err rc = job_read(search->store, 0, JOB_ANY_TASK, job_id, &job, err);
    *ret_job = job;
    *ret_removed = false;
    if (rc == ERR_NOT_FOUND)
        return job_was_removed(search->store, job_id, ret_removed, err);
    return rc;
}

/* A model is named by its job's row; the directory may be called otherwise on another machine, so
 * the name alone counts. While its job is under way, everything is kept. */
static enum err fate_of_model(const struct search *search, const char *name, size_t stem,
                              struct garbage_file *file, bool *ret_named, struct error *err)
{
    enum err rc;
    struct job *job = NULL;
    TRY(find_job(search, file->job_id, &job, &file->is_ours, err));
    *ret_named = false;
    if (job == NULL)
        goto done;
    const char *path = job->model_path != NULL ? job->model_path : "";
    const char *slash = strrchr(path, '/'), *recorded = slash != NULL ? slash + 1 : path;
    const bool is_recorded =
        strlen(recorded) == stem + strlen(MODEL_ENDING) && strncmp(recorded, name, stem) == 0;
    *ret_named = is_recorded || !job_status_is_terminal(job->status);
    file->is_ours = !*ret_named;
done:
    job_free(job);
    return rc;
}

/* An attempt's directory is in use while its very claim holds the job. */
static enum err fate_of_attempt(const struct search *search, struct fence fence,
                                struct garbage_file *file, bool *ret_named, struct error *err)
{
    enum err rc;
    struct job *job = NULL;
    TRY(find_job(search, fence.job_id, &job, &file->is_ours, err));
    *ret_named = false;
    if (job == NULL)
        goto done;
    *ret_named = job_status_is_active(job->status) && job->epoch <= fence.epoch;
    file->is_ours = !*ret_named;
done:
    job_free(job);
    return rc;
}

static enum err fate_of_log(const struct search *search, struct garbage_file *file, bool *ret_named,
                            struct error *err)
{
    struct job *job = NULL;
    const enum err rc = find_job(search, file->job_id, &job, &file->is_ours, err);
    *ret_named = job != NULL;
    job_free(job);
    return rc;
}

/* The file of a prediction is named by its record, as a model is. */
static enum err fate_of_table(const struct search *search, const char *name,
                              struct garbage_file *file, bool *ret_named, struct error *err)
{
    enum err rc;
    struct prediction *prediction = NULL;
    rc = prediction_read(search->store, 0, file->job_id, true, &prediction, err);
    *ret_named = false;
    if (rc == ERR_NOT_FOUND)
        return job_was_removed(search->store, file->job_id, &file->is_ours, err);
    TRY(rc);
    const char *path = prediction->file_path != NULL ? prediction->file_path : "";
    const char *slash = strrchr(path, '/');
    *ret_named = strcmp(slash != NULL ? slash + 1 : path, name) == 0 ||
                 !job_status_is_terminal(prediction->job.status);
    file->is_ours = !*ret_named;
done:
    prediction_free(prediction);
    return rc;
}

/* ---- the search ---- */

static enum err add(struct search *search, const struct garbage_file *file, struct error *err)
{
    struct garbage_list *list = &search->list;
    if (list->count == FILES_MAX)
        return ERR_OK; /* the rest is found when these are gone */
    if (list->count == search->capacity) {
        const int32_t capacity = search->capacity > 0 ? 2 * search->capacity : 64;
        struct garbage_file *grown =
            list->files == NULL ? mem_array((size_t)capacity, sizeof(*grown), err)
                                : mem_resize(list->files, (size_t)capacity, sizeof(*grown), err);
        if (grown == NULL)
            return ERR_NOMEM;
        list->files = grown;
        search->capacity = capacity;
    }
    list->files[list->count++] = *file;
    return ERR_OK;
}

/* Whether a name of this job is of no interest to a search for another's. */
static bool is_beside(const struct search *search, int64_t job_id)
{
    return search->job_id != 0 && search->job_id != job_id;
}

/* What a name in MODEL_DIR is; GARBAGE_OTHER is told, but never removed. */
static enum err judge(const struct search *search, const char *name, const struct stat *status,
                      struct garbage_file *file, bool *ret_named, struct error *err)
{
    size_t stem;
    struct fence fence;
    *ret_named = true;
    if (parse_attempt_name(name, &fence)) {
        if (is_beside(search, fence.job_id))
            return ERR_OK;
        file->kind = GARBAGE_ATTEMPT;
        file->job_id = fence.job_id;
        return fate_of_attempt(search, fence, file, ret_named, err);
    }
    if (parse_model_name(name, MODEL_ENDING, &file->job_id, &stem) ||
        parse_model_name(name, HITS_ENDING, &file->job_id, &stem)) {
        if (is_beside(search, file->job_id))
            return ERR_OK;
        file->kind = strstr(name, HITS_ENDING) != NULL ? GARBAGE_HITS : GARBAGE_MODEL;
        return fate_of_model(search, name, stem, file, ret_named, err);
    }
    if (search->job_id != 0)
        return ERR_OK; /* what is left carries no job */
    if (strncmp(name, ".rectrain-", 10) == 0) {
        file->kind = GARBAGE_TEMPORARY;
        *ret_named = status->st_mtime > time(NULL) - TEMPORARY_SECONDS; /* perhaps being written */
        return ERR_OK;
    }
    file->kind = GARBAGE_OTHER;
    *ret_named = false;
    return ERR_OK;
}

static enum err look_at(struct search *search, int directory, const char *prefix, const char *name,
                        struct error *err)
{
    enum err rc;
    bool named = false;
    struct stat status;
    struct garbage_file file = {0};
    if (strlen(prefix) + strlen(name) >= sizeof(file.name) ||
        fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return ERR_OK;
    snprintf(file.name, sizeof(file.name), "%s%s", prefix, name);
    file.size_bytes = status.st_size;
    if (prefix[0] == '\0') {
        TRY(judge(search, name, &status, &file, &named, err));
    } else if (strcmp(prefix, "logs/") == 0 && parse_log_name(name, &file.job_id)) {
        file.kind = GARBAGE_LOG;
        TRY(fate_of_log(search, &file, &named, err));
    } else if (strcmp(prefix, PREDICTIONS_DIRECTORY "/") == 0 &&
               parse_table_name(name, &file.job_id)) {
        file.kind = GARBAGE_TABLE;
        if (is_beside(search, file.job_id))
            return ERR_OK;
        TRY(fate_of_table(search, name, &file, &named, err));
    } else if (search->job_id != 0) {
        return ERR_OK; /* it carries no job */
    } else {
        file.kind = GARBAGE_OTHER;
    }
    rc = named ? ERR_OK : add(search, &file, err);
done:
    return rc;
}

static enum err search_in(struct search *search, const char *sub, struct error *err)
{
    enum err rc = ERR_OK;
    char prefix[16] = "";
    const int fd =
        openat(search->directory, sub[0] != '\0' ? sub : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (stream == NULL) {
        if (fd >= 0)
            close(fd);
        return ERR_OK;
    }
    if (sub[0] != '\0')
        snprintf(prefix, sizeof(prefix), "%s/", sub);
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            (sub[0] != '\0' ||
             (strcmp(name, "logs") != 0 && strcmp(name, PREDICTIONS_DIRECTORY) != 0)))
            TRY(look_at(search, fd, prefix, name, err));
    }
done:
    closedir(stream);
    return rc;
}

static enum err open_models(const char *model_dir, int *ret_fd, struct error *err)
{
    *ret_fd = open(model_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd >= 0 || errno == ENOENT)
        return ERR_OK;
    return FAIL(err, errno == EACCES ? ERR_DENIED : ERR_IO, "cannot look into %.300s: %m",
                model_dir);
}

static enum err find(struct store *store, const char *model_dir, int64_t job_id,
                     struct garbage_list *ret_list, struct error *err)
{
    enum err rc;
    struct search search = {.store = store, .directory = -1, .job_id = job_id};
    TRY(open_models(model_dir, &search.directory, err));
    if (search.directory >= 0)
        TRY(search_in(&search, "", err));
    if (search.directory >= 0 && job_id == 0)
        TRY(search_in(&search, "logs", err));
    if (search.directory >= 0)
        TRY(search_in(&search, PREDICTIONS_DIRECTORY, err));
    *ret_list = search.list;
    search.list = (struct garbage_list){0};
done:
    garbage_list_release(&search.list);
    if (search.directory >= 0)
        close(search.directory);
    return rc;
}

enum err garbage_find(struct store *store, const char *model_dir, struct garbage_list *ret_list,
                      struct error *err)
{
    return find(store, model_dir, 0, ret_list, err);
}

void garbage_list_release(struct garbage_list *list)
{
    mem_free(list->files);
    *list = (struct garbage_list){0};
}

static enum err remove_found(struct store *store, const char *model_dir, int64_t job_id,
                             int64_t *ret_removed, struct error *err)
{
    enum err rc;
    int64_t removed = 0;
    int directory = -1;
    struct garbage_list list = {0};
    TRY(find(store, model_dir, job_id, &list, err));
    TRY(open_models(model_dir, &directory, err));
    for (int32_t i = 0; directory >= 0 && i < list.count; i++) {
        const struct garbage_file *file = &list.files[i];
        if (!file->is_ours)
            continue;
        if (file->kind == GARBAGE_ATTEMPT)
            attempt_files_remove_at(directory, file->name);
        else
            (void)unlinkat(directory, file->name, 0);
        removed++;
    }
    *ret_removed = removed;
done:
    if (directory >= 0)
        close(directory);
    garbage_list_release(&list);
    return rc;
}

enum err garbage_remove(struct store *store, const char *model_dir, int64_t *ret_removed,
                        struct error *err)
{
    return remove_found(store, model_dir, 0, ret_removed, err);
}

void garbage_clear_job(struct store *store, const char *model_dir, int64_t job_id)
{
    struct error err;
    int64_t removed = 0;
    if (remove_found(store, model_dir, job_id, &removed, &err) == ERR_OK && removed > 0)
        log_info("garbage_removed", "job_id=%" PRId64 " files=%" PRId64, job_id, removed);
}
