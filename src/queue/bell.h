#ifndef QUEUE_BELL_H
#define QUEUE_BELL_H

/* Inside of queue/ only: a descriptor by which one thread wakes another. */
#include "base/error.h"

MUST_CHECK enum err bell_open(int *ret_fd, struct error *err); /* close() undoes it */
void bell_ring(int fd);
void bell_quiet(int fd); /* not ringing any more */

/* Until the bell rings or `other` (-1: none) is readable, at most timeout_ms. Leaves it ringing.
 * False: a signal came first. */
int bell_wait(int fd, int other, int timeout_ms);

#endif
