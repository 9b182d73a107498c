#include "store/store.h"

#include <string.h>

#include "base/memory.h"
#include "store/db.h"

enum { SQLITE_LEAST = 3, SQLITE_CONNECTIONS = 6, POSTGRES_CONNECTIONS = 4 };

bool store_url_is_postgres(const char *url)
{
    return strncmp(url, "postgres://", 11) == 0 || strncmp(url, "postgresql://", 13) == 0;
}

/* The first connection brings the schema up to date: the others want tables that are there. A query
 * that the database does not understand must show at the start, not on the day. */
static enum err open_connections(struct store *store, struct error *err)
{
    enum err rc = ERR_OK;
    const struct backend *backend = store->backend;
    while (store->slots < store->spec.connections) {
        const enum tx_kind kind = store->slots == 0   ? TX_WRITE
                                  : store->slots == 1 ? TX_LAX
                                                      : TX_READ;
        struct db *db;
        TRY(backend->open(&store->spec, kind, &db, err));
        store->connections[store->slots++].db = db;
        if (kind != TX_WRITE)
            continue;
        TRY(schema_migrate(store, store->spec.migrate, err));
        for (int query = 0; query < QUERY_COUNT; query++)
            TRY(backend->prepare(db, (enum query)query, err));
    }
done:
    return rc;
}

enum err store_open(const struct store_spec *spec, struct store **ret_store, struct error *err)
{
    enum err rc;
    struct store *store = NULL;
    TRY_PTR(store = mem_array(1, sizeof(*store), err));
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->writing, NULL);
    pthread_mutex_init(&store->watching, NULL);
    pthread_mutex_init(&store->line.lock, NULL);
    pthread_cond_init(&store->freed, NULL);
    store->spec = *spec;
    TRY_PTR(store->url = mem_dup_string(spec->url, err));
    store->spec.url = store->url;
    const bool is_postgres = store_url_is_postgres(spec->url);
    store->backend = is_postgres ? &postgres_backend : &sqlite_backend;
    const int32_t least = is_postgres ? 1 : SQLITE_LEAST;
    if (spec->connections == 0)
        store->spec.connections = is_postgres ? POSTGRES_CONNECTIONS : SQLITE_CONNECTIONS;
    else if (spec->connections < least)
        store->spec.connections = least;
    else if (spec->connections > STORE_CONNECTIONS_MAX)
        store->spec.connections = STORE_CONNECTIONS_MAX;
    TRY(open_connections(store, err));
    *ret_store = store;
    return ERR_OK;
done:
    store_close(store);
    return rc;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (int32_t i = store->slots - 1; i >= 0; i--)
        store->backend->close(store->connections[i].db);
    if (store->watcher != NULL)
        store->backend->close(store->watcher);
    rows_release(&store->watched);
    pthread_cond_destroy(&store->freed);
    pthread_mutex_destroy(&store->line.lock);
    pthread_mutex_destroy(&store->watching);
    pthread_mutex_destroy(&store->writing);
    pthread_mutex_destroy(&store->lock);
    mem_free(store->url);
    mem_free(store);
}

enum err store_version(struct store *store, char *out, size_t out_size, struct error *err)
{
    enum err rc;
    struct tx tx;
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(store->backend->version(tx.db, out, out_size, err));
    TRY(tx_commit(&tx, err));
done:
    tx_end(&tx);
    return rc;
}

enum err store_ping(struct store *store, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, schema_step, &rows, arg_int(MIGRATION_COUNT))); /* undone by tx_end */
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err store_now(struct store *store, int64_t *ret_now_ms, struct error *err)
{
    struct rows rows = {0};
    const enum err rc = STORE_RUN(store, TX_READ, now_read, &rows);
    if (rc == ERR_OK)
        *ret_now_ms = rows_int(&rows, 0, 0);
    rows_release(&rows);
    return rc;
}
