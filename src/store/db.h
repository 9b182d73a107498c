#ifndef STORE_DB_H
#define STORE_DB_H

/*
 * Inside of store/ only: connections, transactions and named queries, the same for both databases.
 * An operation of the store reads like this:
 *
 *     struct tx tx;
 *     struct rows rows = {0};
 *     TRY(tx_begin(&tx, store, TX_WRITE, err));
 *     TRY(RUN(&tx, job_lock, &rows, arg_int(job_id), arg_int(epoch)));
 *     …
 *     TRY(tx_commit(&tx, err));
 *     done:
 *         rows_release(&rows);
 *         tx_end(&tx);
 *
 * tx_begin comes first in a function, so that `done:` may always end it. A connection serves one
 * transaction at a time.
 */
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "store/queries.h"
#include "store/store.h"

enum { ARGS_MAX = 24, ROWS_TEXT_MAX = 64 << 20, CONNECTIONS_MAX = 32, EXPANDED_MAX = 65536 };

/* ---- values that go in ---- */

enum arg_type { ARG_NULL, ARG_INT, ARG_REAL, ARG_TEXT };
struct arg {
    enum arg_type type;
    int64_t integer;
    double real;
    const char *text; /* borrowed; UTF-8 */
};
static inline struct arg arg_int(int64_t value)
{
    return (struct arg){.type = ARG_INT, .integer = value};
}
static inline struct arg arg_real(double value) /* null where it is not finite */
{
    return (struct arg){.type = isfinite(value) ? ARG_REAL : ARG_NULL, .real = value};
}
static inline struct arg arg_text(const char *value) /* NULL is null */
{
    return (struct arg){.type = value != NULL ? ARG_TEXT : ARG_NULL, .text = value};
}

/* ---- rows that come out ---- */

enum cell_type { CELL_NULL, CELL_INT, CELL_REAL, CELL_TEXT };
struct cell {
    enum cell_type type;
    int64_t integer;
    double real;
    size_t text_at; /* in the texts of the rows; terminated */
};
struct rows {
    int32_t count, columns;
    int64_t changed;       /* rows that an INSERT, UPDATE or DELETE changed */
    struct cell *cells;    /* [count × columns] */
    size_t used, capacity; /* cells */
    struct strbuf texts;
};
void rows_release(struct rows *rows); /* all zero is allowed, and left */
int64_t rows_int(const struct rows *rows, int32_t row, int32_t column);      /* null: 0 */
double rows_real(const struct rows *rows, int32_t row, int32_t column);      /* null: NAN */
const char *rows_text(const struct rows *rows, int32_t row, int32_t column); /* null: NULL */
/* Add the rows of `more`, of as many columns, behind these. */
MUST_CHECK enum err rows_append(struct rows *rows, const struct rows *more, struct error *err);
/* For the backends: forget all, and add the next cell. */
void rows_begin(struct rows *rows, int32_t columns);
MUST_CHECK enum err rows_add(struct rows *rows, struct cell cell, const char *text, size_t len,
                             struct error *err);

/* ---- what a backend is ---- */

/* How much a commit promises: LAX may be lost with the machine's power, never with a process. */
enum tx_kind { TX_READ, TX_WRITE, TX_LAX };
/* A transaction within a transaction. */
enum savepoint { SAVEPOINT_SET, SAVEPOINT_KEEP, SAVEPOINT_UNDO };

struct db; /* a connection */
struct backend {
    const char *name; /* "sqlite", the prefix of its parts */
    bool one_writer;  /* writes go one at a time, so the process queues for them itself */
    enum err (*open)(const struct store_spec *spec, enum tx_kind kind, struct db **ret_db,
                     struct error *err);
    void (*close)(struct db *db);
    enum err (*begin)(struct db *db, enum tx_kind kind, struct error *err);
    enum err (*commit)(struct db *db, struct error *err);
    void (*rollback)(struct db *db);
    /* Only where one_writer. UNDO fails when the whole transaction is gone. */
    enum err (*savepoint)(struct db *db, enum savepoint what, struct error *err);
    enum err (*prepare)(struct db *db, enum query query, struct error *err);
    enum err (*run)(struct db *db, enum query query, const struct arg *args, int32_t count,
                    struct rows *rows, struct error *err);
    /* One or more statements without arguments or rows: a migration. */
    enum err (*run_script)(struct db *db, const char *sql, struct error *err);
    enum err (*check)(struct db *db, struct strbuf *report, int64_t *ret_faults, struct error *err);
    enum err (*backup)(struct db *db, const char *path, struct error *err);
    enum err (*version)(struct db *db, char *out, size_t out_size, struct error *err);
};
extern const struct backend sqlite_backend, postgres_backend;

/* The text of a query or a migration for a backend, with its parts put in. */
MUST_CHECK enum err query_expand(const struct backend *backend, const char *text,
                                 struct strbuf *out, struct error *err);
MUST_CHECK enum err query_expanded(const struct backend *backend, enum query query,
                                   struct strbuf *out, struct error *err);

/* ---- transactions ---- */

struct tx {
    struct store *store;
    struct db *db;
    enum tx_kind kind;
    int32_t slot;    /* of the connection, where it was taken from the pool */
    bool is_waiting; /* its thread's turn is given back (base/turn.h) */
    bool open;       /* begun and neither committed nor rolled back */
    bool is_writing, in_group, is_savepoint; /* group.c */
};

MUST_CHECK enum err tx_begin(struct tx *tx, struct store *store, enum tx_kind kind,
                             struct error *err);
/* Run a query; *rows holds its result, whatever it held before. */
MUST_CHECK enum err tx_run(struct tx *tx, enum query query, const struct arg *args, int32_t count,
                           struct rows *rows, struct error *err);
MUST_CHECK enum err tx_commit(struct tx *tx, struct error *err);
void tx_end(struct tx *tx); /* rolls back what is open, gives the connection back */

#define RUN(tx, name, rows, ...)                                                                   \
    tx_run((tx), QUERY_##name, (const struct arg[]){{0}, ##__VA_ARGS__} + 1,                       \
           (int32_t)(sizeof((const struct arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct arg)) - 1,   \
           (rows), err)

/* One query in a transaction of its own. */
MUST_CHECK enum err store_run(struct store *store, enum tx_kind kind, enum query query,
                              const struct arg *args, int32_t count, struct rows *rows,
                              struct error *err);
#define STORE_RUN(store, kind, name, rows, ...)                                                    \
    store_run((store), (kind), QUERY_##name, (const struct arg[]){{0}, ##__VA_ARGS__} + 1,         \
              (int32_t)(sizeof((const struct arg[]){{0}, ##__VA_ARGS__}) / sizeof(struct arg)) -   \
                  1,                                                                               \
              (rows), err)

/* Bring the schema to this program's version (migrate.c), in the caller's connection. */
MUST_CHECK enum err schema_migrate(struct store *store, bool allowed, struct error *err);

/* Group commit (group.c), where the backend has one writer: tx_begin, tx_commit and tx_end of what
 * is no TX_READ go this way. All of it is guarded by `writing`. */
struct group_wait;
struct group {
    bool is_open; /* its transaction was begun */
    int32_t size; /* operations in it that are done */
    struct group_wait *waiting;
    struct error failure; /* of the operation that runs */
    double ended, gapped; /* when the last one did; when others were let in last */
};
MUST_CHECK enum err group_begin(struct tx *tx, struct error *err);
MUST_CHECK enum err group_commit(struct tx *tx, struct error *err);
void group_note_failure(struct tx *tx, const struct error *err);
void group_end(struct tx *tx);

/* What many threads do at once (combine.c): work that another thread may do for the caller. */
struct combined {
    /* In a transaction; *ret_keeps false: all of it is undone, though it went well. */
    enum err (*run)(struct tx *tx, void *context, bool *ret_keeps, struct error *err);
    void *context;
};
/* Do it, and return when it is on disk, with what others do in the same moment. What fails undoes
 * itself alone. */
MUST_CHECK enum err tx_combine(struct store *store, const struct combined *work, struct error *err);

struct line_op;
struct line {
    pthread_mutex_t lock;
    bool is_led;
    struct line_op *first, *last;
};

struct store {
    const struct backend *backend;
    struct store_spec spec;
    char *url; /* of the spec, owned */
    pthread_mutex_t lock;
    pthread_cond_t freed;
    pthread_mutex_t writing; /* held by the one writer, where the backend has one_writer */
    atomic_int writers;      /* that wait for it */
    struct group group;
    struct line line;         /* of operations that are combined */
    pthread_mutex_t watching; /* around the connection of store_tick, made when first asked */
    struct db *watcher;
    struct rows watched;
    int32_t slots;
    struct {
        struct db *db;
        bool busy;
    } connections[CONNECTIONS_MAX];
};

#endif
