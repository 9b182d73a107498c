#include "api/login_cache.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"

enum { SETS = 1024, WAYS = 4 };

struct entry {
    double until; /* by clock_seconds; 0: empty */
    struct identity identity;
};

struct login_cache {
    pthread_mutex_t lock;
    uint64_t generation;
    struct entry entries[SETS][WAYS];
};

enum err login_cache_create(struct login_cache **ret_cache, struct error *err)
{
    /* Zeroed by the kernel: pages that were never used take no memory. */
    struct login_cache *cache = mem_array(1, sizeof(*cache), err);
    if (cache == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&cache->lock, NULL);
    *ret_cache = cache;
    return ERR_OK;
}

void login_cache_free(struct login_cache *cache)
{
    if (cache == NULL)
        return;
    pthread_mutex_destroy(&cache->lock);
    mem_free(cache);
}

/* The hash is random, so any of its bits choose evenly. */
static struct entry *set_of(struct login_cache *cache, const char *token_hash)
{
    uint32_t bits = 0;
    for (int i = 0; i < 4; i++)
        bits = bits << 8 | (unsigned char)token_hash[i];
    /* Hex digits have few values each: mix them. */
    return cache->entries[(bits * 2654435761u) >> 22];
}

bool login_cache_get(struct login_cache *cache, const char *token_hash,
                     struct identity *ret_identity)
{
    const double now = clock_seconds();
    bool found = false;
    _Static_assert(SETS == 1 << (32 - 22), "the shift in set_of leaves one number a set");
    pthread_mutex_lock(&cache->lock);
    struct entry *set = set_of(cache, token_hash);
    for (int i = 0; i < WAYS && !found; i++) {
        found = set[i].until > now &&
                memcmp(set[i].identity.token_hash, token_hash, TOKEN_HASH_SIZE) == 0;
        if (found)
            *ret_identity = set[i].identity;
    }
    pthread_mutex_unlock(&cache->lock);
    return found;
}

uint64_t login_cache_generation(struct login_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    const uint64_t generation = cache->generation;
    pthread_mutex_unlock(&cache->lock);
    return generation;
}

/* How long a login read just now may be trusted: its own end may come first. */
static double seconds_of(const struct identity *identity)
{
    struct timespec now;
    const double most = LOGIN_CACHE_MS / 1000.0;
    if (identity->expires_ms == 0)
        return most;
    clock_gettime(CLOCK_REALTIME, &now);
    const double left =
        (double)identity->expires_ms / 1000 - ((double)now.tv_sec + (double)now.tv_nsec * 1e-9);
    return left < most ? left : most;
}

void login_cache_put(struct login_cache *cache, const struct identity *identity,
                     uint64_t generation)
{
    const double until = clock_seconds() + seconds_of(identity);
    pthread_mutex_lock(&cache->lock);
    if (generation == cache->generation) {
        struct entry *set = set_of(cache, identity->token_hash), *chosen = set;
        for (int i = 0; i < WAYS; i++) {
            if (memcmp(set[i].identity.token_hash, identity->token_hash, TOKEN_HASH_SIZE) == 0) {
                chosen = &set[i];
                break;
            }
            if (set[i].until < chosen->until)
                chosen = &set[i];
        }
        chosen->identity = *identity;
        chosen->until = until;
    }
    pthread_mutex_unlock(&cache->lock);
}

void login_cache_forget(struct login_cache *cache, int64_t user_id)
{
    pthread_mutex_lock(&cache->lock);
    cache->generation++;
    for (int s = 0; s < SETS; s++)
        for (int i = 0; i < WAYS; i++)
            if (cache->entries[s][i].until > 0 && cache->entries[s][i].identity.user_id == user_id)
                cache->entries[s][i].until = 0;
    pthread_mutex_unlock(&cache->lock);
}
