#ifndef WORKER_OWNER_H
#define WORKER_OWNER_H

/*
 * The name under which a worker claims jobs: "host:pid:start:place". `start` is when the process
 * began, in ticks since the machine did, so that a number that was used again is told apart;
 * `place` stands for this boot and this space of process numbers, so that the name of a container
 * or another machine that is called the same is not taken for one of ours.
 */
#include "base/error.h"
#include "store/work.h"

enum { OWNER_HOST_MAX = 65 };

enum owner_state {
    OWNER_ALIVE,
    OWNER_DEAD,      /* its process is not there any more, or not as more than a zombie */
    OWNER_ELSEWHERE, /* of another host, boot or container, or no name of this form */
};

/* Our own name; the host alone. */
void owner_self(char out[WORKER_NAME_MAX + 1]);
void owner_host(char out[OWNER_HOST_MAX]);

enum owner_state owner_look(const char *owner);

/* Give back the jobs of all dead owners of this host, by job_died, remove what their attempts left
 * in MODEL_DIR (a job that was asked to stop ends here: no later attempt would do it), and take
 * these workers off the list. *ret_count: how many jobs. Errors of the store. */
MUST_CHECK enum err owner_bury_dead(struct store *store, const char *model_dir, int64_t *ret_count,
                                    struct error *err);

#endif
