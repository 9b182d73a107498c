#ifndef WORKER_SLOT_H
#define WORKER_SLOT_H

/*
 * One worker: the process that `rectrain worker --slot` is, or `rectrain predict-worker --slot`. It
 * waits for messages of the queue, claims jobs, and sees each through its attempt
 * (worker/attempt.h); one thread, one loop, nothing in it computes. It waits for a store or a
 * broker that is away, for as long as it takes.
 *
 * SIGTERM (or SIGINT): idle, it ends; with a job it goes on for STOP_GRACE_SECONDS and then gives
 * it back. A second one: it gives it back at once. A store that is away then is not waited for: the
 * lease runs out, or the next worker of this host finds that this one is gone.
 */
#include "base/error.h"
#include "config/config.h"
#include "jobs/status.h"

/* To be called first thing in the process, before any thread: signals wait for the loop from then
 * on. It takes jobs of `task`: JOB_TRAIN or JOB_PREDICT. `keeper`: the process that started it,
 * with which it ends as after SIGTERM; 0: nobody. */
MUST_CHECK enum err slot_run(const struct config *config, enum job_task task, int64_t keeper,
                             struct error *err);

#endif
