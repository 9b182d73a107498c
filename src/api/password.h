#ifndef API_PASSWORD_H
#define API_PASSWORD_H

/*
 * Passwords, by Argon2id (RFC 9106) of libsodium: 19 MiB and two passes, 20 to 70 ms of one
 * processor (OWASP Password Storage). The hash is a text that names its own parameters, so that
 * these can be raised later: a login with an older hash makes a new one.
 *
 * At most one hash a processor is computed at a time, at a lower priority than what serves pages,
 * so that a storm of logins takes neither the memory nor the time of everybody else; others wait
 * their turn, up to PASSWORD_WAITING_MAX, each with its thread. Any thread.
 */
#include <stdbool.h>

#include "base/error.h"

enum {
    PASSWORD_MIN = 8,    /* bytes of a new one */
    PASSWORD_MAX = 1024, /* bytes of any */
    PASSWORD_HASH_SIZE = 128,
    PASSWORD_WAITING_MAX = 64,
};

/* May it become the password of this account (`email` NULL: of any)? ERR_INVALID (reasons
 * password_short, password_long, password_common: among those that are guessed first) says why not.
 */
MUST_CHECK enum err password_check(const char *password, const char *email, struct error *err);

/* Hash it; ERR_NOMEM (reason "overloaded" where too many wait already). Does not check it:
 * the demo account's is too short. */
MUST_CHECK enum err password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE],
                                  struct error *err);

/* Is it the password of this hash? Without a hash (NULL: no such user) the same work is done and
 * the answer is no, so that time does not tell who has an account. *ret_is_old: the hash was made
 * with other parameters than we use now. ERR_NOMEM as above. */
MUST_CHECK enum err password_verify(const char *password, const char *hash, bool *ret_is_right,
                                    bool *ret_is_old, struct error *err);

#endif
