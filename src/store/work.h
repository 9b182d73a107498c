#ifndef STORE_WORK_H
#define STORE_WORK_H

/*
 * Jobs as a worker handles them. A claim gives a fence: the job and the epoch of the claim. Every
 * later write names it, and changes nothing once somebody else has claimed the job, it was given
 * back, or it ended: ERR_CONFLICT (fenced). A worker that gets this answer stops its child and
 * forgets the job. So work may be done twice, but its effect is recorded once.
 *
 *   claim → (renew every lease/3, advance, progress, points)* → finish | fail | release
 *
 * A worker that says nothing until its lease is over is dead: jobs_reap, which servers call every
 * few seconds, gives the job back, or fails it after JOB_DEATHS_MAX deaths (jobs/problem.h).
 * Leases run by the clock of the database; where that is set back, jobs_reap begins them anew.
 * Errors of every operation: store/store.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "jobs/job.h"
#include "store/store.h"

enum { LEASE_MS = 30000, WORKER_NAME_MAX = 128 };

struct prediction_file;

struct fence {
    int64_t job_id, epoch;
};

/*
 * Take the fairest pending job of the task: users take turns, and a user's jobs go oldest first. It
 * becomes loading_data, epoch and attempt rise by one, the lease begins. `owner` is the worker's
 * name. *ret_job, which the caller frees, has the epoch for the fence; NULL when nothing is
 * pending. Any number of workers may claim at once: each job goes to one of them.
 */
MUST_CHECK enum err job_claim(struct store *store, enum job_task task, const char *owner,
                              int64_t lease_ms, struct job **ret_job, struct error *err);

/* The lease begins anew. *ret_cancel: somebody asked the job to stop. */
MUST_CHECK enum err job_renew(struct store *store, struct fence fence, int64_t lease_ms,
                              bool *ret_cancel, struct error *err);

/* Has somebody asked the job to stop? Only a read: cheap enough for several times a second. */
MUST_CHECK enum err job_asked_to_stop(struct store *store, struct fence fence, bool *ret_cancel,
                                      struct error *err);

/*
 * The run has come to this phase ("train"; jobs/status.h says which status that is). ERR_INVALID
 * (status_backward): the status would go back. `message` for people, NULL: none.
 */
MUST_CHECK enum err job_advance(struct store *store, struct fence fence, enum progress_phase phase,
                                const char *message, struct error *err);

/* How far it is: `progress` 0 to 1 and `iteration` never fall, whatever is given; `message` NULL
 * leaves the one before. Not waited for on the disk, as are the points: cheap enough for several
 * times a second. */
MUST_CHECK enum err job_progress(struct store *store, struct fence fence, double progress,
                                 int64_t iteration, const char *message, struct error *err);

/* One point of a curve; a point that is there is replaced. A value that is not finite is left out.
 */
MUST_CHECK enum err job_add_point(struct store *store, struct fence fence, const char *name,
                                  int64_t step, double value, struct error *err);

/* A line for people in the list of events: a warning, a retry. Changes nothing else. */
MUST_CHECK enum err job_note(struct store *store, struct fence fence, const char *message,
                             struct error *err);

struct job_outcome {
    const json_t *metrics; /* object: name → number; what is no finite number is left out */
    const json_t *popular_metrics;         /* the same of the list for everybody, or NULL */
    const char *result_json;               /* what run_train told, at most JOB_RESULT_MAX bytes */
    const char *model_path, *model_sha256; /* path NULL: the kind saves nothing */
    int64_t model_bytes;
    const char *program_version;        /* of the child; NULL: not known */
    const struct prediction_file *file; /* of a prediction (store/predictions.h), else NULL */
};
/* completed, its metrics by name, its model as the next version of its name: one transaction, the
 * model file being on disk before. The job must be in training. ERR_CONFLICT (fenced,
 * model_exists). */
MUST_CHECK enum err job_finish(struct store *store, struct fence fence,
                               const struct job_outcome *outcome, struct error *err);

/* failed, with a code of jobs/problem.h ("cancelled" after a request to stop) and a message. */
MUST_CHECK enum err job_fail(struct store *store, struct fence fence, const char *code,
                             const char *message, struct error *err);

/*
 * Give the job back unfinished (SIGTERM, a lost broker): pending again with a new message in the
 * outbox, and the attempt does not count. One that was asked to stop is failed as cancelled
 * instead.
 */
MUST_CHECK enum err job_release(struct store *store, struct fence fence, struct error *err);

/* The worker's child died, or the worker knows that it has to give up this attempt: as jobs_reap
 * does when a lease is over, but at once. `how` in words: "killed by signal 9". */
MUST_CHECK enum err job_died(struct store *store, struct fence fence, const char *how,
                             struct error *err);

struct reaped {
    int64_t returned, failed, cancelled; /* jobs whose lease was over, by what became of them */
};
/* Handle up to 100 leases that are over. Servers may do so at the same time. */
MUST_CHECK enum err jobs_reap(struct store *store, struct reaped *ret_reaped, struct error *err);

/* The jobs that workers have now, and who: for a reaper that knows of its own machine's dead before
 * their leases are over (it calls job_died for them). */
struct active_job {
    int64_t job_id, epoch, user_id;
    const char *owner; /* as given to job_claim */
    int64_t lease_until_ms;
};
struct active_job_list {
    struct active_job **jobs;
    int32_t count;
};
MUST_CHECK enum err active_job_list(struct store *store, struct active_job_list *ret_list,
                                    struct error *err);
void active_job_list_release(struct active_job_list *list);

/* Was there such a job in this store, that somebody removed within the last 30 days? Tells files of
 * a job that is gone from those of another store. */
MUST_CHECK enum err job_was_removed(struct store *store, int64_t job_id, bool *ret_removed,
                                    struct error *err);

/* ---- workers, for the System page ---- */

struct worker {
    enum job_task task; /* that it takes jobs of */
    const char *worker_id, *host, *version;
    int64_t job_id; /* 0: idle */
    bool is_draining;
    int64_t started_ms, seen_ms;
};
struct worker_list {
    struct worker **workers;
    int32_t count;
    int64_t now_ms; /* when it was read: for the age of seen_ms */
};
/* Worker `worker_id` is there (call it every few seconds), and works at job_id (0: idle). */
MUST_CHECK enum err worker_seen(struct store *store, const struct worker *worker,
                                struct error *err);
MUST_CHECK enum err worker_gone(struct store *store, const char *worker_id, struct error *err);
MUST_CHECK enum err worker_list(struct store *store, struct worker_list *ret_list,
                                struct error *err);
void worker_list_release(struct worker_list *list);

#endif
