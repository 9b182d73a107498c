#ifndef JOBS_STATUS_H
#define JOBS_STATUS_H

/*
 * The statuses of a job: exactly the six that clients know. What is more is told beside them: the
 * phase, the attempt, and the error's code, of which "cancelled" is one (jobs/problem.h).
 *
 *   pending → loading_data → preprocessing → training → completed
 *      │ ↑          └──────────────┴─────────────┤
 *      │ └── released, or its worker died ───────┤
 *      └───────────────────────────────────────→ failed
 *
 * Within an attempt a status never goes back; completed and failed never change.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"

/* What a job is for. Each task that waits for workers has a queue of its own; an import is recorded
 * when it is done, and never waits. JOB_ANY_TASK stands for whichever, where that is allowed. */
enum job_task { JOB_ANY_TASK, JOB_TRAIN, JOB_PREDICT, JOB_IMPORT, JOB_TASK_COUNT };

enum job_status {
    JOB_PENDING,
    JOB_LOADING_DATA,
    JOB_PREPROCESSING,
    JOB_TRAINING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_STATUS_COUNT
};

/* "train", "predict", "import", of JOB_ANY_TASK ""; and back: false where there is none. */
const char *job_task_name(enum job_task task);
bool job_task_find(const char *name, enum job_task *ret_task);

/* "loading_data"; and back: false where there is none of that name. */
const char *job_status_name(enum job_status status);
bool job_status_find(const char *name, enum job_status *ret_status);

bool job_status_is_terminal(enum job_status status); /* completed, failed */
bool job_status_is_active(enum job_status status);   /* a worker has it */

/* The transition table. A status may always become itself, unless it is terminal. */
bool job_status_may_become(enum job_status from, enum job_status to);

/* The name of a phase of a run, as "evaluate", and the status that it belongs to. */
const char *job_phase_name(enum progress_phase phase);
bool job_phase_find(const char *name, enum progress_phase *ret_phase);
enum job_status job_phase_status(enum progress_phase phase);

#endif
