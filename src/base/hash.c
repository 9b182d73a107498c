#include "base/hash.h"

#include <assert.h>
#include <openssl/evp.h>

#include "base/memory.h"

struct hash {
    EVP_MD_CTX *context;
};

enum err hash_create(struct hash **ret_hash, struct error *err)
{
    struct hash *hash = mem_array(1, sizeof(*hash), err);
    if (hash == NULL)
        return ERR_NOMEM;
    hash->context = EVP_MD_CTX_new();
    if (hash->context == NULL || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1) {
        hash_free(hash);
        return FAIL(err, ERR_NOMEM, "cannot start a SHA-256 sum");
    }
    *ret_hash = hash;
    return ERR_OK;
}

enum err hash_dup(const struct hash *hash, struct hash **ret_copy, struct error *err)
{
    struct hash *copy;
    enum err rc = hash_create(&copy, err);
    if (rc != ERR_OK)
        return rc;
    if (EVP_MD_CTX_copy_ex(copy->context, hash->context) != 1) {
        hash_free(copy);
        return FAIL(err, ERR_NOMEM, "cannot copy a SHA-256 sum");
    }
    *ret_copy = copy;
    return ERR_OK;
}

void hash_add(struct hash *hash, const void *bytes, size_t size)
{
    int ok = EVP_DigestUpdate(hash->context, bytes, size);
    assert(ok == 1);
    (void)ok;
}

void hash_finish(struct hash *hash, unsigned char out[HASH_BYTES])
{
    unsigned int size = 0;
    int ok = EVP_DigestFinal_ex(hash->context, out, &size);
    assert(ok == 1 && size == HASH_BYTES);
    (void)ok;
}

void hash_free(struct hash *hash)
{
    if (hash == NULL)
        return;
    EVP_MD_CTX_free(hash->context);
    mem_free(hash);
}

void hash_hex(const unsigned char sum[HASH_BYTES], char out[HASH_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < HASH_BYTES; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[2 * HASH_BYTES] = '\0';
}
