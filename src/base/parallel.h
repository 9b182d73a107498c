#ifndef BASE_PARALLEL_H
#define BASE_PARALLEL_H

/*
 * A loop shared by threads. Which thread gets which piece varies from run to run; results must
 * not depend on it: a piece writes only what is its own, and sums across pieces are added in the
 * order of the pieces, not of the threads.
 */
#include <stdint.h>

enum { PARALLEL_THREADS_MAX = 256 };

/*
 * Call body(context, begin, end, worker) for consecutive pieces [begin, end) of at most `grain`
 * that cover 0 to count-1, each exactly once, on up to `threads` threads of which the caller is
 * one; `worker` is 0 to threads-1 and no two calls share one at a time. Pieces are handed out in
 * ascending order. Returns when all are done. Should the system refuse a thread, the others do
 * its work. Cost: about 20 us a thread and one atomic addition a piece.
 */
void parallel_for(int32_t threads, int64_t count, int64_t grain,
                  void (*body)(void *context, int64_t begin, int64_t end, int32_t worker),
                  void *context);

/* The processors that this process may use: at least 1. */
int32_t parallel_processors(void);

#endif
