/* Sessions and API tokens: hashes, their users, and until when they hold. */
#include <string.h>

#include "base/memory.h"
#include "store/record.h"
#include "store/users.h"

enum { SEEN_AFTER_MS = 60000, SESSION_COLUMNS = 9 };

static const struct field session_fields[SESSION_COLUMNS] = {
    {FIELD_INT, offsetof(struct session, session_id)},
    {FIELD_INT, offsetof(struct session, user_id)},
    {FIELD_TEXT, offsetof(struct session, email)},
    {FIELD_BOOL, offsetof(struct session, is_admin)},
    {FIELD_TEXT, offsetof(struct session, agent)},
    {FIELD_TEXT, offsetof(struct session, address)},
    {FIELD_INT, offsetof(struct session, created_ms)},
    {FIELD_INT, offsetof(struct session, seen_ms)},
    {FIELD_INT, offsetof(struct session, expires_ms)},
};
static const struct record_type session_type = {sizeof(struct session), session_fields,
                                                SESSION_COLUMNS};

static const struct field token_fields[SESSION_COLUMNS] = {
    {FIELD_INT, offsetof(struct token, token_id)},   {FIELD_INT, offsetof(struct token, user_id)},
    {FIELD_TEXT, offsetof(struct token, email)},     {FIELD_BOOL, offsetof(struct token, is_admin)},
    {FIELD_TEXT, offsetof(struct token, name)},      {FIELD_TEXT, offsetof(struct token, scope)},
    {FIELD_INT, offsetof(struct token, created_ms)}, {FIELD_INT, offsetof(struct token, seen_ms)},
    {FIELD_INT, offsetof(struct token, expires_ms)},
};
static const struct record_type token_type = {sizeof(struct token), token_fields, SESSION_COLUMNS};

/* ---- what both are made of ---- */

/* Insert, and tell a user that is not there from other faults. */
static enum err create(struct store *store, enum query query, const struct arg *args, int32_t count,
                       int64_t *ret_id, struct error *err)
{
    struct rows rows = {0};
    enum err rc = store_run(store, TX_WRITE, query, args, count, &rows, err);
    if (rc == ERR_OK)
        *ret_id = rows_int(&rows, 0, 0);
    else if (rc == ERR_CONFLICT && strcmp(err->reason, "constraint") == 0)
        rc = FAIL(err, ERR_NOT_FOUND, "there is no such user");
    rows_release(&rows);
    return rc;
}

/* Find by hash; `seen` is run when the use before was a while ago. */
static enum err find(struct store *store, enum query query, enum query seen, const char *token_hash,
                     const struct record_type *type, void **ret_record, struct error *err)
{
    enum err rc;
    struct rows rows = {0}, ignored = {0};
    TRY(store_run(store, TX_READ, query, (struct arg[]){arg_text(token_hash)}, 1, &rows, err));
    if (rows.count == 0) {
        rc = FAIL(err, ERR_NOT_FOUND, "there is no such login, or it has ended");
        goto done;
    }
    const int64_t seen_ms = rows_int(&rows, 0, 7), now_ms = rows_int(&rows, 0, SESSION_COLUMNS);
    if (now_ms - seen_ms > SEEN_AFTER_MS)
        TRY(store_run(store, TX_LAX, seen, (struct arg[]){arg_int(rows_int(&rows, 0, 0))}, 1,
                      &ignored, err));
    TRY(record_of(&rows, 0, type, ret_record, err));
done:
    rows_release(&ignored);
    rows_release(&rows);
    return rc;
}

static enum err list(struct store *store, enum query query, int64_t user_id,
                     const struct record_type *type, void ***ret_list, int32_t *ret_count,
                     struct error *err)
{
    enum err rc;
    struct rows rows = {0};
    TRY(store_run(store, TX_READ, query, (struct arg[]){arg_int(user_id)}, 1, &rows, err));
    TRY(record_list(&rows, STORE_LIST_MAX, type, ret_list, ret_count, err));
done:
    rows_release(&rows);
    return rc;
}

static enum err end(struct store *store, enum query query, int64_t user_id, int64_t id,
                    struct error *err)
{
    struct rows rows = {0};
    const struct arg args[] = {arg_int(user_id), arg_int(id)};
    enum err rc = store_run(store, TX_WRITE, query, args, 2, &rows, err);
    if (rc == ERR_OK && rows.changed == 0)
        rc = FAIL(err, ERR_NOT_FOUND, "there is no such login");
    rows_release(&rows);
    return rc;
}

/* ---- sessions ---- */

enum err session_create(struct store *store, const struct session_new *session,
                        int64_t *ret_session_id, struct error *err)
{
    enum err rc;
    TRY(check_text("the token's hash", session->token_hash, 1, STORE_TEXT_MAX, err));
    TRY(check_text("the agent", session->agent, 0, STORE_TEXT_MAX, err));
    TRY(check_text("the address", session->address, 0, STORE_TEXT_MAX, err));
    const struct arg args[] = {
        arg_int(session->user_id),  arg_text(session->token_hash), arg_text(session->agent),
        arg_text(session->address), arg_int(session->idle_ms),     arg_int(session->lifetime_ms),
    };
    TRY(create(store, QUERY_session_create, args, 6, ret_session_id, err));
done:
    return rc;
}

enum err session_find(struct store *store, const char *token_hash, struct session **ret_session,
                      struct error *err)
{
    void *record = NULL;
    const enum err rc = find(store, QUERY_session_find, QUERY_session_seen, token_hash,
                             &session_type, &record, err);
    if (rc == ERR_OK)
        *ret_session = record;
    return rc;
}

enum err session_list(struct store *store, int64_t user_id, struct session_list *ret_list,
                      struct error *err)
{
    void **records = NULL;
    int32_t count = 0;
    const enum err rc =
        list(store, QUERY_session_list, user_id, &session_type, &records, &count, err);
    if (rc == ERR_OK)
        *ret_list = (struct session_list){(struct session **)records, count};
    return rc;
}

void session_list_release(struct session_list *sessions)
{
    record_list_free((void **)sessions->sessions, sessions->count);
    *sessions = (struct session_list){0};
}

enum err session_end(struct store *store, int64_t user_id, int64_t session_id, struct error *err)
{
    return end(store, QUERY_session_end, user_id, session_id, err);
}

enum err session_end_others(struct store *store, int64_t user_id, int64_t keep_id,
                            struct error *err)
{
    struct rows rows = {0};
    const enum err rc =
        STORE_RUN(store, TX_WRITE, session_end_others, &rows, arg_int(user_id), arg_int(keep_id));
    rows_release(&rows);
    return rc;
}

/* ---- tokens ---- */

enum err token_create(struct store *store, const struct token_new *token, int64_t *ret_token_id,
                      struct error *err)
{
    enum err rc;
    TRY(check_text("the token's hash", token->token_hash, 1, STORE_TEXT_MAX, err));
    TRY(check_text("the token's name", token->name, 1, STORE_TEXT_MAX, err));
    TRY(check_text("the token's scope", token->scope, 1, STORE_TEXT_MAX, err));
    const struct arg args[] = {arg_int(token->user_id), arg_text(token->token_hash),
                               arg_text(token->name), arg_text(token->scope),
                               arg_int(token->lifetime_ms)};
    TRY(create(store, QUERY_token_create, args, 5, ret_token_id, err));
done:
    return rc;
}

enum err token_find(struct store *store, const char *token_hash, struct token **ret_token,
                    struct error *err)
{
    void *record = NULL;
    const enum err rc =
        find(store, QUERY_token_find, QUERY_token_seen, token_hash, &token_type, &record, err);
    if (rc == ERR_OK)
        *ret_token = record;
    return rc;
}

enum err token_list(struct store *store, int64_t user_id, struct token_list *ret_list,
                    struct error *err)
{
    void **records = NULL;
    int32_t count = 0;
    const enum err rc = list(store, QUERY_token_list, user_id, &token_type, &records, &count, err);
    if (rc == ERR_OK)
        *ret_list = (struct token_list){(struct token **)records, count};
    return rc;
}

void token_list_release(struct token_list *tokens)
{
    record_list_free((void **)tokens->tokens, tokens->count);
    *tokens = (struct token_list){0};
}

enum err token_remove(struct store *store, int64_t user_id, int64_t token_id, struct error *err)
{
    return end(store, QUERY_token_remove, user_id, token_id, err);
}
