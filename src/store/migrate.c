/* The schema's versions: forward only, each migration in a transaction of its own. */
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

/* One transaction: look at the version under the lock, and go one step. */
static enum err step(struct store *store, bool allowed, bool *ret_done, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    int64_t version = 0;
    const int64_t newest = store_schema_version();
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, schema_lock, &rows));
    TRY(RUN(&tx, schema_table, &rows));
    TRY(RUN(&tx, schema_read, &rows));
    if (rows.count > 0)
        version = rows_int(&rows, 0, 0);
    *ret_done = version == newest;
    if (version > newest)
        rc =
            FAIL_REASON(err, ERR_CONFLICT, "schema_newer",
                        "the store has schema %lld, written by a newer rectrain: this one knows %d",
                        (long long)version, MIGRATION_COUNT);
    else if (version > 0 && version < newest && !allowed)
        rc = FAIL_REASON(
            err, ERR_CONFLICT, "schema_old",
            "the store has schema %lld, this rectrain needs %d: run rectrain db migrate",
            (long long)version, MIGRATION_COUNT);
    else if (!*ret_done)
        rc = run_migration(&tx, (int32_t)version, err);
    if (rc == ERR_OK)
        rc = tx_commit(&tx, err);
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err schema_migrate(struct store *store, bool allowed, struct error *err)
{
    enum err rc = ERR_OK;
    bool is_new = false, done = false;
    for (int32_t i = 0; i <= MIGRATION_COUNT && !done; i++) {
        /* A new database is filled to the last version, whether or not an old one may be. */
        TRY(step(store, allowed || is_new, &done, err));
        is_new |= i == 0 && !done && !allowed;
    }
done:
    return rc;
}
