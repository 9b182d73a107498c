#ifndef JOBS_JOB_H
#define JOBS_JOB_H

/*
 * The record of a training job: what was asked for, where it stands, what came of it. The store
 * makes these (store/jobs.h); nothing here changes one. Times are milliseconds since 1970 UTC by
 * the clock of the database; 0: not yet.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_out.h"
#include "jobs/status.h"

enum {
    JOB_NAME_MAX = 200,   /* bytes of a name that its user gave it */
    JOB_PATH_MAX = 4096,  /* bytes of data_path */
    JOB_JSON_MAX = 65536, /* bytes of params, run, and a metrics object */
    JOB_RESULT_MAX = 1 << 20,
    JOB_POSITION_MAX = 100, /* places in the queue are counted up to here */
    JOB_TIME_SIZE = 32,
    JOB_DESCRIPTION_SIZE = 96,
};

struct job {
    int64_t job_id, user_id;
    enum job_task task;
    const char *name;       /* given by the user, or NULL */
    const char *model_type; /* "als" */
    const char *data_path;
    const char *params_json; /* object: the kind's parameters, all of them */
    const char *run_json;    /* object: the run's parameters, all of them */
    int64_t source_id;       /* the job that this one repeats (retry, clone), or 0 */
    const char *model_name;  /* that its model goes by (jobs/model_ref.h), or NULL: the type's */

    enum job_status status;
    const char *phase;     /* "evaluate" while a worker has it (job_phase_name), else NULL */
    double progress;       /* 0 to 1, of the whole run; never less than before in an attempt */
    int64_t iteration;     /* finished ones of the fit */
    const char *message;   /* the last line for people, or NULL */
    bool cancel_requested; /* and the worker has not stopped yet */

    int64_t epoch;          /* rises with each claim: the worker's fencing token */
    int64_t attempt;        /* claims that were not given back: 1 in the first */
    int64_t deaths;         /* attempts that ended with the worker's death */
    const char *owner;      /* the worker that has or had it last, or NULL */
    int64_t lease_until_ms; /* 0: nobody has it */

    const char *error_code;           /* of jobs/problem.h where failed, else NULL */
    const char *error_message;        /* for people, or NULL */
    const char *metrics_json;         /* object: name → number, where completed, else NULL */
    const char *popular_metrics_json; /* of the list for everybody, on the same holdout, or NULL */
    const char *model_path;           /* where completed, else NULL */
    const char *result_json; /* what run_train told, where completed, else NULL; lists leave it
                                out */

    int64_t created_ms, started_ms, ended_ms, updated_ms; /* started: the first claim */
    int64_t queue_position; /* 1: the next to be claimed; JOB_POSITION_MAX: that or later; 0: not
                               pending, or not asked for */
};

/* Free a record that the store made. NULL is allowed. */
void job_free(struct job *job);

bool job_is_cancelled(const struct job *job); /* failed, with the code "cancelled" */

/* "completed", and for people and /api/v1 "cancelled" too. */
const char *job_shown_status(const struct job *job);

/* "als · 60 × 10" (factors × iterations), "popular", else the type alone, with what differs from
 * the defaults: "als · 60 × 10 · alpha 40". Returns out. */
const char *job_describe(const struct job *job, char *out, size_t out_size);

/* "2024-12-01T14:30:22" as clients of the brief know it, and RFC 3339 with "Z" and milliseconds. */
const char *job_time_plain(int64_t time_ms, char out[JOB_TIME_SIZE]);
const char *job_time_rfc3339(int64_t time_ms, char out[JOB_TIME_SIZE]);

/* Members of an object: that time, null for 0; "error" {code, title, message}, or null. */
void job_write_time(struct json_out *out, const char *key, int64_t time_ms);
void job_write_error(struct json_out *out, const struct job *job);

/*
 * The answer of GET /training_status/{id}: job_id, status (one of the six), metrics and model_path
 * (null until completed), created_at, updated_at; then phase, progress, iteration, attempt,
 * queue_position, cancel_requested, error {code, title, message} or null. The second builds the
 * same as a tree, which the caller owns: ERR_NOMEM; ERR_CORRUPT where a stored text is no JSON.
 */
void job_write_status(struct json_out *out, const struct job *job);
MUST_CHECK enum err job_to_status_json(const struct job *job, json_t **ret_json, struct error *err);

/* The job in /api/v1: everything but owner's secrets; times in RFC 3339; status as shown. With
 * `whole`, also the result. job_write_fields leaves out the braces, so that others can follow. */
void job_write(struct json_out *out, const struct job *job, bool whole);
void job_write_fields(struct json_out *out, const struct job *job, bool whole);
MUST_CHECK enum err job_to_json(const struct job *job, bool whole, json_t **ret_json,
                                struct error *err);

#endif
