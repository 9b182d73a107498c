#ifndef WORKER_ATTEMPT_H
#define WORKER_ATTEMPT_H

/*
 * One attempt at a job that was claimed, from its child's start to what becomes of it in the store.
 * Nothing here blocks for long: the worker's loop polls attempt_poll_fds and calls attempt_tend.
 *
 *   running → (child gone) → settling → over
 *
 * While the store is away, the child goes on; what it tells is held, and what becomes of the job is
 * written once the store is back. A write that is fenced off ends the attempt at once: the child
 * is killed, its files are removed, and nothing is written.
 */
#include <poll.h>

#include "config/config.h"
#include "store/work.h"

enum attempt_end {
    ATTEMPT_COMPLETED,
    ATTEMPT_FAILED,   /* also: cancelled */
    ATTEMPT_RELEASED, /* given back, and does not count */
    ATTEMPT_DIED,     /* given back, and counts */
    ATTEMPT_POISON,   /* died once too often: the job is failed */
    ATTEMPT_FENCED,   /* somebody else has the job, or it was removed */
};
const char *attempt_end_name(enum attempt_end end); /* "completed" */

struct attempt_spec {
    struct store *store; /* borrowed, as is config */
    const struct config *config;
    int64_t lease_ms;
    /* Called while the attempt does something that takes longer, many times a second. */
    void (*meanwhile)(void *context);
    void *context;
};

struct attempt;

/* Takes over `job`, which was claimed a moment ago. What goes wrong from here on (no such data, no
 * process) is the job's end and shows in attempt_tend. ERR_NOMEM: then the job is still ours to
 * release, and `job` is the caller's. */
MUST_CHECK enum err attempt_start(const struct attempt_spec *spec, struct job *job,
                                  struct attempt **ret_attempt, struct error *err);

/* What to poll for: two descriptors, -1 where there is none. */
void attempt_poll_fds(const struct attempt *attempt, struct pollfd out[2]);
/* Milliseconds until it wants to be tended again, at most. */
int attempt_timeout_ms(const struct attempt *attempt);

/* Read what the child told, write what is due, renew the lease, look for a request to stop. True:
 * it is over, and *ret_end says how. */
bool attempt_tend(struct attempt *attempt, enum attempt_end *ret_end);

/* Kill the child and give the job back; attempt_tend then says when that is done. */
void attempt_give_back(struct attempt *attempt);

int64_t attempt_job_id(const struct attempt *attempt);
bool attempt_is_first(const struct attempt *attempt); /* nobody had the job before */

/* Free it, and kill what is left of it. NULL is allowed. */
void attempt_free(struct attempt *attempt);

#endif
