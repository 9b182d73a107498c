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

/* Where a model lies is told by MODEL_DIR: the record's path is as its worker saw it. */
static enum err keep_model(struct user_remains *remains, const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    if (remains->model_count == remains->model_room) {
        const int32_t room = remains->model_room > 0 ? 2 * remains->model_room : 64;
        char **grown = mem_resize(remains->file_names, (size_t)room, sizeof(*grown), err);
        if (grown == NULL)
            return ERR_NOMEM;
        remains->file_names = grown;
        remains->model_room = room;
    }
    char *name = mem_dup_string(slash != NULL ? slash + 1 : path, err);
    if (name == NULL)
        return ERR_NOMEM;
    remains->file_names[remains->model_count++] = name;
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

static enum err find_models(struct store *store, int64_t user_id, struct user_remains *remains,
                            struct error *err)
{
    enum err rc;
    struct model_list page = {0};
    int64_t before_id = 0;
    int32_t count;
    do {
        const struct model_query query = {
            .user_id = user_id, .before_id = before_id, .limit = PAGE};
        TRY(model_list(store, &query, &page, err));
        count = page.count;
        for (int32_t i = 0; i < count; i++) {
            before_id = page.models[i]->model_id;
            TRY(keep_model(remains, page.models[i]->path, err));
        }
        model_list_release(&page);
    } while (count == PAGE);
done:
    model_list_release(&page);
    return rc;
}

/* Files of predictions, relative to MODEL_DIR, and the logs of their jobs. */
static enum err keep_table(void *context, const char *path, struct error *err)
{
    struct user_remains *remains = context;
    const char *slash = strrchr(path, '/');
    if (remains->table_count == remains->table_room) {
        const int32_t room = remains->table_room > 0 ? 2 * remains->table_room : 64;
        char **grown = mem_resize(remains->table_names, (size_t)room, sizeof(*grown), err);
        if (grown == NULL)
            return ERR_NOMEM;
        remains->table_names = grown;
        remains->table_room = room;
    }
    char *name = mem_dup_string(slash != NULL ? slash + 1 : path, err);
    if (name == NULL)
        return ERR_NOMEM;
    remains->table_names[remains->table_count++] = name;
    return ERR_OK;
}

static enum err find_predictions(struct store *store, int64_t user_id, struct user_remains *remains,
                                 struct error *err)
{
    enum err rc = ERR_OK;
    struct prediction_list page = {0};
    int64_t before_id = 0;
    int32_t count;
    do {
        const struct prediction_query query = {
            .user_id = user_id, .before_id = before_id, .limit = PAGE};
        TRY(prediction_list(store, &query, &page, err));
        count = page.count;
        for (int32_t i = 0; i < count; i++) {
            const struct prediction *prediction = page.predictions[i];
            before_id = prediction->job.job_id;
            if (!job_status_is_terminal(prediction->job.status)) {
                rc = FAIL_REASON(err, ERR_CONFLICT, "jobs_running",
                                 "prediction %lld has not ended: cancel it first",
                                 (long long)before_id);
                goto done;
            }
            TRY(keep_job(remains, before_id, err));
            if (prediction->file_path != NULL)
                TRY(keep_table(remains, prediction->file_path, err));
        }
        prediction_list_release(&page);
    } while (count == PAGE);
done:
    prediction_list_release(&page);
    return rc;
}

enum err user_remains_find(struct store *store, int64_t user_id, struct user_remains *remains,
                           struct error *err)
{
    enum err rc;
    TRY(find_jobs(store, user_id, remains, err));
    TRY(find_models(store, user_id, remains, err));
    TRY(find_predictions(store, user_id, remains, err));
done:
    return rc;
}

void user_remains_release(struct user_remains *remains)
{
    for (int32_t i = 0; i < remains->model_count; i++)
        mem_free(remains->file_names[i]);
    mem_free(remains->file_names);
    for (int32_t i = 0; i < remains->table_count; i++)
        mem_free(remains->table_names[i]);
    mem_free(remains->table_names);
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
    for (int32_t i = 0; i < remains->model_count; i++) {
        const char *name = remains->file_names[i], *dot = strrchr(name, '.');
        snprintf(path, sizeof(path), "%.4096s/%s", model_dir, name);
        remove_file(path);
        snprintf(path, sizeof(path), "%.4096s/%.*s.hits.json", model_dir,
                 dot != NULL ? (int)(dot - name) : (int)strlen(name), name);
        remove_file(path);
    }
    for (int32_t i = 0; i < remains->table_count; i++) {
        snprintf(path, sizeof(path), "%.4096s/" PREDICTIONS_DIRECTORY "/%s", model_dir,
                 remains->table_names[i]);
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
