#ifndef API_LIVE_H
#define API_LIVE_H

/*
 * The live pump: a thread of each server that looks at what changed in the store (store/changes.h),
 * whoever changed it, and publishes it to the streams of the users whose jobs they are. Several
 * servers on one database each do so for their own streams.
 *
 *   job          the job as in the list, without its result
 *   job_removed  {"job_id": 7}
 *   points       {"job_id": 7, "attempt": 1, "points": [{"name": "loss", "step": 3, "value": 0.5}]}
 *   log          {"job_id": 7, "size_bytes": 1234}: the log of a running job grew
 *   alias        {"name": "homepage", "alias": "champion", …}: the move, as in the history
 *
 * A change of status, name or error is told within LIVE_POLL_MS; what else a running job does is
 * gathered, and told LIVE_CALM_MS after the last time at the soonest, so that no page has to draw
 * faster than people read.
 */
#include "http/hub.h"
#include "store/store.h"

enum {
    LIVE_POLL_MS = 40,    /* between two looks while somebody listens */
    LIVE_IDLE_MS = 250,   /* and while nobody does */
    LIVE_CALM_MS = 250,   /* between two tellings of one running job's progress */
    LIVE_LOG_MS = 500,    /* between two looks at one running job's log */
    LIVE_RETRY_MS = 1000, /* after the store failed */
};

struct live_spec {
    struct store *store; /* all borrowed until live_stop */
    struct hub *hub;
    const char *model_dir; /* of the jobs' logs */
};

struct live;

/* Tells of what happens from now on. ERR_NOMEM, ERR_IO (no thread), errors of the store. */
MUST_CHECK enum err live_start(const struct live_spec *spec, struct live **ret_live,
                               struct error *err);
/* Look now: somebody began to listen, or this server changed something. Any thread; NULL allowed.
 */
void live_wake(struct live *live);
void live_stop(struct live *live); /* NULL is allowed */

/* The topic of a user's events. `out` of HUB_TOPIC_MAX + 1 bytes. */
void live_topic(int64_t user_id, char *out);

#endif
