/* Has anybody written? Asked on a connection of its own, which never waits for another. */
#include <string.h>

#include "store/changes.h"
#include "store/db.h"

/* FNV-1a, 64 bits (Fowler, Noll, Vo): PostgreSQL answers with a text. */
static int64_t number_of(const char *text)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001B3u;
    return (int64_t)(hash >> 1);
}

/* Outside of a transaction, so that it is one round trip; a connection that was lost meanwhile is
 * made anew by a begin. */
static enum err ask(struct store *store, struct rows *rows, struct error *err)
{
    enum err rc = ERR_OK;
    const struct backend *backend = store->backend;
    if (store->watcher == NULL)
        rc = backend->open(&store->spec, TX_READ, &store->watcher, err);
    if (rc == ERR_OK)
        rc = backend->run(store->watcher, QUERY_tick_read, NULL, 0, rows, err);
    if (rc == ERR_IO && store->watcher != NULL && strcmp(err->reason, "store_unavailable") == 0) {
        TRY(backend->begin(store->watcher, TX_READ, err));
        backend->rollback(store->watcher);
        rc = backend->run(store->watcher, QUERY_tick_read, NULL, 0, rows, err);
    }
done:
    return rc;
}

enum err store_tick(struct store *store, int64_t *ret_tick, struct error *err)
{
    pthread_mutex_lock(&store->watching);
    struct rows *rows = &store->watched;
    const enum err rc = ask(store, rows, err);
    if (rc == ERR_OK) {
        const char *text = rows_text(rows, 0, 0);
        *ret_tick = text != NULL ? number_of(text) : rows_int(rows, 0, 0);
    }
    pthread_mutex_unlock(&store->watching);
    return rc;
}
