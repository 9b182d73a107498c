#include "api/live_watch.h"

#include <stdio.h>
#include <string.h>

#include "api/live.h"
#include "api/model_out.h"
#include "api/prediction_json.h"
#include "base/json_out.h"
#include "base/memory.h"
#include "worker/job_log.h"

enum { EVENT_FIRST_BYTES = 1024, POINTS_MAX = 1000, POINT_NAME_SIZE = 65 };

struct point {
    char name[POINT_NAME_SIZE];
    int64_t step;
    double value;
};

struct watch {
    int64_t job_id, user_id;
    struct job *told;     /* as it was last told, NULL: never */
    struct job *latest;   /* to be told, NULL: nothing new */
    double told_at;       /* when anything of this job was told */
    int64_t attempt;      /* of the points */
    struct point *points; /* to be told */
    int32_t point_count, point_capacity;
    int64_t log_bytes;
    double log_at;
};

void watches_init(struct watches *watches, struct hub *hub, struct store *store,
                  const char *model_dir)
{
    *watches = (struct watches){.hub = hub, .store = store, .model_dir = model_dir};
}

static void watch_free(struct watch *watch)
{
    job_free(watch->told);
    job_free(watch->latest);
    mem_free(watch->points);
    mem_free(watch);
}

void watches_release(struct watches *watches)
{
    for (int32_t i = 0; i < watches->count; i++)
        watch_free(watches->list[i]);
    mem_free(watches->list);
    *watches = (struct watches){
        .hub = watches->hub, .store = watches->store, .model_dir = watches->model_dir};
}

static int32_t find(const struct watches *watches, int64_t job_id)
{
    for (int32_t i = 0; i < watches->count; i++)
        if (watches->list[i]->job_id == job_id)
            return i;
    return -1;
}

static void drop(struct watches *watches, int32_t index)
{
    if (index < 0)
        return;
    watch_free(watches->list[index]);
    watches->list[index] = watches->list[--watches->count];
}

/* The watch of a job, a new one where it had none. */
static enum err watch_of(struct watches *watches, int64_t job_id, int64_t user_id,
                         struct watch **ret_watch, struct error *err)
{
    enum err rc = ERR_OK;
    const int32_t known = find(watches, job_id);
    struct watch *watch;
    if (known >= 0) {
        *ret_watch = watches->list[known];
        return ERR_OK;
    }
    if (watches->count == watches->capacity) {
        const int32_t capacity = watches->capacity == 0 ? 16 : 2 * watches->capacity;
        struct watch **grown =
            mem_resize(watches->list, (size_t)capacity, sizeof(struct watch *), err);
        if (grown == NULL)
            return ERR_NOMEM;
        watches->list = grown;
        watches->capacity = capacity;
    }
    TRY_PTR(watch = mem_array(1, sizeof(*watch), err));
    *watch = (struct watch){.job_id = job_id, .user_id = user_id};
    watches->list[watches->count++] = watch;
    *ret_watch = watch;
done:
    return rc;
}

/* ---- telling ---- */

static enum err publish(struct watches *watches, int64_t user_id, const char *event,
                        struct json_out *out, struct error *err)
{
    enum err rc;
    struct strbuf text;
    char topic[HUB_TOPIC_MAX + 1];
    TRY(json_out_finish(out, &text));
    live_topic(user_id, topic);
    rc = hub_publish(watches->hub, topic, event, text.ptr, err);
    strbuf_release(&text);
done:
    return rc;
}

static enum err tell_points(struct watches *watches, struct watch *watch, struct error *err)
{
    struct json_out out;
    if (watch->point_count == 0)
        return ERR_OK;
    json_out_init(&out, EVENT_FIRST_BYTES, HUB_EVENT_BYTES_MAX, err);
    json_out_open(&out, '{');
    json_member_int(&out, "job_id", watch->job_id);
    json_member_int(&out, "attempt", watch->attempt);
    json_member_open(&out, "points", '[');
    for (int32_t i = 0; i < watch->point_count; i++) {
        json_out_open(&out, '{');
        json_member_text(&out, "name", watch->points[i].name);
        json_member_int(&out, "step", watch->points[i].step);
        json_member_real(&out, "value", watch->points[i].value);
        json_out_close(&out, '}');
    }
    json_out_close(&out, ']');
    json_out_close(&out, '}');
    watch->point_count = 0;
    return publish(watches, watch->user_id, "points", &out, err);
}

static enum err tell_log(struct watches *watches, struct watch *watch, double now,
                         struct error *err)
{
    struct json_out out;
    const int64_t bytes = job_log_bytes(watches->model_dir, watch->job_id);
    watch->log_at = now;
    if (bytes == watch->log_bytes)
        return ERR_OK;
    watch->log_bytes = bytes;
    json_out_init(&out, EVENT_FIRST_BYTES, HUB_EVENT_BYTES_MAX, err);
    json_out_open(&out, '{');
    json_member_int(&out, "job_id", watch->job_id);
    json_member_int(&out, "size_bytes", bytes);
    json_out_close(&out, '}');
    return publish(watches, watch->user_id, "log", &out, err);
}

static enum err tell_removed(struct watches *watches, const struct job_gone *gone,
                             struct error *err)
{
    struct json_out out;
    const bool predicted = gone->task == JOB_PREDICT;
    if (gone->task == JOB_IMPORT)
        return ERR_OK;
    json_out_init(&out, EVENT_FIRST_BYTES, HUB_EVENT_BYTES_MAX, err);
    json_out_open(&out, '{');
    json_member_int(&out, predicted ? "prediction_id" : "job_id", gone->job_id);
    json_out_close(&out, '}');
    return publish(watches, gone->user_id, predicted ? "prediction_removed" : "job_removed", &out,
                   err);
}

static enum err tell_move(struct watches *watches, const struct alias_move *move, struct error *err)
{
    struct json_out out;
    json_out_init(&out, EVENT_FIRST_BYTES, HUB_EVENT_BYTES_MAX, err);
    move_out(&out, move);
    return publish(watches, move->user_id, "alias", &out, err);
}

/* With its model and its file, which a job has not. One that was removed meanwhile is told of as
 * that. */
static enum err tell_prediction(struct watches *watches, const struct watch *watch,
                                struct error *err)
{
    enum err rc;
    struct json_out out;
    struct prediction *prediction = NULL;
    rc = prediction_read(watches->store, watch->user_id, watch->job_id, true, &prediction, err);
    if (rc != ERR_OK)
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    json_out_init(&out, EVENT_FIRST_BYTES, HUB_EVENT_BYTES_MAX, err);
    prediction_write(&out, prediction);
    rc = publish(watches, watch->user_id, "prediction", &out, err);
    prediction_free(prediction);
    return rc;
}

/* Points and log first: whoever sees that a job has ended has seen all of it. */
static enum err tell(struct watches *watches, struct watch *watch, double now, struct error *err)
{
    enum err rc;
    struct json_out out;
    TRY(tell_points(watches, watch, err));
    watch->told_at = now;
    if (watch->latest == NULL)
        goto done;
    if (watch->latest->status != JOB_PENDING)
        TRY(tell_log(watches, watch, now, err));
    job_free(watch->told);
    watch->told = watch->latest;
    watch->latest = NULL;
    if (watch->told->task == JOB_PREDICT) {
        rc = tell_prediction(watches, watch, err);
        goto done;
    }
    json_out_init(&out, EVENT_FIRST_BYTES, HUB_EVENT_BYTES_MAX, err);
    job_write(&out, watch->told, false);
    rc = publish(watches, watch->user_id, "job", &out, err);
done:
    return rc;
}

/* ---- taking ---- */

static bool differ(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

/* More than progress: what a person waits for. */
static bool is_urgent(const struct job *told, const struct job *latest)
{
    return told == NULL || told->status != latest->status || told->attempt != latest->attempt ||
           told->cancel_requested != latest->cancel_requested ||
           differ(told->phase, latest->phase) || differ(told->name, latest->name) ||
           differ(told->error_code, latest->error_code) ||
           differ(told->model_path, latest->model_path);
}

static enum err take_points(struct watches *watches, const struct changed_points *group,
                            struct error *err)
{
    enum err rc;
    struct watch *watch;
    TRY(watch_of(watches, group->job_id, group->user_id, &watch, err));
    for (int32_t i = 0; i < group->count; i++) {
        const struct job_point *point = group->points[i];
        if (watch->point_count == POINTS_MAX || point->attempt != watch->attempt)
            TRY(tell_points(watches, watch, err));
        watch->attempt = point->attempt;
        if (watch->point_count == watch->point_capacity) {
            const int32_t capacity = watch->point_capacity == 0 ? 16 : 2 * watch->point_capacity;
            struct point *grown =
                mem_resize(watch->points, (size_t)capacity, sizeof(*watch->points), err);
            if (grown == NULL)
                return ERR_NOMEM;
            watch->points = grown;
            watch->point_capacity = capacity;
        }
        struct point *to = &watch->points[watch->point_count++];
        *to = (struct point){.step = point->step, .value = point->value};
        snprintf(to->name, sizeof(to->name), "%s", point->name);
    }
done:
    return rc;
}

static enum err take_job(struct watches *watches, struct job **job, double now, struct error *err)
{
    enum err rc;
    struct watch *watch;
    if ((*job)->task == JOB_IMPORT) /* it is there with its model, all at once */
        return ERR_OK;
    TRY(watch_of(watches, (*job)->job_id, (*job)->user_id, &watch, err));
    job_free(watch->latest);
    watch->latest = *job;
    *job = NULL;
    if (!is_urgent(watch->told, watch->latest))
        goto done;
    TRY(tell(watches, watch, now, err));
    if (!job_status_is_active(watch->told->status))
        drop(watches, find(watches, watch->job_id));
done:
    return rc;
}

/* What fails for one must not keep the others' news back: the first failure is returned. */
enum err watches_take(struct watches *watches, struct changes *changes, double now,
                      struct error *err)
{
    struct error other;
    enum err first = ERR_OK, rc;
    for (int32_t i = 0; i < changes->point_groups; i++) {
        rc = take_points(watches, &changes->points[i], first == ERR_OK ? err : &other);
        first = first == ERR_OK ? rc : first;
    }
    for (int32_t i = 0; i < changes->job_count; i++) {
        rc = take_job(watches, &changes->jobs[i], now, first == ERR_OK ? err : &other);
        first = first == ERR_OK ? rc : first;
    }
    for (int32_t i = 0; i < changes->gone_count; i++) {
        drop(watches, find(watches, changes->gone[i].job_id));
        rc = tell_removed(watches, &changes->gone[i], first == ERR_OK ? err : &other);
        first = first == ERR_OK ? rc : first;
    }
    for (int32_t i = 0; i < changes->move_count; i++) {
        rc = tell_move(watches, changes->moves[i], first == ERR_OK ? err : &other);
        first = first == ERR_OK ? rc : first;
    }
    return first;
}

enum err watches_tell(struct watches *watches, double now, struct error *err)
{
    enum err rc = ERR_OK;
    for (int32_t i = watches->count - 1; i >= 0; i--) {
        struct watch *watch = watches->list[i];
        const bool has_news = watch->latest != NULL || watch->point_count > 0;
        if (has_news && now - watch->told_at >= LIVE_CALM_MS / 1000.0)
            TRY(tell(watches, watch, now, err));
        if (now - watch->log_at >= LIVE_LOG_MS / 1000.0)
            TRY(tell_log(watches, watch, now, err));
        /* Points alone can come after the end of their job: there is nothing more to wait for. */
        if (watch->point_count == 0 && watch->latest == NULL &&
            (watch->told == NULL || !job_status_is_active(watch->told->status)))
            drop(watches, i);
    }
done:
    return rc;
}
