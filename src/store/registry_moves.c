/* Aliases that move, and what is kept of it. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "store/model_rows.h"
#include "store/registry.h"

static const struct field move_fields[] = {
    {FIELD_INT, offsetof(struct alias_move, move_id)},
    {FIELD_TEXT, offsetof(struct alias_move, alias)},
    {FIELD_TEXT, offsetof(struct alias_move, kind)},
    {FIELD_INT, offsetof(struct alias_move, from_model_id)},
    {FIELD_INT, offsetof(struct alias_move, from_version)},
    {FIELD_INT, offsetof(struct alias_move, to_model_id)},
    {FIELD_INT, offsetof(struct alias_move, to_version)},
    {FIELD_TEXT, offsetof(struct alias_move, by)},
    {FIELD_BOOL, offsetof(struct alias_move, is_overridden)},
    {FIELD_TEXT, offsetof(struct alias_move, reason)},
    {FIELD_TEXT, offsetof(struct alias_move, verdict_json)},
    {FIELD_INT, offsetof(struct alias_move, at_ms)},
    {FIELD_INT, offsetof(struct alias_move, user_id)},
    {FIELD_TEXT, offsetof(struct alias_move, name)},
};
static const struct record_type move_type = {sizeof(struct alias_move), move_fields, 14};

/* Where an alias points: all 0 for nowhere. */
struct place {
    int64_t model_id, version;
};

struct moving {
    struct tx tx;
    int64_t name_id;
    const char *name, *alias;
    struct place at; /* before */
};

static enum err check_words(const char *alias, const char *by, const char *reason,
                            struct error *err)
{
    enum err rc;
    if (!model_name_is_valid(alias))
        return FAIL_REASON(err, ERR_INVALID, "fields", "alias must be " MODEL_NAME_RULE);
    TRY(check_text("who moves an alias", by, 1, MOVED_BY_MAX, err));
    if (reason != NULL && strlen(reason) > REASON_MAX)
        return FAIL_REASON(err, ERR_INVALID, "fields", "reason must have at most %d bytes",
                           REASON_MAX);
done:
    return rc;
}

/* Lock the name, so that its aliases move one at a time, and see where this one points. */
static enum err begin_move(struct moving *moving, int64_t user_id, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(&moving->tx, name_lock, &rows, arg_int(user_id), arg_text(moving->name)));
    if (rows.count == 0) {
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "no_such_name", "no model is named %.64s",
                         moving->name);
        goto done;
    }
    moving->name_id = rows_int(&rows, 0, 0);
    TRY(RUN(&moving->tx, alias_where, &rows, arg_int(moving->name_id), arg_text(moving->alias)));
    if (rows.count > 0)
        moving->at = (struct place){rows_int(&rows, 0, 0), rows_int(&rows, 0, 1)};
done:
    rows_release(&rows);
    return rc;
}

/* The last move of the alias: a record, or NULL. */
static enum err last_move(struct moving *moving, struct alias_move **ret_move, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void *record = NULL;
    TRY(RUN(&moving->tx, move_last, &rows, arg_int(moving->name_id), arg_text(moving->alias)));
    if (rows.count > 0)
        TRY(record_of(&rows, 0, &move_type, &record, err));
    *ret_move = record;
done:
    rows_release(&rows);
    return rc;
}

static enum err check_room(struct moving *moving, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(&moving->tx, alias_count, &rows, arg_int(moving->name_id)));
    if (rows_int(&rows, 0, 0) >= ALIASES_MAX)
        rc = FAIL_REASON(err, ERR_CONFLICT, "too_many_aliases",
                         "%s has %d aliases, and no more are allowed: remove one that nobody needs",
                         moving->name, ALIASES_MAX);
done:
    rows_release(&rows);
    return rc;
}

/* The version that a model is of this name; 0: none. */
static enum err version_here(struct moving *moving, int64_t model_id, int64_t *ret_version,
                             struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(RUN(&moving->tx, version_of, &rows, arg_int(model_id), arg_int(moving->name_id)));
    *ret_version = rows.count > 0 ? rows_int(&rows, 0, 0) : 0;
done:
    rows_release(&rows);
    return rc;
}

/* Point the alias there, record it, and give the record. */
static enum err carry_out(struct moving *moving, struct place to, const char *kind,
                          const struct alias_move_new *words, struct alias_move **ret_move,
                          struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    const struct place from = moving->at;
    if (to.model_id == 0)
        TRY(RUN(&moving->tx, alias_clear, &rows, arg_int(moving->name_id),
                arg_text(moving->alias)));
    else
        TRY(RUN(&moving->tx, alias_set, &rows, arg_int(moving->name_id), arg_text(moving->alias),
                arg_int(to.model_id)));
    if (!moving->tx.store->backend->one_writer) /* moves are seen in the order of their ids */
        TRY(RUN(&moving->tx, event_order, &rows));
    TRY(RUN(&moving->tx, move_add, &rows, arg_int(moving->name_id), arg_text(moving->alias),
            arg_text(kind), arg_int(from.model_id), arg_int(from.version), arg_int(to.model_id),
            arg_int(to.version), arg_text(words->by), arg_int(words->is_overridden),
            arg_text(words->reason), arg_text(words->verdict_json)));
    TRY(last_move(moving, ret_move, err));
done:
    rows_release(&rows);
    return rc;
}

static enum err no_alias(const struct moving *moving, struct error *err)
{
    return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_alias", "%s has no alias %s", moving->name,
                       moving->alias);
}

static enum err move_in(struct moving *moving, const struct alias_move_new *move,
                        struct alias_move **ret_move, struct error *err)
{
    enum err rc;
    struct place to = {.model_id = move->to_model_id};
    TRY(begin_move(moving, move->user_id, err));
    if (move->from_model_id != ALIAS_FROM_ANY && move->from_model_id != moving->at.model_id)
        return FAIL_REASON(err, ERR_CONFLICT, "alias_moved",
                           "%s@%s was moved by somebody else meanwhile", moving->name,
                           moving->alias);
    if (to.model_id == 0 && moving->at.model_id == 0)
        return no_alias(moving, err);
    if (to.model_id != 0)
        TRY(version_here(moving, to.model_id, &to.version, err));
    if (to.model_id != 0 && to.version == 0)
        return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "model %lld is no version of %s",
                           (long long)to.model_id, moving->name);
    if (to.model_id == moving->at.model_id)
        return last_move(moving, ret_move, err);
    if (moving->at.model_id == 0)
        TRY(check_room(moving, err));
    rc = carry_out(moving, to, to.model_id == 0 ? "remove" : "move", move, ret_move, err);
done:
    return rc;
}

static enum err undo_in(struct moving *moving, const struct alias_move_new *words,
                        struct alias_move **ret_move, struct error *err)
{
    enum err rc;
    struct alias_move *last = NULL;
    TRY(begin_move(moving, words->user_id, err));
    TRY(last_move(moving, &last, err));
    if (last == NULL) {
        rc = no_alias(moving, err);
        goto done;
    }
    struct place to = {.model_id = last->from_model_id};
    if (to.model_id != 0)
        TRY(version_here(moving, to.model_id, &to.version, err));
    if (to.model_id != 0 && to.version == 0) {
        rc = FAIL_REASON(err, ERR_CONFLICT, "model_gone",
                         "%s:%lld, where %s pointed before, was removed or has another name by now",
                         moving->name, (long long)last->from_version, moving->alias);
        goto done;
    }
    if (to.model_id != 0 && moving->at.model_id == 0)
        TRY(check_room(moving, err));
    TRY(carry_out(moving, to, "undo", words, ret_move, err));
done:
    mem_free(last);
    return rc;
}

/* One change in a transaction of its own. */
static enum err change(struct store *store, const struct alias_move_new *wanted,
                       enum err (*change_in)(struct moving *moving,
                                             const struct alias_move_new *wanted,
                                             struct alias_move **ret_move, struct error *err),
                       struct alias_move **ret_move, struct error *err)
{
    enum err rc;
    struct moving moving = {.name = wanted->name, .alias = wanted->alias};
    struct alias_move *made = NULL;
    if ((rc = check_words(wanted->alias, wanted->by, wanted->reason, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&moving.tx, store, TX_WRITE, err));
    TRY(change_in(&moving, wanted, &made, err));
    TRY(tx_commit(&moving.tx, err));
    *ret_move = made;
    made = NULL;
done:
    mem_free(made);
    tx_end(&moving.tx);
    return rc;
}

enum err registry_move(struct store *store, const struct alias_move_new *move,
                       struct alias_move **ret_move, struct error *err)
{
    return change(store, move, move_in, ret_move, err);
}

enum err registry_undo(struct store *store, const struct alias_move_new *words,
                       struct alias_move **ret_move, struct error *err)
{
    const struct alias_move_new said = {.user_id = words->user_id,
                                        .name = words->name,
                                        .alias = words->alias,
                                        .by = words->by,
                                        .reason = words->reason};
    return change(store, &said, undo_in, ret_move, err);
}

/* ---- history ---- */

static enum err read_moves(struct store *store, const struct alias_history *query, bool is_then,
                           struct alias_move_list *ret_list, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    const int64_t until = query->until_ms > 0 ? query->until_ms : INT64_MAX;
    const int64_t before = query->before_id > 0 ? query->before_id : INT64_MAX;
    const int32_t most = list_limit(query->limit);
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(RUN(&tx, name_read, &rows, arg_int(query->user_id), arg_text(query->name)));
    if (rows.count == 0) {
        rc =
            FAIL_REASON(err, ERR_NOT_FOUND, "no_such_name", "no model is named %.64s", query->name);
        goto done;
    }
    const int64_t name_id = rows_int(&rows, 0, 0);
    if (is_then)
        TRY(RUN(&tx, move_then, &rows, arg_int(name_id), arg_text(query->alias), arg_int(until)));
    else
        TRY(RUN(&tx, move_list, &rows, arg_int(name_id), arg_text(query->alias), arg_int(until),
                arg_int(before), arg_int(most)));
    TRY(record_list(&rows, STORE_LIST_MAX, &move_type, &list, &count, err));
    *ret_list = (struct alias_move_list){(struct alias_move **)list, count};
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err move_rows_after(struct tx *tx, int64_t after, int32_t most, struct alias_move ***ret_moves,
                         int32_t *ret_count, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    TRY(RUN(tx, move_feed, &rows, arg_int(after), arg_int(most)));
    TRY(record_list(&rows, most, &move_type, &list, &count, err));
    *ret_moves = (struct alias_move **)list;
    *ret_count = count;
done:
    rows_release(&rows);
    return rc;
}

enum err move_rows_newest(struct store *store, int64_t *ret_move_id, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(RUN(&tx, move_newest, &rows));
    *ret_move_id = rows_int(&rows, 0, 0);
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err registry_history(struct store *store, const struct alias_history *query,
                          struct alias_move_list *ret_list, struct error *err)
{
    return read_moves(store, query, false, ret_list, err);
}

enum err registry_then(struct store *store, const struct alias_history *query,
                       struct alias_move_list *ret_list, struct error *err)
{
    return read_moves(store, query, true, ret_list, err);
}

void alias_move_list_release(struct alias_move_list *list)
{
    record_list_free((void **)list->moves, list->count);
    *list = (struct alias_move_list){0};
}
