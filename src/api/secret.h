#ifndef API_SECRET_H
#define API_SECRET_H

/*
 * Tokens that stand for a login: random, shown to their owner once, and kept as a hash alone, so
 * that who reads the store cannot log in. Any thread.
 */
#include <stdbool.h>

enum { SECRET_TOKEN_SIZE = 72, SECRET_HASH_SIZE = 65 };

#define SECRET_API_PREFIX "rt_"

/* Make the random source ready; the functions below do so themselves. */
void secret_init(void);

/* 256 random bits: of a session as 64 hex digits, of the API as "rt_" and 43 characters. */
void secret_session_token(char out[SECRET_TOKEN_SIZE]);
void secret_api_token(char out[SECRET_TOKEN_SIZE]);
bool secret_is_api_token(const char *token);

/* SHA-256 in hex. Enough for 256 random bits, which nobody can guess; passwords need
 * api/password.h. */
void secret_hash(const char *token, char out[SECRET_HASH_SIZE]);

/* Overwrite a secret that is not needed any more; the compiler does not leave it out. */
void secret_wipe(void *bytes, unsigned long size);

#endif
