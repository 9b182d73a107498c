/* Connections, transactions and rows, whatever the database. */
#include "store/db.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "base/turn.h"

/* ---- rows ---- */

void rows_release(struct rows *rows)
{
    mem_free(rows->cells);
    strbuf_release(&rows->texts);
    *rows = (struct rows){0};
}

void rows_begin(struct rows *rows, int32_t columns)
{
    rows->count = 0;
    rows->columns = columns;
    rows->changed = 0;
    rows->used = 0;
    rows->texts.len = 0;
    rows->texts.cap = ROWS_TEXT_MAX;
}

enum err rows_add(struct rows *rows, struct cell cell, const char *text, size_t len,
                  struct error *err)
{
    enum err rc = ERR_OK;
    if (rows->used == rows->capacity) {
        const size_t capacity = rows->used < 32 ? 64 : 4 * rows->used;
        struct cell *grown = mem_plain(capacity * sizeof(*grown), err);
        if (grown == NULL)
            return ERR_NOMEM;
        if (rows->used > 0)
            memcpy(grown, rows->cells, rows->used * sizeof(*grown));
        mem_free(rows->cells);
        rows->cells = grown;
        rows->capacity = capacity;
    }
    if (cell.type == CELL_TEXT) {
        cell.text_at = rows->texts.len;
        TRY(strbuf_add(&rows->texts, text, len, err));
        TRY(strbuf_add(&rows->texts, "", 1, err));
    }
    rows->cells[rows->used++] = cell;
    rows->count = (int32_t)(rows->used / (size_t)rows->columns);
done:
    return rc;
}

enum err rows_append(struct rows *rows, const struct rows *more, struct error *err)
{
    enum err rc = ERR_OK;
    assert(rows->columns == more->columns);
    for (size_t i = 0; i < more->used; i++) {
        const struct cell *cell = &more->cells[i];
        const char *text = cell->type == CELL_TEXT ? more->texts.ptr + cell->text_at : "";
        TRY(rows_add(rows, *cell, text, strlen(text), err));
    }
done:
    return rc;
}

static const struct cell *cell_at(const struct rows *rows, int32_t row, int32_t column)
{
    assert(row >= 0 && row < rows->count && column >= 0 && column < rows->columns);
    return &rows->cells[(size_t)row * (size_t)rows->columns + (size_t)column];
}

int64_t rows_int(const struct rows *rows, int32_t row, int32_t column)
{
    const struct cell *cell = cell_at(rows, row, column);
    return cell->type == CELL_REAL ? (int64_t)cell->real : cell->integer;
}

double rows_real(const struct rows *rows, int32_t row, int32_t column)
{
    const struct cell *cell = cell_at(rows, row, column);
    return cell->type == CELL_REAL  ? cell->real
           : cell->type == CELL_INT ? (double)cell->integer
                                    : NAN;
}

const char *rows_text(const struct rows *rows, int32_t row, int32_t column)
{
    const struct cell *cell = cell_at(rows, row, column);
    return cell->type == CELL_TEXT ? rows->texts.ptr + cell->text_at : NULL;
}

/* ---- transactions ---- */

/* With one writer the first connection writes, the second writes what may be lost with the power,
 * and the others read; else any serves. */
static bool goes_by_group(const struct tx *tx)
{
    return tx->store->backend->one_writer && tx->kind != TX_READ;
}

static void take_connection(struct tx *tx)
{
    struct store *store = tx->store;
    const int32_t first = store->backend->one_writer ? 2 : 0;
    pthread_mutex_lock(&store->lock);
    for (;;) {
        for (int32_t i = first; i < store->slots; i++) {
            if (store->connections[i].busy)
                continue;
            store->connections[i].busy = true;
            tx->slot = i;
            tx->db = store->connections[i].db;
            pthread_mutex_unlock(&store->lock);
            return;
        }
        pthread_cond_wait(&store->freed, &store->lock);
    }
}

static void give_connection_back(struct tx *tx)
{
    struct store *store = tx->store;
    pthread_mutex_lock(&store->lock);
    store->connections[tx->slot].busy = false;
    pthread_cond_signal(&store->freed);
    pthread_mutex_unlock(&store->lock);
}

enum err tx_begin(struct tx *tx, struct store *store, enum tx_kind kind, struct error *err)
{
    enum err rc;
    *tx = (struct tx){.store = store, .kind = kind};
    /* For a lock, a disk or another server, others may run meanwhile. Only SQLite's reads compute.
     */
    tx->is_waiting = kind != TX_READ || !store->backend->one_writer;
    if (tx->is_waiting)
        turn_pause();
    if (goes_by_group(tx)) {
        rc = group_begin(tx, err);
    } else {
        take_connection(tx);
        rc = store->backend->begin(tx->db, kind, err);
    }
    tx->open = rc == ERR_OK;
    return rc;
}

/* PostgreSQL refuses bytes that are not UTF-8, SQLite would keep them: so both refuse. */
static enum err run_checked(struct tx *tx, enum query query, const struct arg *args, int32_t count,
                            struct rows *rows, struct error *err)
{
    assert(count <= ARGS_MAX);
    for (int32_t i = 0; i < count; i++)
        if (args[i].type == ARG_TEXT && !text_is_utf8(args[i].text, strlen(args[i].text)))
            return FAIL(err, ERR_INVALID, "a text is not UTF-8");
    return tx->store->backend->run(tx->db, query, args, count, rows, err);
}

enum err tx_run(struct tx *tx, enum query query, const struct arg *args, int32_t count,
                struct rows *rows, struct error *err)
{
    assert(tx->open);
    const enum err rc = run_checked(tx, query, args, count, rows, err);
    if (rc != ERR_OK)
        group_note_failure(tx, err);
    return rc;
}

enum err tx_commit(struct tx *tx, struct error *err)
{
    assert(tx->open);
    if (goes_by_group(tx) && tx->in_group)
        return group_commit(tx, err);
    const enum err rc = tx->store->backend->commit(tx->db, err);
    if (rc == ERR_OK)
        tx->open = false;
    return rc;
}

void tx_end(struct tx *tx)
{
    if (goes_by_group(tx)) {
        group_end(tx);
    } else {
        if (tx->open)
            tx->store->backend->rollback(tx->db);
        tx->open = false;
        give_connection_back(tx);
    }
    if (tx->is_waiting)
        turn_resume();
    tx->is_waiting = false;
}

/* One statement that reads is a transaction by itself, and two round trips less. Only when the
 * connection was lost a begin makes it anew. */
static enum err read_once(struct tx *tx, enum query query, const struct arg *args, int32_t count,
                          struct rows *rows, struct error *err)
{
    enum err rc;
    take_connection(tx);
    rc = run_checked(tx, query, args, count, rows, err);
    if (rc != ERR_IO || strcmp(err->reason, "store_unavailable") != 0)
        return rc;
    TRY(tx->store->backend->begin(tx->db, tx->kind, err));
    tx->open = true;
    TRY(run_checked(tx, query, args, count, rows, err));
    TRY(tx_commit(tx, err));
done:
    return rc;
}

enum err store_run(struct store *store, enum tx_kind kind, enum query query, const struct arg *args,
                   int32_t count, struct rows *rows, struct error *err)
{
    enum err rc;
    struct tx tx = {.store = store, .kind = kind};
    if (kind == TX_READ) {
        rc = read_once(&tx, query, args, count, rows, err);
    } else {
        TRY(tx_begin(&tx, store, kind, err));
        TRY(tx_run(&tx, query, args, count, rows, err));
        TRY(tx_commit(&tx, err));
    }
done:
    tx_end(&tx);
    return rc;
}
