#ifndef WORKER_REAPER_H
#define WORKER_REAPER_H

/*
 * What every server does beside answering requests, in a thread of its own: leases that ran out are
 * given back, and at once those of workers that died on this host; what time has made useless is
 * removed from the store, and files that nobody names from MODEL_DIR (worker/garbage.h). Any number
 * of servers may do so at the same time.
 */
#include "base/error.h"
#include "config/config.h"
#include "store/store.h"

struct reaper;

/* Both are borrowed until reaper_stop. ERR_IO, ERR_NOMEM. */
MUST_CHECK enum err reaper_start(struct store *store, const struct config *config,
                                 struct reaper **ret_reaper, struct error *err);
void reaper_stop(struct reaper *reaper); /* waits for the thread; NULL is allowed */

#endif
