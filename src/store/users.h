#ifndef STORE_USERS_H
#define STORE_USERS_H

/*
 * Accounts, sessions and API tokens. The store sees hashes alone: api/ makes the secrets and hashes
 * them. Errors that every operation has stand in store/store.h. Records are one block each: free
 * one with mem_free, a list by its own function.
 */
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

/* ---- users ---- */

struct user {
    int64_t user_id;
    const char *email; /* in lower case */
    const char *password_hash;
    bool is_admin;
    int64_t created_ms;
};
struct user_list {
    struct user **users;
    int32_t count;
};

/* The e-mail is kept in lower case. ERR_CONFLICT (email_taken). */
MUST_CHECK enum err user_create(struct store *store, const char *email, const char *password_hash,
                                bool is_admin, int64_t *ret_user_id, struct error *err);
/* By e-mail in any case, or by id: a record that the caller frees. ERR_NOT_FOUND. */
MUST_CHECK enum err user_find(struct store *store, const char *email, struct user **ret_user,
                              struct error *err);
MUST_CHECK enum err user_read(struct store *store, int64_t user_id, struct user **ret_user,
                              struct error *err);
/* Ascending by id, from the one after `after_id` on. */
MUST_CHECK enum err user_list(struct store *store, int64_t after_id, int32_t limit,
                              struct user_list *ret_list, struct error *err);
void user_list_release(struct user_list *list);
/* Every user, ascending by id, `limit` read at once; all else as model_each. */
MUST_CHECK enum err user_each(struct store *store, int32_t limit,
                              enum err (*visit)(void *context, const struct user *user,
                                                struct error *err),
                              void *context, struct error *err);

/* A new hash ends every session of the user but the one with the hash `keep_hash` (NULL: all).
 * ERR_NOT_FOUND. */
MUST_CHECK enum err user_set_password(struct store *store, int64_t user_id,
                                      const char *password_hash, const char *keep_hash,
                                      struct error *err);
/* The same password under another hash (its parameters were raised): sessions go on. Nothing
 * happens where `old_hash` is no longer the user's. */
MUST_CHECK enum err user_renew_hash(struct store *store, int64_t user_id, const char *old_hash,
                                    const char *new_hash, struct error *err);
MUST_CHECK enum err user_set_admin(struct store *store, int64_t user_id, bool is_admin,
                                   struct error *err);
/* With sessions, tokens, jobs and the rows of models; the caller removes their files first
 * (models.h). ERR_NOT_FOUND; ERR_CONFLICT (jobs_running): cancel them first. */
MUST_CHECK enum err user_remove(struct store *store, int64_t user_id, struct error *err);

/* ---- sessions ---- */

struct session_new {
    int64_t user_id;
    const char *token_hash;      /* hex */
    int64_t idle_ms;             /* ends when it was not used for so long */
    int64_t lifetime_ms;         /* and in any case after this */
    const char *agent, *address; /* to show to the user, NULL allowed */
};
struct session {
    int64_t session_id, user_id;
    const char *email;
    bool is_admin;
    const char *agent, *address;
    int64_t created_ms, seen_ms, expires_ms;
};
struct session_list {
    struct session **sessions;
    int32_t count;
};

MUST_CHECK enum err session_create(struct store *store, const struct session_new *session,
                                   int64_t *ret_session_id, struct error *err);
/*
 * The session with this hash, its user with it; ERR_NOT_FOUND when there is none, or it ended. One
 * read; when `seen_ms` is more than a minute old it is set to now, so idle times are that exact.
 */
MUST_CHECK enum err session_find(struct store *store, const char *token_hash,
                                 struct session **ret_session, struct error *err);
/* Those that have not ended, the newest first. */
MUST_CHECK enum err session_list(struct store *store, int64_t user_id,
                                 struct session_list *ret_list, struct error *err);
void session_list_release(struct session_list *list);
/* ERR_NOT_FOUND where the user has no such session. */
MUST_CHECK enum err session_end(struct store *store, int64_t user_id, int64_t session_id,
                                struct error *err);
/* All of the user's but `keep_id` (0: all). */
MUST_CHECK enum err session_end_others(struct store *store, int64_t user_id, int64_t keep_id,
                                       struct error *err);

/* ---- API tokens ---- */

struct token_new {
    int64_t user_id;
    const char *token_hash; /* hex */
    const char *name;       /* the user's word for it */
    const char *scope;      /* api's words: "read", "write" … */
    int64_t lifetime_ms;    /* 0: for ever */
};
struct token {
    int64_t token_id, user_id;
    const char *email;
    bool is_admin;
    const char *name, *scope;
    int64_t created_ms, seen_ms; /* seen: 0 until it is used */
    int64_t expires_ms;          /* 0: never */
};
struct token_list {
    struct token **tokens;
    int32_t count;
};

MUST_CHECK enum err token_create(struct store *store, const struct token_new *token,
                                 int64_t *ret_token_id, struct error *err);
/* As session_find. */
MUST_CHECK enum err token_find(struct store *store, const char *token_hash,
                               struct token **ret_token, struct error *err);
MUST_CHECK enum err token_list(struct store *store, int64_t user_id, struct token_list *ret_list,
                               struct error *err);
void token_list_release(struct token_list *list);
MUST_CHECK enum err token_remove(struct store *store, int64_t user_id, int64_t token_id,
                                 struct error *err);

#endif
