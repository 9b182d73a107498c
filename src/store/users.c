#include "store/users.h"

#include <string.h>

#include "base/memory.h"
#include "store/record.h"

static const struct field user_fields[] = {
    {FIELD_INT, offsetof(struct user, user_id)},
    {FIELD_TEXT, offsetof(struct user, email)},
    {FIELD_TEXT, offsetof(struct user, password_hash)},
    {FIELD_BOOL, offsetof(struct user, is_admin)},
    {FIELD_INT, offsetof(struct user, created_ms)},
};
static const struct record_type user_type = {sizeof(struct user), user_fields,
                                             sizeof(user_fields) / sizeof(user_fields[0])};

enum err user_create(struct store *store, const char *email, const char *password_hash,
                     bool is_admin, int64_t *ret_user_id, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(check_text("the e-mail", email, 1, STORE_EMAIL_MAX, err));
    TRY(check_text("the password's hash", password_hash, 1, STORE_TEXT_MAX, err));
    rc = STORE_RUN(store, TX_WRITE, user_create, &rows, arg_text(email), arg_text(password_hash),
                   arg_int(is_admin));
    if (rc == ERR_CONFLICT)
        rc = FAIL_REASON(err, ERR_CONFLICT, "email_taken", "there is an account for %s already",
                         email);
    if (rc == ERR_OK)
        *ret_user_id = rows_int(&rows, 0, 0);
done:
    rows_release(&rows);
    return rc;
}

static enum err take_user(const struct rows *rows, struct user **ret_user, struct error *err)
{
    void *record = NULL;
    if (rows->count == 0)
        return FAIL(err, ERR_NOT_FOUND, "there is no such user");
    const enum err rc = record_of(rows, 0, &user_type, &record, err);
    if (rc == ERR_OK)
        *ret_user = record;
    return rc;
}

enum err user_find(struct store *store, const char *email, struct user **ret_user,
                   struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(STORE_RUN(store, TX_READ, user_find, &rows, arg_text(email)));
    TRY(take_user(&rows, ret_user, err));
done:
    rows_release(&rows);
    return rc;
}

enum err user_read(struct store *store, int64_t user_id, struct user **ret_user, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(STORE_RUN(store, TX_READ, user_read, &rows, arg_int(user_id)));
    TRY(take_user(&rows, ret_user, err));
done:
    rows_release(&rows);
    return rc;
}

enum err user_list(struct store *store, int64_t after_id, int32_t limit, struct user_list *ret_list,
                   struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    void **list = NULL;
    int32_t count = 0;
    const int32_t most = list_limit(limit);
    TRY(STORE_RUN(store, TX_READ, user_list, &rows, arg_int(after_id), arg_int(most)));
    TRY(record_list(&rows, most, &user_type, &list, &count, err));
    *ret_list = (struct user_list){(struct user **)list, count};
done:
    rows_release(&rows);
    return rc;
}

void user_list_release(struct user_list *list)
{
    record_list_free((void **)list->users, list->count);
    *list = (struct user_list){0};
}

enum err user_each(struct store *store, int32_t limit,
                   enum err (*visit)(void *context, const struct user *user, struct error *err),
                   void *context, struct error *err)
{
    enum err rc;
    struct user_list page = {0};
    int64_t last_id = 0;
    do {
        user_list_release(&page);
        TRY(user_list(store, last_id, limit, &page, err));
        for (int32_t i = 0; i < page.count; i++) {
            last_id = page.users[i]->user_id;
            TRY(visit(context, page.users[i], err));
        }
    } while (page.count == list_limit(limit));
done:
    user_list_release(&page);
    return rc;
}

static enum err changed_one(const struct rows *rows, struct error *err)
{
    return rows->changed > 0 ? ERR_OK : FAIL(err, ERR_NOT_FOUND, "there is no such user");
}

enum err user_set_password(struct store *store, int64_t user_id, const char *password_hash,
                           const char *keep_hash, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    if ((rc = check_text("the password's hash", password_hash, 1, STORE_TEXT_MAX, err)) != ERR_OK)
        return rc;
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, user_set_password, &rows, arg_int(user_id), arg_text(password_hash)));
    TRY(changed_one(&rows, err));
    TRY(RUN(&tx, session_end_unkept, &rows, arg_int(user_id),
            arg_text(keep_hash != NULL ? keep_hash : "")));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}

enum err user_renew_hash(struct store *store, int64_t user_id, const char *old_hash,
                         const char *new_hash, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(check_text("the password's hash", new_hash, 1, STORE_TEXT_MAX, err));
    TRY(STORE_RUN(store, TX_WRITE, user_renew_hash, &rows, arg_int(user_id), arg_text(old_hash),
                  arg_text(new_hash)));
done:
    rows_release(&rows);
    return rc;
}

enum err user_set_admin(struct store *store, int64_t user_id, bool is_admin, struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(STORE_RUN(store, TX_WRITE, user_set_admin, &rows, arg_int(user_id), arg_int(is_admin)));
    TRY(changed_one(&rows, err));
done:
    rows_release(&rows);
    return rc;
}

enum err user_remove(struct store *store, int64_t user_id, struct error *err)
{
    enum err rc;
    struct tx tx;
    struct rows rows = {0};
    TRY(tx_begin(&tx, store, TX_WRITE, err));
    TRY(RUN(&tx, user_lock, &rows, arg_int(user_id)));
    TRY(RUN(&tx, user_running, &rows, arg_int(user_id)));
    if (rows_int(&rows, 0, 0) > 0) {
        rc = FAIL_REASON(err, ERR_CONFLICT, "jobs_running",
                         "%lld jobs of this user have not ended: cancel them first",
                         (long long)rows_int(&rows, 0, 0));
        goto done;
    }
    TRY(RUN(&tx, user_remove_aliases, &rows, arg_int(user_id)));
    TRY(RUN(&tx, user_remove_models, &rows, arg_int(user_id)));
    TRY(RUN(&tx, user_remove_names, &rows, arg_int(user_id)));
    TRY(RUN(&tx, user_remove, &rows, arg_int(user_id)));
    TRY(changed_one(&rows, err));
    TRY(tx_commit(&tx, err));
done:
    rows_release(&rows);
    tx_end(&tx);
    return rc;
}
