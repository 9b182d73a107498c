#ifndef STORE_JOBS_H
#define STORE_JOBS_H

/*
 * Jobs as the server handles them: created, read, listed, cancelled, removed. What a worker does to
 * a job stands in store/work.h. What takes a `task` finds jobs of that task alone, or of all
 * (JOB_ANY_TASK). `user_id` 0 where allowed means: whoever's it is, and of any task. Errors that
 * every operation has stand in store/store.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "jobs/job.h"
#include "store/store.h"

/* ---- create ---- */

enum { IDEMPOTENCY_KEY_MAX = 255, TRACEPARENT_MAX = 55 };

struct prediction_new; /* store/predictions.h */

struct job_new {
    int64_t user_id;
    enum job_task task; /* JOB_TRAIN, JOB_PREDICT: its queue */
    const char *name;   /* NULL: none */
    const char *model_type, *data_path;
    const char *model_name; /* that its model goes by (jobs/model_ref.h); NULL: the type's */
    const char *params_json, *run_json;      /* jobs/request.h makes them */
    const struct prediction_new *prediction; /* of JOB_PREDICT, else NULL */
    int64_t source_id;                       /* the job that this one repeats, or 0 */
    /* A client's word for this very request (Idempotency-Key), and a hash of its body; NULL: none
     */
    const char *key, *body_hash;
    /* What the user may keep, of a job of training; 0: any. Jobs that have not ended count as
     * models. */
    int64_t models_max, model_bytes_max;
    int64_t open_max; /* the user's jobs of the task that have not ended, this one too; 0: any */
    const char *traceparent; /* of the request (W3C Trace Context), for the queue's message; NULL */
};

/*
 * Job row, its first event and its message in the outbox, in one transaction: once this returns
 * ERR_OK the job will end one way or another. A key that this user gave within the last 24 h makes
 * no second job: *ret_job_id is the first one's and *ret_is_new false.
 * ERR_CONFLICT (key_reused): the key came with another body; (too_many_jobs): open_max are there;
 * (too_many_models, model_space_full): the user keeps as many models as are allowed, or as many
 * bytes. ERR_NOT_FOUND: no such user.
 */
MUST_CHECK enum err job_create(struct store *store, const struct job_new *job, int64_t *ret_job_id,
                               bool *ret_is_new, struct error *err);

/* The same for who will want to tell of the job: *ret_job is what job_read_brief would give, read
 * in the same transaction. The caller frees it. */
MUST_CHECK enum err job_create_read(struct store *store, const struct job_new *job,
                                    struct job **ret_job, bool *ret_is_new, struct error *err);

/* The job that this key made within the last 24 h; 0: none. ERR_CONFLICT (key_reused). */
MUST_CHECK enum err job_find_key(struct store *store, int64_t user_id, const char *key,
                                 const char *body_hash, int64_t *ret_job_id, struct error *err);

/* ---- read ---- */

/* With queue_position. The caller frees it (job_free). ERR_NOT_FOUND. */
MUST_CHECK enum err job_read(struct store *store, int64_t user_id, enum job_task task,
                             int64_t job_id, struct job **ret_job, struct error *err);

/* The same without the result, which may be long: for who asks often. */
MUST_CHECK enum err job_read_brief(struct store *store, int64_t user_id, enum job_task task,
                                   int64_t job_id, struct job **ret_job, struct error *err);

enum job_sort {
    SORT_CREATED,
    SORT_UPDATED,
    SORT_STARTED,
    SORT_DURATION,
    SORT_PROGRESS,
    SORT_NAME,
    SORT_MODEL_TYPE,
    SORT_STATUS,
    SORT_METRIC
};

struct job_query {
    int64_t user_id;
    const char *statuses;   /* as shown, with commas: "pending,cancelled"; NULL: all */
    const char *model_type; /* NULL: all */
    const char *text;       /* in name, path or type, in any case of ASCII letters; NULL: all */
    enum job_sort sort;
    const char *metric; /* its name, for SORT_METRIC */
    bool ascending;     /* else the newest, largest or last first; what has no value comes last */
    int32_t limit;      /* 1 to STORE_LIST_MAX */
    const char *cursor; /* of the page before, NULL for the first */
};
struct job_list {
    struct job **jobs; /* without result and queue_position */
    int32_t count;
    char next[STORE_CURSOR_SIZE]; /* "" on the last page */
};

/*
 * One page of training jobs, by keys: a job that is created or removed meanwhile shifts nothing.
 * Cost: by SORT_CREATED and SORT_METRIC what the page holds, and with one status, or those that
 * have not ended, too; otherwise a look at all jobs of the user. ERR_INVALID (cursor): it is not
 * one, or of another order.
 */
MUST_CHECK enum err job_list(struct store *store, const struct job_query *query,
                             struct job_list *ret_list, struct error *err);
void job_list_release(struct job_list *list);

/* How many jobs there are on all pages. Cost: without a filter one row, with one status a look at
 * its index, else at all jobs of the user. */
MUST_CHECK enum err job_total(struct store *store, const struct job_query *query,
                              int64_t *ret_total, struct error *err);

/* "created", "-updated", "metric:recall_at_k" as in a URL; a leading - means descending. The name
 * of a metric is borrowed from text. False where there is no such order. */
bool job_sort_find(const char *text, struct job_query *query);

/* ---- what happened, and the curves ---- */

struct job_event {
    int64_t event_id, job_id;
    const char *kind; /* "created", "claimed", "status", "message", "cancel_requested", "released",
                         "worker_died", "completed", "failed", "renamed", "removed" */
    const char *message; /* or NULL: the status, or words for people */
    int64_t at_ms;
};
struct job_event_list {
    struct job_event **events;
    int32_t count;
};
/*
 * Ascending by event_id, from the one after `after_id` on; job_id 0: of all the user's jobs.
 * Numbers rise in the order in which events become visible, so a reader that goes on after the last
 * it saw misses none. Kept for 30 days.
 */
MUST_CHECK enum err job_events(struct store *store, int64_t user_id, int64_t job_id,
                               int64_t after_id, int32_t limit, struct job_event_list *ret_list,
                               struct error *err);
void job_event_list_release(struct job_event_list *list);
/* The number of the last event of all, 0 when there is none: where a new reader starts. */
MUST_CHECK enum err job_last_event(struct store *store, int64_t *ret_event_id, struct error *err);

struct job_point {
    int64_t attempt;
    const char *name; /* "loss", "recall", "seconds" … */
    int64_t step;     /* the iteration */
    double value;
    int64_t at_ms;
};
struct job_point_list {
    struct job_point **points;
    int32_t count;
};
/* The points of the last attempt by name and step; at most STORE_LIST_MAX × 10. ERR_NOT_FOUND. */
MUST_CHECK enum err job_points(struct store *store, int64_t user_id, enum job_task task,
                               int64_t job_id, struct job_point_list *ret_list, struct error *err);
void job_point_list_release(struct job_point_list *list);

/* ---- end ---- */

/*
 * Ask a job to stop. A pending one is failed with the code "cancelled" at once (*ret_ended true);
 * one that a worker has is asked (cancel_requested), and hears of it with its next renewal. Asking
 * again changes nothing. ERR_NOT_FOUND; ERR_CONFLICT (job_ended): completed or failed.
 */
MUST_CHECK enum err job_cancel(struct store *store, int64_t user_id, enum job_task task,
                               int64_t job_id, bool *ret_ended, struct error *err);

/* Give a training job another name (NULL: none). `as_of_ms` not 0: only if updated_ms still is
 * this, else ERR_CONFLICT (precondition). ERR_NOT_FOUND; ERR_INVALID: too long. */
MUST_CHECK enum err job_rename(struct store *store, int64_t user_id, int64_t job_id,
                               const char *name, int64_t as_of_ms, struct error *err);

/* Remove a job that has ended, with its points, metrics and model row; read the model's path first
 * and unlink the file after. ERR_NOT_FOUND; ERR_CONFLICT (job_running; model_has_alias). */
MUST_CHECK enum err job_remove(struct store *store, int64_t user_id, enum job_task task,
                               int64_t job_id, struct error *err);

#endif
