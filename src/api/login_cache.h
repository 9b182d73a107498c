#ifndef API_LOGIN_CACHE_H
#define API_LOGIN_CACHE_H

/*
 * The logins that were used in the last moments, so that not every request asks the store for one.
 * An entry is good for LOGIN_CACHE_MS, and never past the end of its login. Ending a login in this
 * process forgets it here at once; when another process ended it, this one sees it that much
 * later. Of fixed size: the oldest of a few makes room. Any thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "api/identity.h"

enum { LOGIN_CACHE_MS = 1000 };

struct login_cache;

MUST_CHECK enum err login_cache_create(struct login_cache **ret_cache, struct error *err);
void login_cache_free(struct login_cache *cache); /* NULL is allowed */

/* The identity of a token's hash, if it was put in lately. */
bool login_cache_get(struct login_cache *cache, const char *token_hash,
                     struct identity *ret_identity);

/*
 * Ask for the generation before reading the store, and give it back with what was read: should
 * something have been forgotten in between, the entry may be of before, and is not taken.
 */
uint64_t login_cache_generation(struct login_cache *cache);
void login_cache_put(struct login_cache *cache, const struct identity *identity,
                     uint64_t generation);

/* Forget every login of a user: after a logout, a new password, the end of a session or token. */
void login_cache_forget(struct login_cache *cache, int64_t user_id);

#endif
