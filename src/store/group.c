/*
 * Group commit, for a database with one writer at a time. A durable commit waits for the disk, and
 * while it does, others queue up; so they share the next one: each operation is a savepoint of one
 * transaction, and the last in line commits for all. An operation returns only when its group is on
 * disk; one that fails undoes itself alone; and when the commit fails, each of the group hears so.
 *
 * `writing` is held by the one operation that runs, not by those that wait for their commit.
 * Operations that need not wait for the disk (TX_LAX) commit by themselves on a connection of their
 * own, unless a group is open: then they join it, since the database has one writer.
 */
#include <assert.h>
#include <semaphore.h>
#include <time.h>

#include "base/clock.h"
#include "store/db.h"

enum { GROUP_MAX = 256 };

/* Other processes want to write too. They look each millisecond (sqlite.c), so when our groups
 * follow each other without a gap, we leave one, now and then, that they cannot miss. */
#define GAP_EVERY_SECONDS 0.05
#define GAP_NS 1500000

/* An operation that waits for the commit of its group; on its own stack. */
struct group_wait {
    sem_t done;
    enum err rc;
    struct error *err;
    struct group_wait *next;
};

static void leave_a_gap(struct group *group)
{
    const struct timespec gap = {.tv_nsec = GAP_NS};
    const double now = clock_seconds();
    if (now - group->ended > GAP_NS * 1e-9) {
        group->gapped = now;
    } else if (now - group->gapped > GAP_EVERY_SECONDS) {
        nanosleep(&gap, NULL);
        group->gapped = clock_seconds();
    }
}

/* The group has ended: tell everyone who waits for it. A waiter is gone once it was told. */
static void tell_all(struct group *group, enum err rc, const struct error *error)
{
    struct group_wait *next;
    for (struct group_wait *wait = group->waiting; wait != NULL; wait = next) {
        next = wait->next;
        wait->rc = rc;
        if (rc != ERR_OK)
            *wait->err = *error;
        sem_post(&wait->done);
    }
    group->waiting = NULL;
    group->size = 0;
    group->is_open = false;
    group->ended = clock_seconds();
}

static enum err commit_group(struct store *store, struct error *err)
{
    struct db *db = store->connections[0].db;
    const enum err rc = store->backend->commit(db, err);
    if (rc != ERR_OK)
        store->backend->rollback(db);
    tell_all(&store->group, rc, err);
    return rc;
}

static bool is_last_in_line(struct store *store)
{
    return atomic_load(&store->writers) == 0 || store->group.size >= GROUP_MAX;
}

enum err group_begin(struct tx *tx, struct error *err)
{
    enum err rc;
    struct store *store = tx->store;
    struct group *group = &store->group;
    atomic_fetch_add(&store->writers, 1);
    pthread_mutex_lock(&store->writing);
    atomic_fetch_sub(&store->writers, 1);
    tx->is_writing = true;
    tx->in_group = tx->kind == TX_WRITE || group->is_open;
    tx->db = store->connections[tx->in_group ? 0 : 1].db;
    if (tx->in_group && group->is_open) {
        tx->is_savepoint = true;
        return store->backend->savepoint(tx->db, SAVEPOINT_SET, err);
    }
    if (tx->in_group)
        leave_a_gap(group);
    rc = store->backend->begin(tx->db, tx->kind, err);
    group->is_open = tx->in_group && rc == ERR_OK;
    return rc;
}

enum err group_commit(struct tx *tx, struct error *err)
{
    enum err rc = ERR_OK;
    struct store *store = tx->store;
    struct group *group = &store->group;
    struct group_wait wait = {.err = err};
    if (tx->is_savepoint)
        rc = store->backend->savepoint(tx->db, SAVEPOINT_KEEP, err);
    if (rc != ERR_OK)
        return rc; /* group_end undoes it */
    tx->open = false;
    group->size++;
    if (is_last_in_line(store))
        return commit_group(store, err);
    sem_init(&wait.done, 0, 0);
    wait.next = group->waiting;
    group->waiting = &wait;
    tx->is_writing = false;
    pthread_mutex_unlock(&store->writing);
    while (sem_wait(&wait.done) != 0)
        continue; /* a signal came */
    sem_destroy(&wait.done);
    return wait.rc;
}

/* The database undid the whole transaction by itself, as it does when the disk is full: none of
 * the group has written anything. */
static void fail_group(struct store *store)
{
    struct group *group = &store->group;
    store->backend->rollback(store->connections[0].db);
    if (group->failure.code == ERR_OK)
        (void)FAIL(&group->failure, ERR_IO, "the store failed while others wrote");
    tell_all(group, group->failure.code, &group->failure);
}

static void undo(struct tx *tx)
{
    struct error ignored;
    struct store *store = tx->store;
    if (!tx->in_group) {
        store->backend->rollback(tx->db);
    } else if (!tx->is_savepoint) { /* the first of its group, and alone in it */
        store->backend->rollback(tx->db);
        store->group.is_open = false;
    } else if (store->backend->savepoint(tx->db, SAVEPOINT_UNDO, &ignored) != ERR_OK) {
        fail_group(store);
    }
}

void group_note_failure(struct tx *tx, const struct error *err)
{
    if (tx->in_group)
        tx->store->group.failure = *err;
}

void group_end(struct tx *tx)
{
    struct error ignored;
    struct store *store = tx->store;
    if (!tx->is_writing)
        return;
    if (tx->open)
        undo(tx);
    tx->open = false;
    if (store->group.is_open && is_last_in_line(store) && commit_group(store, &ignored) != ERR_OK)
        tx->open = false; /* those whom it concerns were told */
    store->group.failure.code = ERR_OK;
    tx->is_writing = false;
    pthread_mutex_unlock(&store->writing);
}
