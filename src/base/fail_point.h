#ifndef BASE_FAIL_POINT_H
#define BASE_FAIL_POINT_H

/*
 * Places where a test can let a process die. RECTRAIN_FAIL_POINTS="claimed:1:1,result:0.2" kills it
 * with SIGKILL when it comes to "claimed" in the first attempt at a job, and with a chance of 0.2
 * when it comes to "result" in any; "phase_load:1:1:stop" halts it there (SIGSTOP). It is read at
 * each point, of which a job has a dozen; no setting, since nobody but a test has use for it.
 *
 *   server  job_created (committed, not answered), outbox_taken, published, outbox_settled (by the
 *           relay to RabbitMQ), leases_reaped
 *   parent  claimed, spawned, result, renamed, committed, acked
 *   child   phase_load, phase_split, phase_train, iteration_first, iteration_middle,
 *           iteration_last, phase_evaluate, phase_save, tmp_written
 *
 * What happens in a server is in no attempt: it passes 1.
 */
#include <stdint.h>

#define FAIL_POINTS_VARIABLE "RECTRAIN_FAIL_POINTS"

void fail_point(const char *name, int64_t attempt);

#endif
