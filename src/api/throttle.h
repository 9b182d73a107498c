#ifndef API_THROTTLE_H
#define API_THROTTLE_H

/*
 * Who guesses passwords has to wait. Per account: from LOGIN_FAILURES failures in a row on 1 s,
 * doubling up to 15 min, whoever asks and whether there is such an account or not. Per address:
 * LOGINS_PER_MINUTE failures a minute, all accounts together; the first /64 of IPv6 counts as one
 * address, since that is what one customer gets.
 *
 * A try counts as failed from its beginning, and is taken back when it goes well, so that many at
 * once gain nothing. Kept in memory, per process, in tables of fixed size whose places are chosen
 * by a secret hash: nobody can push out the entry of another on purpose. Any thread.
 */
#include <stdint.h>

#include "base/error.h"

struct throttle;

struct throttle_limits {
    int32_t account_failures;   /* LOGIN_FAILURES */
    int32_t address_per_minute; /* LOGINS_PER_MINUTE */
};

enum { THROTTLE_WAIT_MAX_S = 900 };

MUST_CHECK enum err throttle_create(const struct throttle_limits *limits,
                                    struct throttle **ret_throttle, struct error *err);
void throttle_free(struct throttle *throttle); /* NULL is allowed */

/* A try begins, at `now` (clock_seconds). 0: go on, else the seconds to wait; it is not counted
 * then. `account` NULL: count the address alone (a sign-up). */
int32_t throttle_begin(struct throttle *throttle, const char *account, const char *address,
                       double now);

/* It went well: the account starts anew, the address gets its try back. */
void throttle_succeed(struct throttle *throttle, const char *account, const char *address,
                      double now);

/* It was not decided (the server had no room): both get it back. */
void throttle_withdraw(struct throttle *throttle, const char *account, const char *address,
                       double now);

#endif
