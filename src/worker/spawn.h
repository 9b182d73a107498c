#ifndef WORKER_SPAWN_H
#define WORKER_SPAWN_H

/*
 * A child process: this program again, as `rectrain child`, with an empty environment but for what
 * it needs to compute, a fresh address space, and no descriptor but its spec, its two pipes and the
 * files or directories that it is to read. It dies with the thread that started it.
 */
#include <sys/types.h>

#include "base/error.h"
#include "data/files.h"
#include "worker/protocol.h"

struct child {
    pid_t pid;    /* 0: none; it leads a process group of its own */
    int out, err; /* its stdout and stderr, not blocking; -1: closed */
};

/* Start it. `handed`: what becomes CHILD_DATA_FD and CHILD_ABOVE_FD or CHILD_USERS_FD, -1: none;
 * they stay the caller's. spec->has_above and parent are set. ERR_IO: the system refuses;
 * ERR_NOMEM. End with child_kill or child_reap, then child_release. */
MUST_CHECK enum err child_start(struct child_spec *spec, const int handed[2],
                                struct child *ret_child, struct error *err);

void child_signal(const struct child *child, int signal_number);

/* True: it has ended, and *ret_status is as of waitpid. */
bool child_reap(struct child *child, int *ret_status);

/* Kill it, wait for its end, close the pipes. May be called on all zero, and again. */
void child_release(struct child *child);

/* How a process ended, in words: "killed by signal 9 (Killed), perhaps for want of memory". */
const char *child_end_words(int status, char *out, size_t out_size);

/* What `rectrain child` does: the other side. Returns the exit status. */
int child_main(void);

#endif
