/* PostgreSQL 15, by libpq. Connections that were lost are made anew with the next transaction. */
#include <libpq-fe.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "store/db.h"

enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_NUMERIC = 1700
};

struct db {
    PGconn *connection;
    bool prepared[QUERY_COUNT];
};

/* What PostgreSQL says, on one line. */
static void tell(const char *text, char *out, size_t out_size)
{
    size_t len = 0;
    for (; *text != '\0' && len + 1 < out_size; text++)
        if (*text != '\n' || (len > 0 && out[len - 1] != ' '))
            out[len++] = (char)(*text == '\n' ? ' ' : *text);
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

static enum err unavailable(const PGconn *connection, struct error *err)
{
    char text[400];
    tell(PQerrorMessage(connection), text, sizeof(text));
    return FAIL_REASON(err, ERR_IO, "store_unavailable", "the database does not answer: %s", text);
}

/* SQLSTATE → error; a class is two characters (PostgreSQL 15, appendix A). */
static const struct {
    const char *state;
    enum err code;
    const char *reason;
} states[] = {
    {"23505", ERR_CONFLICT, "unique"},
    {"23", ERR_CONFLICT, "constraint"},
    {"40", ERR_IO, "store_busy"},
    {"55P03", ERR_IO, "store_busy"},
    {"57014", ERR_IO, "store_busy"},
    {"53100", ERR_IO, "disk_full"},
    {"53200", ERR_NOMEM, ""},
    {"53", ERR_IO, "store_unavailable"},
    {"57P", ERR_IO, "store_unavailable"},
    {"08", ERR_IO, "store_unavailable"},
    {"42501", ERR_DENIED, ""},
    {"25006", ERR_DENIED, ""},
    {"XX001", ERR_CORRUPT, ""},
    {"XX002", ERR_CORRUPT, ""},
    {"22", ERR_INVALID, ""},
    {"54", ERR_INVALID, ""},
};

static enum err failed(struct db *db, const PGresult *result, const char *what, struct error *err)
{
    char text[400];
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (result == NULL || state == NULL || PQstatus(db->connection) != CONNECTION_OK)
        return unavailable(db->connection, err);
    tell(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY), text, sizeof(text));
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return FAIL_REASON(err, states[i].code, states[i].reason, "the store says (%s): %s",
                               what, text);
    return FAIL(err, ERR_INTERNAL, "the store failed (%s, %s): %s", what, state, text);
}

static enum err run_plain(struct db *db, const char *sql, struct error *err)
{
    enum err rc = ERR_OK;
    PGresult *result = PQexec(db->connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        rc = failed(db, result, "a command", err);
    PQclear(result);
    return rc;
}

/* ---- open ---- */

static void be_silent(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

static enum err set_up(struct db *db, struct error *err)
{
    memset(db->prepared, 0, sizeof(db->prepared));
    PQsetNoticeReceiver(db->connection, be_silent, NULL);
    return run_plain(db,
                     "SET client_encoding = 'UTF8'; SET statement_timeout = '30s'; "
                     "SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '60s'; "
                     "SET default_transaction_isolation = 'read committed'",
                     err);
}

static void postgres_close(struct db *db)
{
    if (db == NULL)
        return;
    PQfinish(db->connection);
    mem_free(db);
}

static enum err postgres_open(const struct store_spec *spec, enum tx_kind kind, struct db **ret_db,
                              struct error *err)
{
    static const char *const keys[] = {"dbname",
                                       "connect_timeout",
                                       "application_name",
                                       "keepalives_idle",
                                       "keepalives_interval",
                                       "keepalives_count",
                                       NULL};
    const char *const values[] = {spec->url, "5", "rectrain", "10", "5", "3", NULL};
    enum err rc;
    struct db *db = NULL;
    (void)kind; /* any connection does anything */
    TRY_PTR(db = mem_array(1, sizeof(*db), err));
    db->connection = PQconnectdbParams(keys, values, 1);
    if (PQstatus(db->connection) != CONNECTION_OK)
        rc = unavailable(db->connection, err);
    else
        rc = set_up(db, err);
    if (rc == ERR_OK && PQserverVersion(db->connection) < 130000)
        rc = FAIL(err, ERR_INVALID, "PostgreSQL %d is too old: 13 is the least",
                  PQserverVersion(db->connection) / 10000);
    if (rc == ERR_OK)
        *ret_db = db;
    else
        postgres_close(db);
done:
    return rc;
}

/* ---- transactions ---- */

static enum err begin_once(struct db *db, enum tx_kind kind, bool anew, struct error *err)
{
    if (anew || PQstatus(db->connection) != CONNECTION_OK) {
        PQreset(db->connection);
        if (PQstatus(db->connection) != CONNECTION_OK)
            return unavailable(db->connection, err);
        const enum err rc = set_up(db, err);
        if (rc != ERR_OK)
            return rc;
    }
    return run_plain(db,
                     kind == TX_READ  ? "BEGIN TRANSACTION READ ONLY"
                     : kind == TX_LAX ? "BEGIN; SET LOCAL synchronous_commit = off"
                                      : "BEGIN",
                     err);
}

/* A server that was restarted shows only with the next command, which this is: try once more. */
static enum err postgres_begin(struct db *db, enum tx_kind kind, struct error *err)
{
    enum err rc = begin_once(db, kind, false, err);
    if (rc == ERR_IO && strcmp(err->reason, "store_unavailable") == 0)
        rc = begin_once(db, kind, true, err);
    return rc;
}

static enum err postgres_commit(struct db *db, struct error *err)
{
    enum err rc = ERR_OK;
    PGresult *result = PQexec(db->connection, "COMMIT");
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        rc = failed(db, result, "commit", err);
    else if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
        rc = FAIL(err, ERR_INTERNAL, "the store rolled a transaction back");
    PQclear(result);
    return rc;
}

static void postgres_rollback(struct db *db)
{
    if (PQstatus(db->connection) == CONNECTION_OK &&
        PQtransactionStatus(db->connection) != PQTRANS_IDLE)
        PQclear(PQexec(db->connection, "ROLLBACK"));
}

/* ---- run ---- */

static enum err postgres_prepare(struct db *db, enum query query, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    if (db->prepared[query])
        return ERR_OK;
    strbuf_init(&sql, EXPANDED_MAX);
    TRY(query_expanded(&postgres_backend, query, &sql, err));
    PGresult *result = PQprepare(db->connection, query_texts[query].name, sql.ptr, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        rc = failed(db, result, query_texts[query].name, err);
    PQclear(result);
    db->prepared[query] = rc == ERR_OK;
done:
    strbuf_release(&sql);
    return rc;
}

static struct cell cell_of(Oid type, const char *text)
{
    struct cell cell = {.type = CELL_TEXT};
    if (type == OID_INT8 || type == OID_INT4 || type == OID_INT2)
        cell = (struct cell){.type = CELL_INT, .integer = strtoll(text, NULL, 10)};
    else if (type == OID_FLOAT8 || type == OID_FLOAT4 || type == OID_NUMERIC)
        cell = (struct cell){.type = CELL_REAL, .real = strtod(text, NULL)};
    else if (type == OID_BOOL)
        cell = (struct cell){.type = CELL_INT, .integer = text[0] == 't'};
    return cell;
}

static enum err take_rows(const PGresult *result, struct rows *rows, struct error *err)
{
    enum err rc = ERR_OK;
    const int count = PQntuples(result), columns = PQnfields(result);
    rows_begin(rows, columns);
    for (int row = 0; row < count; row++) {
        for (int i = 0; i < columns; i++) {
            const char *text = PQgetvalue(result, row, i);
            const struct cell cell = PQgetisnull(result, row, i)
                                         ? (struct cell){.type = CELL_NULL}
                                         : cell_of(PQftype(result, i), text);
            TRY(rows_add(rows, cell, text, (size_t)PQgetlength(result, row, i), err));
        }
    }
    rows->changed = strtoll(PQcmdTuples((PGresult *)result), NULL, 10);
done:
    return rc;
}

static enum err postgres_run(struct db *db, enum query query, const struct arg *args, int32_t count,
                             struct rows *rows, struct error *err)
{
    enum err rc;
    char numbers[ARGS_MAX][32];
    const char *values[ARGS_MAX];
    TRY(postgres_prepare(db, query, err));
    for (int32_t i = 0; i < count; i++) {
        values[i] = args[i].type == ARG_TEXT ? args[i].text : numbers[i];
        if (args[i].type == ARG_NULL)
            values[i] = NULL;
        else if (args[i].type == ARG_INT)
            snprintf(numbers[i], sizeof(numbers[i]), "%" PRId64, args[i].integer);
        else if (args[i].type == ARG_REAL)
            snprintf(numbers[i], sizeof(numbers[i]), "%.17g", args[i].real);
    }
    PGresult *result =
        PQexecPrepared(db->connection, query_texts[query].name, count, values, NULL, NULL, 0);
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        rc = take_rows(result, rows, err);
    else
        rc = failed(db, result, query_texts[query].name, err);
    PQclear(result);
done:
    return rc;
}

/* ---- the rest ---- */

static enum err postgres_check(struct db *db, struct strbuf *report, int64_t *ret_faults,
                               struct error *err)
{
    (void)report;
    (void)ret_faults;
    /* The server looks after its own pages and references; that it answers is all to ask here. */
    return run_plain(db, "SELECT 1", err);
}

static enum err postgres_backup(struct db *db, const char *path, struct error *err)
{
    (void)db;
    (void)path;
    return FAIL(err, ERR_INVALID, "PostgreSQL is backed up with its own pg_dump");
}

static enum err postgres_version(struct db *db, char *out, size_t out_size, struct error *err)
{
    const int version = PQserverVersion(db->connection);
    (void)err;
    snprintf(out, out_size, "PostgreSQL %d.%d", version / 10000, version % 10000);
    return ERR_OK;
}

const struct backend postgres_backend = {
    .name = "postgres",
    .one_writer = false,
    .open = postgres_open,
    .close = postgres_close,
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .prepare = postgres_prepare,
    .run = postgres_run,
    .run_script = run_plain,
    .check = postgres_check,
    .backup = postgres_backup,
    .version = postgres_version,
};
