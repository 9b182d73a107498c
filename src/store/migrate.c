/* The schema's versions: forward only, each migration in a transaction of its own; a new database
 * gets them all in one, so that nobody ever sees it half filled. */
#include <stdio.h>

#include "store/db.h"

int32_t store_schema_version(void)
{
    return MIGRATION_COUNT;
}

static enum err run_migration(struct tx *tx, int32_t index, struct error *err)
{
    enum err rc;
    struct strbuf sql;
    struct rows rows = {0};
    strbuf_init(&sql, EXPANDED_MAX);
    TRY(query_expand(tx->store->backend, migration_texts[index], &sql, err));
    TRY(tx->store->backend->run_script(tx->db, sql.ptr, err));
    if (index == 0)
        TRY(RUN(tx, schema_start, &rows, arg_int(1)));
    else
        TRY(RUN(tx, schema_step, &rows, arg_int(index + 1)));
done:
    if (rc != ERR_OK)
        error_prefix(err, "migration %d: ", index + 1);
    rows_release(&rows);
    strbuf_release(&sql);
    return rc;
}

static enum err refuse(int64_t version, bool allowed, struct error *err)
{
    if (version > store_schema_version())
        return FAIL_REASON(
            err, ERR_CONFLICT, "schema_newer",
            "the store has schema %lld, written by a newer rectrain: this one knows %d",
            (long long)version, MIGRATION_COUNT);
    if (version > 0 && version < store_schema_version() && !allowed)
        return FAIL_REASON(
            err, ERR_CONFLICT, "schema_old",
            "the store has schema %lld, this rectrain needs %d: run rectrain db migrate",
            (long long)version, MIGRATION_COUNT);
    return ERR_OK;
}

/* One transaction: look at the version under the lock, and go one step, or all from nothing. */
static enum err step(struct store *store, bool allowed, bool *ret_done, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    int32_t version = 0;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, schema_lock, &rows));
    TRY(RUN(&tx, schema_table, &rows));
    TRY(RUN(&tx, schema_read, &rows));
    if (rows.count > 0)
        version = (int32_t)rows_int(&rows, 0, 0);
    TRY(refuse(version, allowed, err));
    const int32_t next = version == 0 || version == MIGRATION_COUNT ? MIGRATION_COUNT : version + 1;
    for (int32_t index = version; index < next; index++)
        TRY(run_migration(&tx, index, err));
    TRY(tx_commit(&tx, err));
    *ret_done = next == MIGRATION_COUNT;
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err schema_migrate(struct store *store, bool allowed, struct error *err)
{
    enum err rc = ERR_OK;
    bool done = false;
    while (!done)
        TRY(step(store, allowed, &done, err));
done:
    return rc;
}
