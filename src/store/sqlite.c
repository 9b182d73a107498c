/* SQLite: a file in WAL mode, shared by the threads and processes of one machine. */
#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/db.h"

/* "RCTR" in the header of the file says whose it is (PRAGMA application_id). */
#define APPLICATION_ID "1380144210"

/* What moves a transaction on. Run several times an operation, so it is worth preparing. */
enum step {
    STEP_BEGIN,
    STEP_BEGIN_WRITE,
    STEP_COMMIT,
    STEP_SET,
    STEP_KEEP,
    STEP_UNDO,
    STEPS,
};
static const char *const step_texts[STEPS] = {
    "BEGIN",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "SAVEPOINT operation",
    "RELEASE operation",
    "ROLLBACK TO operation",
};

struct db {
    sqlite3 *handle;
    double busy_since;                   /* when the wait for somebody else's lock began */
    sqlite3_stmt *prepared[QUERY_COUNT]; /* made when first used */
    sqlite3_stmt *steps[STEPS];          /* the same */
};

static enum err failed(sqlite3 *handle, int code, const char *what, struct error *err)
{
    const char *text = handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return FAIL_REASON(err, ERR_IO, "store_busy", "the store is busy (%s): %s", what, text);
    case SQLITE_NOMEM:
        return FAIL(err, ERR_NOMEM, "out of memory in the store (%s)", what);
    case SQLITE_FULL:
        return FAIL_REASON(err, ERR_IO, "disk_full", "the store's disk is full (%s)", what);
    case SQLITE_NOTADB:
        return FAIL_REASON(err, ERR_CORRUPT, "store_foreign", "this file is no database");
    case SQLITE_CORRUPT:
        return FAIL(err, ERR_CORRUPT, "the store is damaged (%s): %s", what, text);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
        return FAIL(err, ERR_DENIED, "the store may not be written (%s): %s", what, text);
    case SQLITE_CONSTRAINT:
        return FAIL_REASON(err, ERR_CONFLICT,
                           code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
                               ? "unique"
                               : "constraint",
                           "against the store's rules (%s): %s", what, text);
    case SQLITE_TOOBIG:
        return FAIL(err, ERR_INVALID, "too long for the store (%s)", what);
    default:
        return FAIL(err, ERR_IO, "the store failed (%s): %s", what, text);
    }
}

static enum err run_plain(struct db *db, const char *sql, struct error *err)
{
    const int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? ERR_OK : failed(db->handle, code, sql, err);
}

static enum err run_step(struct db *db, enum step step, struct error *err)
{
    int code = SQLITE_OK;
    if (db->steps[step] == NULL)
        code = sqlite3_prepare_v3(db->handle, step_texts[step], -1, SQLITE_PREPARE_PERSISTENT,
                                  &db->steps[step], NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(db->steps[step]);
    const enum err rc =
        code == SQLITE_DONE ? ERR_OK : failed(db->handle, code, step_texts[step], err);
    sqlite3_reset(db->steps[step]);
    return rc;
}

/* The first column of the first row, as a number. */
static enum err read_number(struct db *db, const char *sql, int64_t *ret_value, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return code == SQLITE_ROW ? ERR_OK : failed(db->handle, code, sql, err);
}

/* ---- open ---- */

/* Locks do not work over a network's file systems, and WAL needs memory that is shared. */
static enum err check_place(const char *path, struct error *err)
{
    static const struct {
        long type;
        const char *name;
    } network[] = {{NFS_SUPER_MAGIC, "NFS"},
                   {SMB_SUPER_MAGIC, "SMB"},
                   {CIFS_SUPER_MAGIC, "CIFS"},
                   {SMB2_SUPER_MAGIC, "SMB"},
                   {V9FS_MAGIC, "9P"}};
    char directory[4096];
    struct statfs about;
    const char *slash = strrchr(path, '/');
    if (strlen(path) >= sizeof(directory))
        return FAIL(err, ERR_INVALID, "the path of the store is too long");
    snprintf(directory, sizeof(directory), "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
             slash != NULL ? path : ".");
    if (statfs(directory, &about) != 0)
        return FAIL(err, errno == EACCES ? ERR_DENIED : ERR_NOT_FOUND,
                    "the directory of the store, %s, is not there or not open to us", directory);
    for (size_t i = 0; i < sizeof(network) / sizeof(network[0]); i++)
        if ((long)about.f_type == network[i].type)
            return FAIL(err, ERR_INVALID,
                        "%s lies on %s: SQLite needs a local disk; PostgreSQL serves many machines",
                        path, network[i].name);
    return ERR_OK;
}

/* The file holds hashes of passwords: nobody else need read it. */
static enum err make_file(const struct store_spec *spec, struct error *err)
{
    struct stat about;
    if (stat(spec->url, &about) == 0)
        return S_ISREG(about.st_mode)
                   ? ERR_OK
                   : FAIL(err, ERR_INVALID, "the store %s is not a file", spec->url);
    if (spec->must_exist)
        return FAIL(err, ERR_NOT_FOUND, "there is no store %s", spec->url);
    const int fd = open(spec->url, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return FAIL(err, errno == ENOSPC ? ERR_IO : ERR_DENIED, "the store %s cannot be made: %m",
                    spec->url);
    close(fd);
    return ERR_OK;
}

/* Before anything is written: is it ours, and is it whole? */
static enum err check_file(struct db *db, const char *path, struct error *err)
{
    enum err rc;
    int64_t tables = 0, application = 0;
    TRY(read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err));
    TRY(read_number(db, "PRAGMA application_id", &application, err));
    if (tables > 0 && application != strtoll(APPLICATION_ID, NULL, 10))
        rc = FAIL_REASON(err, ERR_CORRUPT, "store_foreign", "%s is a database, but not of rectrain",
                         path);
    if (rc == ERR_OK && tables == 0)
        rc = run_plain(db, "PRAGMA application_id = " APPLICATION_ID, err);
done:
    return rc;
}

/* Turning a new file to WAL takes it for itself and does not wait for others, so we do. */
static enum err turn_to_wal(struct db *db, struct error *err)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    enum err rc = ERR_OK;
    for (int waited_ms = 0; waited_ms <= STORE_BUSY_MS; waited_ms += 5) {
        rc = run_plain(db, "PRAGMA journal_mode = WAL", err);
        if (rc != ERR_IO || strcmp(err->reason, "store_busy") != 0)
            break;
        nanosleep(&pause, NULL);
    }
    return rc;
}

/* Look each millisecond: SQLite's own handler waits longer and longer, and then misses the gaps
 * that a busy writer leaves (group.c). */
static int wait_for_lock(void *context, int tries)
{
    struct db *db = context;
    const struct timespec pause = {.tv_nsec = 1000000};
    if (tries == 0)
        db->busy_since = clock_seconds();
    if (clock_seconds() - db->busy_since > STORE_BUSY_MS / 1000.0)
        return 0;
    nanosleep(&pause, NULL);
    return 1;
}

/* A large file would take seconds: there `rectrain db check` is the way. */
static enum err quick_check(struct db *db, const char *path, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    enum err rc = ERR_OK;
    struct stat about;
    if (stat(path, &about) == 0 && about.st_size > STORE_CHECK_BYTES)
        return ERR_OK;
    int code = sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (text == NULL)
        rc = failed(db->handle, code, "quick_check", err);
    else if (strcmp(text, "ok") != 0)
        rc = FAIL(err, ERR_CORRUPT, "the store is damaged: %.300s", text);
    sqlite3_finalize(statement);
    return rc;
}

static void sqlite_close(struct db *db)
{
    if (db == NULL)
        return;
    for (int i = 0; i < QUERY_COUNT; i++)
        sqlite3_finalize(db->prepared[i]);
    for (int i = 0; i < STEPS; i++)
        sqlite3_finalize(db->steps[i]);
    sqlite3_close(db->handle);
    mem_free(db);
}

static enum err sqlite_open(const struct store_spec *spec, enum tx_kind kind, struct db **ret_db,
                            struct error *err)
{
    enum err rc;
    struct db *db = NULL;
    const bool is_first = kind == TX_WRITE;
    if (spec->url[0] == ':' || spec->url[0] == '\0')
        return FAIL(err, ERR_INVALID, "the store must be a file, not \"%s\"", spec->url);
    if (is_first) {
        TRY(check_place(spec->url, err));
        TRY(make_file(spec, err));
    }
    TRY_PTR(db = mem_array(1, sizeof(*db), err));
    const int code =
        sqlite3_open_v2(spec->url, &db->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK) {
        rc = failed(db->handle, code, "open", err);
        goto done;
    }
    sqlite3_busy_handler(db->handle, wait_for_lock, db);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* A plan does not depend on what is bound: else statements are prepared anew for new values. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    TRY(run_plain(db,
                  "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
                  "PRAGMA foreign_keys = ON",
                  err));
    /* Each thread that reads has a cache of its own, so that of a reader is small. */
    TRY(run_plain(db, kind == TX_WRITE ? "PRAGMA cache_size = -2048" : "PRAGMA cache_size = -1024",
                  err));
    if (is_first) {
        TRY(check_file(db, spec->url, err));
        TRY(turn_to_wal(db, err));
        TRY(quick_check(db, spec->url, err));
    }
    TRY(run_plain(
        db, kind == TX_WRITE ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", err));
    if (kind == TX_READ)
        TRY(run_plain(db, "PRAGMA query_only = ON", err));
    *ret_db = db;
    return ERR_OK;
done:
    if (rc != ERR_OK && strstr(err->message, spec->url) == NULL)
        error_prefix(err, "%s: ", spec->url);
    sqlite_close(db);
    return rc;
}

/* ---- run ---- */

static enum err sqlite_begin(struct db *db, enum tx_kind kind, struct error *err)
{
    return run_step(db, kind == TX_READ ? STEP_BEGIN : STEP_BEGIN_WRITE, err);
}

static enum err sqlite_commit(struct db *db, struct error *err)
{
    return run_step(db, STEP_COMMIT, err);
}

static void sqlite_rollback(struct db *db)
{
    struct error ignored;
    if (!sqlite3_get_autocommit(db->handle) && run_plain(db, "ROLLBACK", &ignored) != ERR_OK)
        return; /* the next BEGIN says what is wrong */
}

static enum err sqlite_savepoint(struct db *db, enum savepoint what, struct error *err)
{
    static const enum step steps[] = {STEP_SET, STEP_KEEP, STEP_UNDO};
    enum err rc;
    TRY(run_step(db, steps[what], err));
    if (what == SAVEPOINT_UNDO)
        TRY(run_step(db, STEP_KEEP, err));
done:
    return rc;
}

/* SQLite writes ?1 where PostgreSQL writes $1. */
static void dollars_to_marks(char *sql)
{
    for (; *sql != '\0'; sql++)
        if (sql[0] == '$' && sql[1] >= '0' && sql[1] <= '9')
            *sql = '?';
}

/* A statement that is prepared already stays. */
static enum err sqlite_prepare(struct db *db, enum query query, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    if (db->prepared[query] != NULL)
        return ERR_OK;
    strbuf_init(&sql, EXPANDED_MAX);
    TRY(query_expanded(&sqlite_backend, query, &sql, err));
    dollars_to_marks(sql.ptr);
    const int code = sqlite3_prepare_v3(db->handle, sql.ptr, (int)sql.len + 1,
                                        SQLITE_PREPARE_PERSISTENT, &db->prepared[query], NULL);
    if (code != SQLITE_OK)
        rc = failed(db->handle, code, query_texts[query].name, err);
done:
    strbuf_release(&sql);
    return rc;
}

static int bind(sqlite3_stmt *statement, int at, const struct arg *arg)
{
    switch (arg->type) {
    case ARG_INT:
        return sqlite3_bind_int64(statement, at, arg->integer);
    case ARG_REAL:
        return sqlite3_bind_double(statement, at, arg->real);
    case ARG_TEXT:
        return sqlite3_bind_text(statement, at, arg->text, -1, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(statement, at);
    }
}

static enum err take_row(sqlite3_stmt *statement, struct rows *rows, struct error *err)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < rows->columns; i++) {
        const int type = sqlite3_column_type(statement, i);
        struct cell cell = {.type = CELL_NULL};
        const char *text = NULL;
        size_t len = 0;
        if (type == SQLITE_INTEGER) {
            cell = (struct cell){.type = CELL_INT, .integer = sqlite3_column_int64(statement, i)};
        } else if (type == SQLITE_FLOAT) {
            cell = (struct cell){.type = CELL_REAL, .real = sqlite3_column_double(statement, i)};
        } else if (type != SQLITE_NULL) {
            cell.type = CELL_TEXT;
            text = (const char *)sqlite3_column_text(statement, i);
            if (text == NULL)
                return FAIL(err, ERR_NOMEM, "out of memory reading the store");
            len = (size_t)sqlite3_column_bytes(statement, i);
        }
        TRY(rows_add(rows, cell, text, len, err));
    }
done:
    return rc;
}

static enum err sqlite_run(struct db *db, enum query query, const struct arg *args, int32_t count,
                           struct rows *rows, struct error *err)
{
    enum err rc = ERR_OK;
    int code = SQLITE_OK;
    TRY(sqlite_prepare(db, query, err));
    sqlite3_stmt *statement = db->prepared[query];
    for (int32_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind(statement, i + 1, &args[i]);
    if (code == SQLITE_OK) {
        const int64_t before = sqlite3_total_changes64(db->handle);
        rows_begin(rows, sqlite3_column_count(statement));
        while ((code = sqlite3_step(statement)) == SQLITE_ROW && rc == ERR_OK)
            rc = take_row(statement, rows, err);
        if (sqlite3_total_changes64(db->handle) != before)
            rows->changed = sqlite3_changes64(db->handle);
    }
    if (rc == ERR_OK && code != SQLITE_DONE)
        rc = failed(db->handle, code, query_texts[query].name, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
done:
    return rc;
}

static enum err sqlite_version(struct db *db, char *out, size_t out_size, struct error *err)
{
    (void)db;
    (void)err;
    snprintf(out, out_size, "SQLite %s", sqlite3_libversion());
    return ERR_OK;
}

/* ---- check and back up ---- */

static enum err sqlite_check(struct db *db, struct strbuf *report, int64_t *ret_faults,
                             struct error *err)
{
    static const char *const checks[] = {"PRAGMA integrity_check(100)", "PRAGMA foreign_key_check"};
    enum err rc = ERR_OK;
    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *statement = NULL;
        int code = sqlite3_prepare_v2(db->handle, checks[i], -1, &statement, NULL);
        while (code == SQLITE_OK || code == SQLITE_ROW) {
            code = sqlite3_step(statement);
            const char *text =
                code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : "ok";
            if (text == NULL || strcmp(text, "ok") == 0)
                continue;
            ++*ret_faults;
            rc = strbuf_addf(report, err, "%s%s\n", i == 1 ? "a row without its parent in " : "",
                             text);
            if (rc != ERR_OK)
                break;
        }
        if (rc == ERR_OK && code != SQLITE_DONE)
            rc = failed(db->handle, code, checks[i], err);
        sqlite3_finalize(statement);
        TRY(rc);
    }
done:
    return rc;
}

static enum err copy_to(struct db *db, sqlite3 *target, struct error *err)
{
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", db->handle, "main");
    if (backup == NULL)
        return failed(target, sqlite3_errcode(target), "backup", err);
    const int code = sqlite3_backup_step(backup, -1);
    sqlite3_backup_finish(backup);
    return code == SQLITE_DONE ? ERR_OK : failed(target, code, "backup", err);
}

/* Written under another name and linked when it is whole and on disk. */
static enum err sqlite_backup_to(struct db *db, const char *path, struct error *err)
{
    enum err rc;
    char temporary[4200];
    sqlite3 *target = NULL;
    snprintf(temporary, sizeof(temporary), "%.4096s.%d.part", path, (int)getpid());
    if (access(path, F_OK) == 0)
        return FAIL(err, ERR_CONFLICT, "%s is there already", path);
    const int made = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (made < 0)
        return FAIL(err, ERR_DENIED, "%s cannot be written: %m", temporary);
    const int code = sqlite3_open_v2(temporary, &target, SQLITE_OPEN_READWRITE, NULL);
    rc = code == SQLITE_OK ? copy_to(db, target, err) : failed(target, code, "backup", err);
    sqlite3_close(target);
    if (rc == ERR_OK && fsync(made) != 0)
        rc = FAIL(err, ERR_IO, "%s could not be synced: %m", temporary);
    if (rc == ERR_OK && link(temporary, path) != 0)
        rc = FAIL(err, errno == EEXIST ? ERR_CONFLICT : ERR_IO, "%s could not be named: %m", path);
    close(made);
    unlink(temporary);
    return rc;
}

const struct backend sqlite_backend = {
    .name = "sqlite",
    .one_writer = true,
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .savepoint = sqlite_savepoint,
    .prepare = sqlite_prepare,
    .run = sqlite_run,
    .run_script = run_plain,
    .check = sqlite_check,
    .backup = sqlite_backup_to,
    .version = sqlite_version,
};
