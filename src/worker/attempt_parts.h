#ifndef WORKER_ATTEMPT_PARTS_H
#define WORKER_ATTEMPT_PARTS_H

/* Inside of worker/ only: what attempt.c (running) and attempt_settle.c (ending) share. */
#include "jobs/job.h"
#include "store/predictions.h"
#include "worker/attempt.h"
#include "worker/attempt_files.h"
#include "worker/data_path.h"
#include "worker/job_log.h"
#include "worker/recorder.h"
#include "worker/spawn.h"

enum attempt_state { ATTEMPT_RUNNING, ATTEMPT_SETTLING, ATTEMPT_OVER };

/* What is to become of the job. */
enum verdict { VERDICT_FINISH, VERDICT_FAIL, VERDICT_DIED, VERDICT_RELEASE };

struct attempt {
    struct attempt_spec spec;
    const char *model_dir;
    struct job *job;
    struct fence fence;
    struct job_log *log;
    struct data_path path;
    struct recorder recorder;
    struct child child;
    struct line_reader lines, complaints; /* of stdout and stderr */
    json_t *result;                       /* that the child told last, … */
    struct {
        const char *code; /* … or its error; NULL: none */
        char message[CHILD_TEXT_MAX + 1];
    } failure;

    enum attempt_state state;
    enum attempt_end end;
    enum verdict verdict;
    const char *code;               /* of VERDICT_FAIL: static */
    char words[CHILD_TEXT_MAX + 1]; /* of FAIL and DIED */
    struct published published;     /* of a prediction: its file, as the model */
    struct prediction_file table;   /* of a prediction that went well: texts of `published` */

    /* What we decided about a child that still runs. */
    bool asked_to_stop, given_back, fenced, timed_out, is_broken;
    double started, ends_at, kill_at; /* by clock_seconds; 0: never */
    double next_renewal, next_look;   /* of the lease; for a request to stop */
    double next_try, pause;           /* of the store, while it is away */
    bool store_is_away;
};

/* The child is gone: what becomes of the job? Publishes the model of a run that went well. */
void attempt_judge(struct attempt *attempt, int status);
void attempt_verdict(struct attempt *attempt, enum verdict verdict, const char *code,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Write the verdict to the store; ERR_CONFLICT: fenced off. Once more after a failure. */
MUST_CHECK enum err attempt_settle(struct attempt *attempt, struct error *err);

/* A write or read of the store went so: true where it may go on. A store that is away sets the time
 * of the next try; a fence ends the attempt. */
bool attempt_heed(struct attempt *attempt, enum err rc, const struct error *err);

#endif
