#include "store/registry.h"

#include <math.h>
#include <string.h>

#include "store/model_rows.h"

/* ---- references ---- */

static enum err no_such(const struct model_ref *ref, const struct rows *names, struct error *err)
{
    if (ref->form == MODEL_REF_ID)
        return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "there is no model %lld",
                           (long long)ref->number);
    if (names->count == 0)
        return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "no model is named %s", ref->name);
    if (ref->form == MODEL_REF_ALIAS)
        return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "%s has no alias %s", ref->name,
                           ref->alias);
    if (ref->form == MODEL_REF_VERSION)
        return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "%s has no version %lld", ref->name,
                           (long long)ref->number);
    return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "%s has no versions any more",
                       ref->name);
}

/* The row that a reference names, if there is one. */
static enum err find_row(struct tx *tx, int64_t user_id, const struct model_ref *ref,
                         struct rows *rows, struct error *err)
{
    enum err rc = ERR_OK;
    switch (ref->form) {
    case MODEL_REF_ID:
        return RUN(tx, model_read, rows, arg_int(ref->number), arg_int(user_id));
    case MODEL_REF_VERSION:
        return RUN(tx, model_of_version, rows, arg_int(user_id), arg_text(ref->name),
                   arg_int(ref->number));
    case MODEL_REF_ALIAS:
        return RUN(tx, model_of_alias, rows, arg_int(user_id), arg_text(ref->name),
                   arg_text(ref->alias));
    case MODEL_REF_NAME:
        TRY(RUN(tx, model_of_alias, rows, arg_int(user_id), arg_text(ref->name),
                arg_text(MODEL_CHAMPION)));
        if (rows->count == 0)
            TRY(RUN(tx, model_newest, rows, arg_int(user_id), arg_text(ref->name)));
        break;
    }
done:
    return rc;
}

enum err registry_resolve(struct store *store, int64_t user_id, const char *text,
                          struct model_record **ret_model, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0}, names = {0};
    struct model_ref ref;
    void *record = NULL;
    if ((rc = model_ref_parse(text, &ref, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(find_row(&tx, user_id, &ref, &rows, err));
    if (rows.count == 0) {
        TRY(RUN(&tx, name_read, &names, arg_int(user_id), arg_text(ref.name)));
        rc = no_such(&ref, &names, err);
        goto done;
    }
    TRY(record_of(&rows, 0, &model_row_type, &record, err));
    *ret_model = record;
done:
    rows_release(&names);
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

/* ---- names ---- */

static const struct field name_fields[] = {
    {FIELD_INT, offsetof(struct registry_name, name_id)},
    {FIELD_TEXT, offsetof(struct registry_name, name)},
    {FIELD_BOOL, offsetof(struct registry_name, gate)},
    {FIELD_REAL, offsetof(struct registry_name, margin)},
    {FIELD_INT, offsetof(struct registry_name, created_ms)},
    {FIELD_INT, offsetof(struct registry_name, versions)},
    {FIELD_INT, offsetof(struct registry_name, latest_version)},
};
static const struct record_type name_type = {sizeof(struct registry_name), name_fields, 7};

static const struct field alias_fields[] = {
    {FIELD_INT, offsetof(struct registry_alias, name_id)},
    {FIELD_TEXT, offsetof(struct registry_alias, alias)},
    {FIELD_INT, offsetof(struct registry_alias, model_id)},
    {FIELD_INT, offsetof(struct registry_alias, version)},
    {FIELD_INT, offsetof(struct registry_alias, since_ms)},
};
static const struct record_type alias_type = {sizeof(struct registry_alias), alias_fields, 5};

static enum err no_name(const char *name, struct error *err)
{
    return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_name", "no model is named %.64s", name);
}

/* The names in `rows` and their aliases, read in the same transaction. */
static enum err make_list(struct tx *tx, int64_t user_id, const struct rows *rows,
                          struct registry_list *ret_list, struct error *err)
{
    enum err rc;
    struct rows found = {0};
    void **names = NULL, **aliases = NULL;
    int32_t count = 0, alias_count = 0;
    TRY(record_list(rows, STORE_LIST_MAX, &name_type, &names, &count, err));
    if (count > 0)
        TRY(RUN(tx, alias_list, &found, arg_int(user_id), arg_text(rows_text(rows, 0, 1)),
                arg_text(rows_text(rows, count - 1, 1))));
    TRY(record_list(&found, found.count, &alias_type, &aliases, &alias_count, err));
    *ret_list = (struct registry_list){(struct registry_name **)names, count,
                                       (struct registry_alias **)aliases, alias_count};
    names = NULL;
done:
    record_list_free(names, count);
    rows_release(&found);
    return rc;
}

enum err registry_list(struct store *store, int64_t user_id, const char *after, int32_t limit,
                       struct registry_list *ret_list, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    const int32_t most = list_limit(limit);
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(RUN(&tx, name_list, &rows, arg_int(user_id), arg_text(after != NULL ? after : ""),
            arg_int(most)));
    TRY(make_list(&tx, user_id, &rows, ret_list, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err registry_read(struct store *store, int64_t user_id, const char *name,
                       struct registry_list *ret_list, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    TRY(tx_begin(&tx, store, TX_READ, err));
    TRY(RUN(&tx, name_read, &rows, arg_int(user_id), arg_text(name)));
    if (rows.count == 0) {
        rc = no_name(name, err);
        goto done;
    }
    TRY(make_list(&tx, user_id, &rows, ret_list, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

void registry_list_release(struct registry_list *list)
{
    record_list_free((void **)list->names, list->count);
    record_list_free((void **)list->aliases, list->alias_count);
    *list = (struct registry_list){0};
}

enum err registry_set_gate(struct store *store, int64_t user_id, const char *name, bool gate,
                           double margin, struct error *err)
{
    struct rows rows = {0};
    if (!isfinite(margin) || margin < 0 || margin > 1)
        return FAIL_REASON(err, ERR_INVALID, "fields", "margin must be from 0 to 1");
    enum err rc = STORE_RUN(store, TX_WRITE, name_set_gate, &rows, arg_int(user_id), arg_text(name),
                            arg_int(gate), arg_real(margin));
    if (rc == ERR_OK && rows.changed == 0)
        rc = no_name(name, err);
    rows_release(&rows);
    return rc;
}

/* ---- what paired tests came to ---- */

enum err comparison_read(struct store *store, int64_t model_id, int64_t against_id,
                         struct model_comparison *ret_comparison, bool *ret_found,
                         struct error *err)
{
    struct rows rows = {0};
    const enum err rc =
        STORE_RUN(store, TX_READ, comparison_read, &rows, arg_int(model_id), arg_int(against_id));
    if (rc == ERR_OK)
        *ret_found = rows.count > 0;
    if (rc == ERR_OK && rows.count > 0)
        *ret_comparison = (struct model_comparison){
            .k = rows_int(&rows, 0, 0),
            .users = rows_int(&rows, 0, 1),
            .difference = rows_real(&rows, 0, 2),
            .low = rows_real(&rows, 0, 3),
            .high = rows_real(&rows, 0, 4),
        };
    rows_release(&rows);
    return rc;
}

enum err comparison_keep(struct store *store, int64_t model_id, int64_t against_id,
                         const struct model_comparison *comparison, struct error *err)
{
    struct rows rows = {0};
    const enum err rc = STORE_RUN(store, TX_LAX, comparison_keep, &rows, arg_int(model_id),
                                  arg_int(against_id), arg_int(comparison->k),
                                  arg_int(comparison->users), arg_real(comparison->difference),
                                  arg_real(comparison->low), arg_real(comparison->high));
    rows_release(&rows);
    return rc;
}
