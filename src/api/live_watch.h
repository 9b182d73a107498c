#ifndef API_LIVE_WATCH_H
#define API_LIVE_WATCH_H

/*
 * Inside of the live pump: which jobs there is something to tell of, and when. A change of status
 * is told at once; of a running job what else changed is gathered, and told when its time has come.
 * Times are seconds of base/clock.h, given by the caller. One thread at a time.
 */
#include "http/hub.h"
#include "store/changes.h"

struct watch;

struct watches {
    struct hub *hub;
    const char *model_dir;
    struct store *store; /* for what a prediction has beside its job */
    struct watch **list; /* of the jobs that run, or that something waits to be told of */
    int32_t count, capacity;
};

/* All borrowed. */
void watches_init(struct watches *watches, struct hub *hub, struct store *store,
                  const char *model_dir);
void watches_release(struct watches *watches);

/* Take over what changed (jobs are moved out of *changes), and tell at once what must not wait. */
MUST_CHECK enum err watches_take(struct watches *watches, struct changes *changes, double now,
                                 struct error *err);

/* Tell what has waited long enough, and of logs that grew. */
MUST_CHECK enum err watches_tell(struct watches *watches, double now, struct error *err);

#endif
