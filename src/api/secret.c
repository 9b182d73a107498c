#include "api/secret.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum { TOKEN_BYTES = 32 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    const int rc = sodium_init();
    assert(rc >= 0); /* else there is no random source, and nothing may go on */
}

void secret_init(void)
{
    pthread_once(&once, prepare);
}

void secret_session_token(char out[SECRET_TOKEN_SIZE])
{
    unsigned char bytes[TOKEN_BYTES];
    secret_init();
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(out, SECRET_TOKEN_SIZE, bytes, sizeof(bytes));
    sodium_memzero(bytes, sizeof(bytes));
}

void secret_api_token(char out[SECRET_TOKEN_SIZE])
{
    static const size_t prefix = sizeof(SECRET_API_PREFIX) - 1;
    unsigned char bytes[TOKEN_BYTES];
    secret_init();
    randombytes_buf(bytes, sizeof(bytes));
    memcpy(out, SECRET_API_PREFIX, prefix);
    sodium_bin2base64(out + prefix, SECRET_TOKEN_SIZE - prefix, bytes, sizeof(bytes),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
}

bool secret_is_api_token(const char *token)
{
    return strncmp(token, SECRET_API_PREFIX, sizeof(SECRET_API_PREFIX) - 1) == 0;
}

void secret_hash(const char *token, char out[SECRET_HASH_SIZE])
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(sum, (const unsigned char *)token, strlen(token));
    sodium_bin2hex(out, SECRET_HASH_SIZE, sum, sizeof(sum));
}

void secret_wipe(void *bytes, unsigned long size)
{
    sodium_memzero(bytes, size);
}
