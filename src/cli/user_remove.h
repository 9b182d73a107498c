#ifndef CLI_USER_REMOVE_H
#define CLI_USER_REMOVE_H

/*
 * Removing an account with all that is its own. The records go first, in one transaction, so that
 * no row ever names a file that is gone; then the files of its models and predictions, and the logs
 * of its jobs.
 */
#include <stdint.h>

#include "store/store.h"

/* Files of one directory: names [count] without it, owned. */
struct remaining_files {
    char **names;
    int32_t count, room;
};
/* What an account leaves on disk. */
struct user_remains {
    struct remaining_files models, tables; /* the latter of predictions */
    int64_t *job_ids;                      /* owned */
    int32_t job_count, job_room;
};

/* ERR_CONFLICT (jobs_running): some of its jobs have not ended. Errors of the store. */
MUST_CHECK enum err user_remains_find(struct store *store, int64_t user_id,
                                      struct user_remains *remains, struct error *err);
void user_remains_release(struct user_remains *remains);

/* ERR_CONFLICT (jobs_running): one began meanwhile; nothing is removed. A file that cannot be
 * removed is told on stderr, and left. */
MUST_CHECK enum err user_remove_whole(struct store *store, const char *model_dir, int64_t user_id,
                                      const struct user_remains *remains, struct error *err);

#endif
