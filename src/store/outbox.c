#include "store/outbox.h"

#include "base/memory.h"
#include "store/record.h"

static const struct field message_fields[] = {
    {FIELD_INT, offsetof(struct outbox_message, outbox_id)},
    {FIELD_INT, offsetof(struct outbox_message, job_id)},
    {FIELD_INT, offsetof(struct outbox_message, epoch)},
    {FIELD_INT, offsetof(struct outbox_message, tries)},
    {FIELD_TEXT, offsetof(struct outbox_message, model_type)},
    {FIELD_TEXT, offsetof(struct outbox_message, data_path)},
    {FIELD_TEXT, offsetof(struct outbox_message, params_json)},
    {FIELD_TEXT, offsetof(struct outbox_message, traceparent)},
};
static const struct record_type message_type = {sizeof(struct outbox_message), message_fields, 8};

/* Hold the messages in `found` and add each to the list. */
static enum err hold_all(struct tx *tx, const struct rows *found, int64_t hold_ms,
                         struct outbox_list *list, struct error *err)
{
    enum err rc = ERR_OK;
    struct rows rows = {0};
    for (int32_t i = 0; i < found->count; i++) {
        void *record = NULL;
        const int64_t outbox_id = rows_int(found, i, 0);
        TRY(RUN(tx, outbox_hold, &rows, arg_int(outbox_id), arg_int(hold_ms)));
        TRY(RUN(tx, outbox_read, &rows, arg_int(outbox_id)));
        TRY(record_of(&rows, 0, &message_type, &record, err));
        list->messages[list->count++] = record;
    }
done:
    rows_release(&rows);
    return rc;
}

static enum err any_waits(struct store *store, enum job_task task, bool *ret_waits,
                          struct error *err)
{
    struct rows rows = {0};
    const enum err rc =
        STORE_RUN(store, TX_READ, outbox_waits, &rows, arg_text(job_task_name(task)));
    if (rc == ERR_OK)
        *ret_waits = rows.count > 0;
    rows_release(&rows);
    return rc;
}

enum err outbox_take(struct store *store, enum job_task task, int32_t limit, int64_t hold_ms,
                     struct outbox_list *ret_list, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows found = {0};
    struct outbox_list list = {0};
    void **messages;
    bool waits = false;
    const int32_t most = list_limit(limit);
    if ((rc = any_waits(store, task, &waits, err)) != ERR_OK)
        return rc;
    if (!waits) {
        *ret_list = list;
        return ERR_OK;
    }
    TRY(tx_begin(&tx, store, TX_LAX, err));
    TRY(RUN(&tx, outbox_find, &found, arg_int(most), arg_text(job_task_name(task))));
    TRY_PTR(messages = mem_array((size_t)found.count, sizeof(*messages), err));
    list.messages = (struct outbox_message **)messages;
    TRY(hold_all(&tx, &found, hold_ms, &list, err));
    if (list.count > 0)
        TRY(tx_commit(&tx, err));
    *ret_list = list;
    list = (struct outbox_list){0};
done:
    outbox_list_release(&list);
    rows_release(&found);
    tx_end(&tx);
    return rc;
}

void outbox_list_release(struct outbox_list *list)
{
    record_list_free((void **)list->messages, list->count);
    *list = (struct outbox_list){0};
}

enum err outbox_renew(struct store *store, int64_t outbox_id, int64_t hold_ms, struct error *err)
{
    struct rows rows = {0};
    const enum err rc =
        STORE_RUN(store, TX_LAX, outbox_renew, &rows, arg_int(outbox_id), arg_int(hold_ms));
    rows_release(&rows);
    return rc;
}

enum err outbox_confirm(struct store *store, int64_t outbox_id, struct error *err)
{
    struct rows rows = {0};
    const enum err rc = STORE_RUN(store, TX_LAX, outbox_confirm, &rows, arg_int(outbox_id));
    rows_release(&rows);
    return rc;
}

enum err outbox_return(struct store *store, int64_t outbox_id, struct error *err)
{
    struct rows rows = {0};
    const enum err rc = STORE_RUN(store, TX_LAX, outbox_return, &rows, arg_int(outbox_id));
    rows_release(&rows);
    return rc;
}

enum err outbox_refill(struct store *store, enum job_task task, int64_t older_ms,
                       int64_t *ret_count, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, outbox_refill, &rows, arg_int(older_ms), arg_text(job_task_name(task))));
    const int64_t count = rows.changed;
    if (count > 0) {
        TRY(RUN(&tx, outbox_refilled, &rows, arg_int(older_ms), arg_text(job_task_name(task))));
        TRY(tx_commit(&tx, err));
    }
    *ret_count = count;
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err outbox_bury(struct store *store, enum job_task task, int64_t outbox_id, int64_t job_id,
                     const char *why, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    if ((rc = check_text("the reason", why, 0, STORE_TEXT_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, outbox_confirm, &rows, arg_int(outbox_id)));
    if (rows.changed > 0) /* else somebody else has buried it */
        TRY(RUN(&tx, dead_letter_add, &rows, arg_int(job_id), arg_text(why),
                arg_text(job_task_name(task))));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err outbox_depth(struct store *store, enum job_task task, struct outbox_depth *ret_depth,
                      struct error *err)
{
    struct rows rows = {0};
    const enum err rc =
        STORE_RUN(store, TX_READ, outbox_depth, &rows, arg_text(job_task_name(task)));
    if (rc == ERR_OK)
        *ret_depth = (struct outbox_depth){rows_int(&rows, 0, 0), rows_int(&rows, 0, 1),
                                           rows_int(&rows, 0, 2)};
    rows_release(&rows);
    return rc;
}
