/*
 * What changed, for the live pump. Events tell of every change of status, in order and without a
 * gap; what a running job does between two events (progress, points) is found by looking at the
 * jobs that workers have, which are few, and comparing with what was seen of them before.
 */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "store/changes.h"
#include "store/db.h"
#include "store/job_record.h"
#include "store/model_rows.h"

enum { EVENTS_MAX = 200, CURVES_MAX = 16, CURVE_NAME_SIZE = 65, POINTS_MAX = 1000 };

struct curve {
    char name[CURVE_NAME_SIZE];
    int64_t step; /* the last one that was told */
};
/* A job that a worker has, as it was when last told. */
struct seen {
    int64_t job_id, user_id, attempt;
    int64_t updated_ms, iteration;
    double progress;
    uint64_t message; /* a hash */
    bool is_active;   /* in the look that is under way */
    bool is_behind;   /* a curve has points beyond one answer */
    int32_t curves;
    struct curve curve[CURVES_MAX];
};
struct change_feed {
    struct store *store;
    int64_t tick, last_event, last_move;
    struct seen *seen; /* [seen_count of seen_capacity] */
    int32_t seen_count, seen_capacity;
    int64_t *ids; /* of jobs to tell of in this look */
    int32_t id_count, id_capacity;
};

/* ---- arrays ---- */

/* Room for one more of `size` bytes behind `count`. */
static enum err grow(void **array, int32_t count, int32_t *capacity, size_t size, struct error *err)
{
    if (count < *capacity)
        return ERR_OK;
    const int32_t wanted = *capacity < 16 ? 16 : 2 * *capacity;
    void *grown = mem_resize(*array, (size_t)wanted, size, err);
    if (grown == NULL)
        return ERR_NOMEM;
    *array = grown;
    *capacity = wanted;
    return ERR_OK;
}

static enum err add_id(struct change_feed *feed, int64_t job_id, struct error *err)
{
    void *ids = feed->ids;
    for (int32_t i = 0; i < feed->id_count; i++)
        if (feed->ids[i] == job_id)
            return ERR_OK;
    const enum err rc = grow(&ids, feed->id_count, &feed->id_capacity, sizeof(int64_t), err);
    feed->ids = ids;
    if (rc == ERR_OK)
        feed->ids[feed->id_count++] = job_id;
    return rc;
}

static struct seen *find_seen(struct change_feed *feed, int64_t job_id)
{
    for (int32_t i = 0; i < feed->seen_count; i++)
        if (feed->seen[i].job_id == job_id)
            return &feed->seen[i];
    return NULL;
}

static enum err add_seen(struct change_feed *feed, int64_t job_id, struct seen **ret_seen,
                         struct error *err)
{
    void *all = feed->seen;
    struct seen *seen = find_seen(feed, job_id);
    if (seen == NULL) {
        const enum err rc =
            grow(&all, feed->seen_count, &feed->seen_capacity, sizeof(struct seen), err);
        feed->seen = all;
        if (rc != ERR_OK)
            return rc;
        seen = &feed->seen[feed->seen_count++];
        *seen = (struct seen){.job_id = job_id};
    }
    *ret_seen = seen;
    return ERR_OK;
}

/* ---- looks ---- */

static enum err add_gone(struct changes *changes, const struct rows *rows, int32_t row,
                         struct error *err)
{
    struct job_gone *gone =
        mem_resize(changes->gone, (size_t)changes->gone_count + 1, sizeof(*gone), err);
    if (gone == NULL)
        return ERR_NOMEM;
    changes->gone = gone;
    struct job_gone *to = &gone[changes->gone_count++];
    const char *task = rows_text(rows, row, 4);
    *to = (struct job_gone){rows_int(rows, row, 1), rows_int(rows, row, 2), JOB_TRAIN};
    (void)!(task != NULL && job_task_find(task, &to->task));
    return ERR_OK;
}

static enum err look_at_events(struct change_feed *feed, struct tx *tx, int64_t *ret_last,
                               struct changes *changes, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct seen *seen;
    TRY(RUN(tx, event_feed, &rows, arg_int(feed->last_event), arg_int(EVENTS_MAX)));
    for (int32_t i = 0; i < rows.count; i++) {
        const int64_t job_id = rows_int(&rows, i, 1);
        const char *kind = rows_text(&rows, i, 3);
        *ret_last = rows_int(&rows, i, 0);
        if (strcmp(kind, "removed") == 0) {
            TRY(add_gone(changes, &rows, i, err));
            continue;
        }
        TRY(add_id(feed, job_id, err));
        if (strcmp(kind, "created") == 0)
            continue;
        /* It may have begun and ended since the last look: its points are asked for. */
        TRY(add_seen(feed, job_id, &seen, err));
        seen->user_id = rows_int(&rows, i, 2);
    }
    changes->is_more = rows.count == EVENTS_MAX;
done:
    rows_release(&rows);
    return rc;
}

static enum err look_at_moves(const struct change_feed *feed, struct tx *tx,
                              struct changes *changes, struct error *err)
{
    enum err rc;
    TRY(move_rows_after(tx, feed->last_move, EVENTS_MAX, &changes->moves, &changes->move_count,
                        err));
    changes->is_more |= changes->move_count == EVENTS_MAX;
done:
    return rc;
}

static enum err look_at_active(struct change_feed *feed, struct tx *tx, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct seen *seen;
    TRY(RUN(tx, active_feed, &rows));
    for (int32_t i = 0; i < rows.count; i++) {
        const char *message = rows_text(&rows, i, 5);
        const struct seen now = {.job_id = rows_int(&rows, i, 0),
                                 .updated_ms = rows_int(&rows, i, 2),
                                 .iteration = rows_int(&rows, i, 3),
                                 .progress = rows_real(&rows, i, 4),
                                 .message = text_hash_string(message != NULL ? message : "")};
        TRY(add_seen(feed, now.job_id, &seen, err));
        seen->is_active = true;
        seen->user_id = rows_int(&rows, i, 1);
        if (seen->updated_ms == now.updated_ms && seen->iteration == now.iteration &&
            seen->progress == now.progress && seen->message == now.message)
            continue;
        TRY(add_id(feed, now.job_id, err));
        seen->updated_ms = now.updated_ms;
        seen->iteration = now.iteration;
        seen->progress = now.progress;
        seen->message = now.message;
    }
done:
    rows_release(&rows);
    return rc;
}

static enum err read_jobs(struct change_feed *feed, struct tx *tx, struct changes *changes,
                          struct error *err)
{
    enum err rc = ERR_OK;
    struct rows rows = {0};
    void *record;
    struct job **jobs;
    TRY_PTR(jobs = mem_array((size_t)feed->id_count, sizeof(struct job *), err));
    changes->jobs = jobs;
    for (int32_t i = 0; i < feed->id_count; i++) {
        TRY(RUN(tx, job_feed, &rows, arg_int(feed->ids[i])));
        if (rows.count == 0)
            continue; /* removed meanwhile: its event says so, now or in the next look */
        TRY(record_of(&rows, 0, &job_whole_type, &record, err));
        jobs[changes->job_count++] = record;
    }
done:
    rows_release(&rows);
    return rc;
}

/* ---- points ---- */

static struct curve *find_curve(struct seen *seen, const char *name)
{
    for (int32_t i = 0; i < seen->curves; i++)
        if (strcmp(seen->curve[i].name, name) == 0)
            return &seen->curve[i];
    if (seen->curves == CURVES_MAX || strlen(name) >= CURVE_NAME_SIZE)
        return NULL; /* more curves than anyone looks at */
    struct curve *curve = &seen->curve[seen->curves++];
    *curve = (struct curve){.step = INT64_MIN};
    memcpy(curve->name, name, strlen(name) + 1);
    return curve;
}

static enum err group_for(struct changes *changes, const struct seen *seen,
                          struct changed_points **ret_group, struct error *err)
{
    if (changes->point_groups > 0 &&
        changes->points[changes->point_groups - 1].job_id == seen->job_id) {
        *ret_group = &changes->points[changes->point_groups - 1];
        return ERR_OK;
    }
    struct changed_points *groups =
        mem_resize(changes->points, (size_t)changes->point_groups + 1, sizeof(*groups), err);
    if (groups == NULL)
        return ERR_NOMEM;
    changes->points = groups;
    *ret_group = &groups[changes->point_groups++];
    **ret_group = (struct changed_points){.job_id = seen->job_id, .user_id = seen->user_id};
    return ERR_OK;
}

/* The points of one curve after the last that was told. */
static enum err read_curve(struct tx *tx, struct seen *seen, struct curve *curve,
                           struct changes *changes, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    struct changed_points *group;
    TRY(RUN(tx, point_feed, &rows, arg_int(seen->job_id), arg_int(seen->attempt),
            arg_text(curve->name), arg_int(curve->step), arg_int(POINTS_MAX)));
    if (rows.count == 0)
        goto done;
    TRY(group_for(changes, seen, &group, err));
    struct job_point **points = mem_resize(group->points, (size_t)group->count + (size_t)rows.count,
                                           sizeof(struct job_point *), err);
    TRY_PTR(points);
    group->points = points;
    for (int32_t i = 0; i < rows.count; i++) {
        void *record;
        TRY(record_of(&rows, i, &point_type, &record, err));
        points[group->count++] = record;
    }
    curve->step = rows_int(&rows, rows.count - 1, 2);
    seen->is_behind |= rows.count == POINTS_MAX;
done:
    rows_release(&rows);
    return rc;
}

static enum err read_points(struct seen *seen, struct tx *tx, struct changes *changes,
                            struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(tx, curve_feed, &rows, arg_int(seen->job_id)));
    for (int32_t i = 0; i < rows.count; i++) {
        if (rows_int(&rows, i, 0) != seen->attempt) { /* it begins anew */
            seen->attempt = rows_int(&rows, i, 0);
            seen->curves = 0;
        }
        struct curve *curve = find_curve(seen, rows_text(&rows, i, 1));
        if (curve != NULL && rows_int(&rows, i, 2) > curve->step)
            TRY(read_curve(tx, seen, curve, changes, err));
    }
done:
    rows_release(&rows);
    return rc;
}

/* Forget the jobs that no worker has any more, and that have nothing left to tell. */
static void forget_ended(struct change_feed *feed)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < feed->seen_count; i++)
        if (feed->seen[i].is_active || feed->seen[i].is_behind)
            feed->seen[kept++] = feed->seen[i];
    feed->seen_count = kept;
}

/* ---- the feed ---- */

static enum err look(struct change_feed *feed, struct changes *changes, struct error *err)
{
    enum err rc;
    struct tx tx;
    int64_t last = feed->last_event;
    feed->id_count = 0;
    for (int32_t i = 0; i < feed->seen_count; i++)
        feed->seen[i].is_active = feed->seen[i].is_behind = false;
    TRY(tx_begin(&tx, feed->store, TX_READ, err));
    TRY(look_at_events(feed, &tx, &last, changes, err));
    TRY(look_at_moves(feed, &tx, changes, err));
    TRY(look_at_active(feed, &tx, err));
    TRY(read_jobs(feed, &tx, changes, err));
    for (int32_t i = 0; i < feed->seen_count; i++) {
        TRY(read_points(&feed->seen[i], &tx, changes, err));
        changes->is_more |= feed->seen[i].is_behind;
    }
    TRY(tx_commit(&tx, err));
    forget_ended(feed);
    feed->last_event = last;
    if (changes->move_count > 0)
        feed->last_move = changes->moves[changes->move_count - 1]->move_id;
done:
    if (rc != ERR_OK)
        feed->seen_count = 0; /* what was found, but not told, is found again */
    tx_end(&tx);
    return rc;
}

enum err change_feed_poll(struct change_feed *feed, struct changes *ret_changes, struct error *err)
{
    enum err rc;
    int64_t tick = 0;
    struct changes changes = {0};
    TRY(store_tick(feed->store, &tick, err)); /* before the look: what comes later changes it */
    if (tick != feed->tick) {
        TRY(look(feed, &changes, err));
        feed->tick = changes.is_more ? -1 : tick;
    }
    *ret_changes = changes;
    changes = (struct changes){0};
done:
    changes_release(&changes);
    return rc;
}

void changes_release(struct changes *changes)
{
    record_list_free((void **)changes->jobs, changes->job_count);
    record_list_free((void **)changes->moves, changes->move_count);
    for (int32_t i = 0; i < changes->point_groups; i++)
        record_list_free((void **)changes->points[i].points, changes->points[i].count);
    mem_free(changes->points);
    mem_free(changes->gone);
    *changes = (struct changes){0};
}

/* The first look finds what workers have now, which is not told. */
enum err change_feed_open(struct store *store, struct change_feed **ret_feed, struct error *err)
{
    enum err rc;
    struct changes changes = {0};
    struct change_feed *feed;
    TRY_PTR(feed = mem_array(1, sizeof(*feed), err));
    feed->store = store;
    feed->tick = -1;
    TRY(job_last_event(store, &feed->last_event, err));
    TRY(move_rows_newest(store, &feed->last_move, err));
    do {
        changes_release(&changes);
        TRY(change_feed_poll(feed, &changes, err));
    } while (changes.is_more);
    *ret_feed = feed;
    feed = NULL;
done:
    changes_release(&changes);
    change_feed_close(feed);
    return rc;
}

void change_feed_close(struct change_feed *feed)
{
    if (feed == NULL)
        return;
    mem_free(feed->seen);
    mem_free(feed->ids);
    mem_free(feed);
}
