#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * Where everything is recorded: users, sessions, jobs, models, and the messages that still have to
 * be sent. Two databases serve, SQLite in a file and PostgreSQL, and nothing but the URL tells them
 * apart; one contract suite runs against both.
 *
 *   store.h     open, close, migrate, check, back up
 *   users.h     accounts, sessions, tokens             (server)
 *   jobs.h      create, read, list, cancel, remove     (server)
 *   work.h      claim, renew, advance, finish, reap    (worker; every write carries the epoch)
 *   outbox.h    messages to send: take, confirm        (relay, built-in queue)
 *   models.h    models: read, list, edit, remove       (server)
 *   registry.h  their names, versions and aliases      (server)
 *   predictions.h  predictions: their model, users and file (server, worker)
 *   changes.h   what changed since one last looked     (live pump, built-in queue)
 *
 * Promises. An operation is one transaction: it is done, whole and on disk, when it returns ERR_OK,
 * and has left nothing when it returns anything else (except for "store_unavailable" from a commit
 * whose answer was lost, as always with a server). Times come from the database's clock. An
 * operation that takes a user_id finds only what is that user's: all else is ERR_NOT_FOUND.
 *
 * Errors of every operation, beside its own:
 *   ERR_INVALID          a text that is no UTF-8, or is longer than its limit
 *   ERR_IO, reason       store_unavailable: the database does not answer; try again later
 *                        store_busy: somebody else held the lock for too long; try again
 *                        disk_full, or "" for what the disk said
 *   ERR_CORRUPT          the database is damaged
 *   ERR_DENIED           the file or directory may not be written
 *   ERR_NOMEM
 *
 * Threads. A store may be used from any number of threads: it hands each call one of its
 * connections, and waits where none is free. Processes. Do not carry a store across fork: open it
 * in the child. The interface gives no transaction away: with SQLite, the writes of threads that
 * are in line at the same time share one commit, and each returns when that is on disk.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum {
    STORE_LIST_MAX = 1000,   /* rows of one page of any list */
    STORE_CURSOR_SIZE = 512, /* bytes of a list's cursor, with its end */
    STORE_CONNECTIONS_MAX = 32,
    STORE_BUSY_MS = 5000,         /* how long a writer waits for another */
    STORE_CHECK_BYTES = 64 << 20, /* a larger SQLite file is not checked when it is opened */
    STORE_EMAIL_MAX = 254,        /* bytes of texts */
    STORE_TEXT_MAX = 1024,
};

struct store;

struct store_spec {
    /* "postgresql://user:password@host/name" or "postgres://…", else a file of SQLite. */
    const char *url;
    int32_t connections; /* 0: a default (6 for SQLite, 4 for PostgreSQL) */
    bool migrate;        /* bring an older schema up to date; a new database is always filled */
    bool must_exist;     /* ERR_NOT_FOUND rather than a new, empty SQLite file */
};

/*
 * Open, check (SQLite up to STORE_CHECK_BYTES: quick_check) and prepare every query, so that a
 * fault shows here. ERR_CORRUPT (store_foreign): the file is no database, or not rectrain's; it is
 * left as it is. ERR_CONFLICT (schema_old: run `rectrain db migrate`; schema_newer: of a newer
 * rectrain). ERR_NOT_FOUND, ERR_DENIED, ERR_IO (store_unavailable).
 */
MUST_CHECK enum err store_open(const struct store_spec *spec, struct store **ret_store,
                               struct error *err);
void store_close(struct store *store); /* NULL is allowed; no call may be under way */

/* "SQLite 3.54.1", "PostgreSQL 15.18"; and whether the URL is of PostgreSQL. */
MUST_CHECK enum err store_version(struct store *store, char *out, size_t out_size,
                                  struct error *err);
bool store_url_is_postgres(const char *url);
int32_t store_schema_version(void); /* that this program writes */

/* A write that is rolled back: can the store take one now? For /health/ready. */
MUST_CHECK enum err store_ping(struct store *store, struct error *err);

/* Look for damage: the database's own check, references, and what must hold between the tables
 * (a completed job has its metrics, at most one model, …). One line a fault is added to report;
 * ret_faults is how many. */
MUST_CHECK enum err store_check(struct store *store, struct strbuf *report, int64_t *ret_faults,
                                struct error *err);

/* A copy of the whole store as of one moment, while others go on writing: a new SQLite file,
 * synced; ERR_CONFLICT where `path` exists. PostgreSQL: ERR_INVALID, since pg_dump does that. */
MUST_CHECK enum err store_backup(struct store *store, const char *path, struct error *err);

/* For /metrics and the System page; of all users. */
struct job_counts {
    int64_t pending, loading_data, preprocessing, training, completed, failed, cancelled;
    int64_t cancelled_waiting; /* asked to stop, but still running */
    int64_t oldest_pending_ms; /* age of the job that waits longest, 0: none waits */
    int64_t deaths;            /* of workers, over all jobs that are left */
};
struct store_counts {
    struct job_counts train, predict;
    int64_t users, sessions, models, outbox, workers;
};
MUST_CHECK enum err store_counts(struct store *store, struct store_counts *ret_counts,
                                 struct error *err);

/* How long the completed training jobs of each type took, from their first claim to their end. */
enum { STORE_DURATIONS_MAX = 32, STORE_TYPE_SIZE = 64 };
struct store_duration {
    char model_type[STORE_TYPE_SIZE];
    int64_t jobs, total_ms;
};
MUST_CHECK enum err store_durations(struct store *store,
                                    struct store_duration ret_list[STORE_DURATIONS_MAX],
                                    int32_t *ret_count, struct error *err);

/* Remove what time has made useless: sessions and tokens that ended, idempotency keys of more than
 * 24 h, events of more than 30 days, workers not seen for a day. Cheap; call it every few minutes.
 */
MUST_CHECK enum err store_tidy(struct store *store, struct error *err);

/* The clock of the database, in milliseconds since 1970 UTC. */
MUST_CHECK enum err store_now(struct store *store, int64_t *ret_now_ms, struct error *err);

#endif
