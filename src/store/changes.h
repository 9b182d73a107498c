#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

/*
 * What changed since one last looked, for whoever keeps others up to date: the server's live pump,
 * the built-in queue. To be asked many times a second; while nobody writes, an answer costs a few
 * microseconds with SQLite, and one short round trip with PostgreSQL.
 */
#include <stdbool.h>
#include <stdint.h>

#include "store/jobs.h"
#include "store/registry.h"

/*
 * A number that is another one after any commit by anybody, in any process. Equal to the one
 * before: nothing was committed meanwhile. It says nothing else, and stores differ in it.
 * Any thread; opens a connection of its own with the first call.
 */
MUST_CHECK enum err store_tick(struct store *store, int64_t *ret_tick, struct error *err);

/* ---- the feed: jobs and aliases of all users ---- */

struct changed_points {
    int64_t job_id, user_id;
    struct job_point **points; /* of the current attempt, ascending by name and step */
    int32_t count;
};
struct job_gone {
    int64_t job_id, user_id;
    enum job_task task;
};
struct changes {
    /* As they are now, without result, with queue_position: created, another status, progress, … */
    struct job **jobs;
    int32_t job_count;
    struct job_gone *gone; /* removed */
    int32_t gone_count;
    struct changed_points *points; /* new ones, a group for each job */
    int32_t point_groups;
    struct alias_move **moves; /* of aliases, in their order */
    int32_t move_count;
    bool is_more; /* there was too much for one answer: ask again at once */
};

struct change_feed;

/* A feed that tells what happens from now on. It belongs to one thread at a time, and remembers a
 * few numbers for each job that a worker has. */
MUST_CHECK enum err change_feed_open(struct store *store, struct change_feed **ret_feed,
                                     struct error *err);
/*
 * What is new since the last call; all zero where nothing is. Each job stands in it once, however
 * often it changed. Nothing is missed: what an answer did not show yet, a later one does. After an
 * error (the database was away) the next call goes on from the same place, and tells again what
 * running jobs had told before. The caller releases it.
 */
MUST_CHECK enum err change_feed_poll(struct change_feed *feed, struct changes *ret_changes,
                                     struct error *err);
void changes_release(struct changes *changes);    /* all zero is allowed, and left */
void change_feed_close(struct change_feed *feed); /* NULL is allowed */

#endif
