/*
 * Operations that come at once, done by one thread, where the database has one writer. Threads that
 * wait for the writer's lock wake one after the other, and to wake one takes as long as its work.
 * So they put their work in a line and sleep; whoever leads does all that stands there, each piece
 * as a savepoint of one transaction, and wakes them when it is on disk. Who comes meanwhile forms
 * the next line, and its first one leads it. (Hendler, Incze, Shavit, Tzafrir: Flat Combining and
 * the Synchronization-Parallelism Tradeoff, SPAA 2010.)
 */
#include <semaphore.h>

#include "base/turn.h"
#include "store/db.h"

enum { LINE_MAX = 256 };

/* A piece of work that stands in the line; on the stack of its thread, which sleeps meanwhile. */
struct line_op {
    const struct combined *work;
    enum err rc;
    struct error *err;
    bool leads; /* woken to lead the line that it stands at the head of */
    sem_t done;
    struct line_op *next;
};

/* ---- the line ---- */

/* Stand in line. True: nobody leads, so the caller does. */
static bool line_up(struct store *store, struct line_op *op)
{
    struct line *line = &store->line;
    pthread_mutex_lock(&line->lock);
    if (line->last != NULL)
        line->last->next = op;
    else
        line->first = op;
    line->last = op;
    const bool leads = !line->is_led;
    line->is_led = true;
    pthread_mutex_unlock(&line->lock);
    return leads;
}

/* The first of the line; NULL: there is none. */
static struct line_op *take_first(struct store *store)
{
    struct line *line = &store->line;
    pthread_mutex_lock(&line->lock);
    struct line_op *op = line->first;
    if (op != NULL) {
        line->first = op->next;
        if (line->first == NULL)
            line->last = NULL;
        op->next = NULL;
    }
    pthread_mutex_unlock(&line->lock);
    return op;
}

static void hand_over(struct store *store)
{
    struct line *line = &store->line;
    pthread_mutex_lock(&line->lock);
    struct line_op *next = line->first;
    line->is_led = next != NULL;
    if (next != NULL)
        next->leads = true;
    pthread_mutex_unlock(&line->lock);
    if (next != NULL)
        sem_post(&next->done);
}

/* ---- the work ---- */

/* One piece, in a savepoint. False: the transaction itself is gone, as it is when the disk is full.
 */
static bool do_one(struct tx *tx, struct line_op *op)
{
    struct error ignored;
    bool keeps = false;
    const struct backend *backend = tx->store->backend;
    op->rc = backend->savepoint(tx->db, SAVEPOINT_SET, op->err);
    if (op->rc != ERR_OK)
        return true; /* nothing was done */
    op->rc = op->work->run(tx, op->work->context, &keeps, op->err);
    if (op->rc == ERR_OK && keeps)
        op->rc = backend->savepoint(tx->db, SAVEPOINT_KEEP, op->err);
    else
        return backend->savepoint(tx->db, SAVEPOINT_UNDO, &ignored) == ERR_OK;
    return op->rc == ERR_OK;
}

/* What became of the transaction is what became of those who were well until then. */
static void settle(struct line_op *done, enum err rc, const struct error *error)
{
    for (struct line_op *op = done; op != NULL && rc != ERR_OK; op = op->next) {
        if (op->rc != ERR_OK)
            continue;
        op->rc = rc;
        *op->err = *error;
    }
}

/* All that stands in line, and what comes while it is done, in one transaction. Returns those whose
 * work it was. */
static struct line_op *do_line(struct store *store)
{
    enum err rc;
    struct tx tx;
    struct error error;
    struct line_op *done = NULL, *op;
    bool is_gone = false;
    rc = tx_begin(&tx, store, TX_WRITE, &error);
    for (int count = 0; count < LINE_MAX && !is_gone && (op = take_first(store)) != NULL; count++) {
        op->rc = ERR_OK;
        if (rc == ERR_OK)
            is_gone = !do_one(&tx, op);
        op->next = done;
        done = op;
    }
    if (is_gone) {
        error = *done->err;
        rc = done->rc != ERR_OK ? done->rc : FAIL(&error, ERR_IO, "the store failed while writing");
    } else if (rc == ERR_OK) {
        rc = tx_commit(&tx, &error);
    }
    tx_end(&tx);
    settle(done, rc, &error);
    return done;
}

static void lead(struct store *store, struct line_op *self)
{
    struct line_op *next;
    struct line_op *done = do_line(store);
    hand_over(store);
    for (struct line_op *op = done; op != NULL; op = next) {
        next = op->next; /* one that was told is gone */
        if (op != self)
            sem_post(&op->done);
    }
}

/* ---- for operations of the store ---- */

static enum err do_alone(struct store *store, const struct combined *work, struct error *err)
{
    enum err rc;
    struct tx tx;
    bool keeps = false;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(work->run(&tx, work->context, &keeps, err));
    if (keeps)
        TRY(tx_commit(&tx, err));
done:
    tx_end(&tx);
    return rc;
}

enum err tx_combine(struct store *store, const struct combined *work, struct error *err)
{
    struct line_op op = {.work = work, .err = err};
    if (!store->backend->one_writer)
        return do_alone(store, work, err);
    sem_init(&op.done, 0, 0);
    op.leads = line_up(store, &op);
    if (!op.leads) {
        turn_pause();
        while (sem_wait(&op.done) != 0)
            continue; /* a signal came */
        turn_resume();
    }
    if (op.leads)
        lead(store, &op);
    sem_destroy(&op.done);
    return op.rc;
}
