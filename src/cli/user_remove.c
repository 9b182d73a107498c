#include "cli/user_remove.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/jobs.h"
#include "store/models.h"
#include "store/predictions.h"
#include "store/users.h"
#include "worker/attempt_files.h"
#include "worker/job_log.h"

enum { PAGE = 500, PATH_SIZE = 4600 };

static enum err keep_job(struct user_remains *remains, int64_t job_id, struct error *err)
{
    if (remains->job_count == remains->job_room) {
        const int32_t room = remains->job_room > 0 ? 2 * remains->job_room : 64;
        int64_t *grown = mem_resize(remains->job_ids, (size_t)room, sizeof(*grown), err);
        if (grown == NULL)
            return ERR_NOMEM;
        remains->job_ids = grown;
        remains->job_room = room;
    }
    remains->job_ids[remains->job_count++] = job_id;
    return ERR_OK;
}

/* Where a file lies is told by MODEL_DIR: the record's path is as its worker saw it. */
static enum err keep_name(struct remaining_files *files, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (files->count == files->room) {
        const int32_t room = files->room > 0 ? 2 * files->room : 64;
        char **grown = mem_resize(files->names, (size_t)room, sizeof(*grown), err);
        if (grown == NULL)
            return ERR_NOMEM;
        files->names = grown;
        files->room = room;
    }
    char *name = mem_dup_string(slash != NULL ? slash + 1 : path, err);
    if (name == NULL)
        return ERR_NOMEM;
    files->names[files->count++] = name;
    return ERR_OK;
}

static enum err find_jobs(struct store *store, int64_t user_id, struct user_remains *remains,
                          struct error *err)
{
    enum err rc = ERR_OK;
    struct job_list page = {0};
    char cursor[STORE_CURSOR_SIZE] = "";
    do {
        const struct job_query query = {
            .user_id = user_id,
            .sort = SORT_CREATED,
            .limit = PAGE,
            .cursor = cursor[0] != '\0' ? cursor : NULL,
        };
        TRY(job_list(store, &query, &page, err));
        for (int32_t i = 0; i < page.count; i++) {
            if (!job_status_is_terminal(page.jobs[i]->status)) {
                rc = FAIL_REASON(err, ERR_CONFLICT, "jobs_running",
                                 "job %lld has not ended: cancel it first",
                                 (long long)page.jobs[i]->job_id);
                goto done;
            }
            TRY(keep_job(remains, page.jobs[i]->job_id, err));
        }
        memcpy(cursor, page.next, sizeof(cursor));
        job_list_release(&page);
    } while (cursor[0] != '\0');
done:
    job_list_release(&page);
    return rc;
}

static enum err keep_model(void *context, const struct model_record *model, struct error *err)
{
    struct user_remains *remains = context;
    return keep_name(&remains->models, model->path, err);
}

static enum err keep_prediction(void *context, const struct prediction *prediction,
                                struct error *err)
{
    enum err rc = ERR_OK;
    struct user_remains *remains = context;
    const struct job *job = &prediction->job;
    if (!job_status_is_terminal(job->status))
        return FAIL_REASON(err, ERR_CONFLICT, "jobs_running",
                           "prediction %lld has not ended: cancel it first",
                           (long long)job->job_id);
    TRY(keep_job(remains, job->job_id, err));
    if (prediction->file_path != NULL)
        TRY(keep_name(&remains->tables, prediction->file_path, err));
done:
    return rc;
}

enum err user_remains_find(struct store *store, int64_t user_id, struct user_remains *remains,
                           struct error *err)
{
    enum err rc;
    const struct model_query models = {.user_id = user_id, .limit = PAGE};
    const struct prediction_query predictions = {.user_id = user_id, .limit = PAGE};
    TRY(find_jobs(store, user_id, remains, err));
    TRY(model_each(store, &models, keep_model, remains, err));
    TRY(prediction_each(store, &predictions, keep_prediction, remains, err));
done:
    return rc;
}

static void release_names(struct remaining_files *files)
{
    for (int32_t i = 0; i < files->count; i++)
        mem_free(files->names[i]);
    mem_free(files->names);
}

void user_remains_release(struct user_remains *remains)
{
    release_names(&remains->models);
    release_names(&remains->tables);
    mem_free(remains->job_ids);
    *remains = (struct user_remains){0};
}

static void remove_file(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        fprintf(stderr, "rectrain user: %s could not be removed: %m\n", path);
}

enum err user_remove_whole(struct store *store, const char *model_dir, int64_t user_id,
                           const struct user_remains *remains, struct error *err)
{
    enum err rc;
    char path[PATH_SIZE];
    TRY(user_remove(store, user_id, err));
    for (int32_t i = 0; i < remains->models.count; i++) {
        const char *name = remains->models.names[i], *dot = strrchr(name, '.');
        snprintf(path, sizeof(path), "%.4096s/%s", model_dir, name);
        remove_file(path);
        snprintf(path, sizeof(path), "%.4096s/%.*s.hits.json", model_dir,
                 dot != NULL ? (int)(dot - name) : (int)strlen(name), name);
        remove_file(path);
    }
    for (int32_t i = 0; i < remains->tables.count; i++) {
        snprintf(path, sizeof(path), "%.4096s/" PREDICTIONS_DIRECTORY "/%s", model_dir,
                 remains->tables.names[i]);
        remove_file(path);
    }
    for (int32_t i = 0; i < remains->job_count; i++) {
        struct error fault;
        if (job_log_remove(model_dir, remains->job_ids[i], &fault) != ERR_OK)
            fprintf(stderr, "rectrain user: %s\n", fault.message);
    }
done:
    return rc;
}
