#ifndef BASE_TURN_H
#define BASE_TURN_H

/*
 * Turns of threads that compute. A pool may have many threads, since some of them wait for a disk,
 * but let only as many run at once as there are processors: those that wait their turn are then
 * served one after the other, in a time that is alike for all, rather than all at once and each
 * slowly. A thread that is about to wait says so, and somebody else runs meanwhile:
 *
 *     turn_pause();
 *     … fdatasync, a database, a process, a lock that somebody holds while they wait …
 *     turn_resume();
 *
 * Pairs may nest. turn_resume never waits, so it may be called with a lock held; for a moment then
 * one more thread runs. On a thread without a pool both do nothing.
 */

/* What a pool gives each of its threads, once, before anything runs there. */
struct turn_pool {
    void (*pause)(void *pool), (*resume)(void *pool);
    void *pool;
};
void turn_join(const struct turn_pool *pool); /* borrowed for the thread's life */

void turn_pause(void);
void turn_resume(void);

#endif
