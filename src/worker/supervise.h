#ifndef WORKER_SUPERVISE_H
#define WORKER_SUPERVISE_H

/*
 * The worker processes of one machine, all of one task: `rectrain worker`, `rectrain
 * predict-worker` and `rectrain serve` keep as many as WORKERS and PREDICT_WORKERS say. Each is
 * this program again, as `rectrain worker --slot` or `rectrain predict-worker --slot`, with one job
 * at a time; a process that ends is started again, after a pause that grows while it keeps ending.
 * Should the keeper be killed, the processes hear of it (PR_SET_PDEATHSIG) and finish as after
 * SIGTERM.
 */
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "jobs/status.h"

enum { WORKERS_MAX = 256 };

struct workers; /* a thread keeps them; the functions may be called from any thread */

/* Start `count` processes for jobs of `task` with the settings of `config`, which is copied.
 * ERR_INVALID, ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err workers_start(const struct config *config, enum job_task task, int32_t count,
                                  struct workers **ret_workers, struct error *err);

/* How many of them are running now. */
int32_t workers_running(const struct workers *workers);

/* Ask all to stop, without waiting: idle ones end at once, the others go on with their job for
 * STOP_GRACE_SECONDS and then give it back. The second call: they give it back at once. */
void workers_ask_stop(struct workers *workers);

/* Stop, and free all: SIGTERM, after grace_seconds again, and SIGKILL 5 s after that. */
void workers_stop(struct workers *workers, double grace_seconds); /* NULL is allowed */

#endif
