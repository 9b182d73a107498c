#include "api/throttle.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "api/secret.h"
#include "base/memory.h"

enum { SETS = 1024, WAYS = 8, KEY_MAX = 256 };
static const double forget_after_s = 3600;

/* Of an account or an address, by the hash of its name; 0: empty. */
struct entry {
    uint64_t key;
    double last;  /* when it was last touched */
    double count; /* account: failures in a row; address: of the last minute, leaking */
    double until; /* account: wait until then */
};

struct table {
    struct entry entries[SETS][WAYS];
};

struct throttle {
    pthread_mutex_t lock;
    struct throttle_limits limits;
    unsigned char secret[crypto_shorthash_KEYBYTES];
    struct table accounts, addresses;
};

enum err throttle_create(const struct throttle_limits *limits, struct throttle **ret_throttle,
                         struct error *err)
{
    struct throttle *throttle = mem_array(1, sizeof(*throttle), err);
    if (throttle == NULL)
        return ERR_NOMEM;
    secret_init();
    pthread_mutex_init(&throttle->lock, NULL);
    throttle->limits = *limits;
    crypto_shorthash_keygen(throttle->secret);
    *ret_throttle = throttle;
    return ERR_OK;
}

void throttle_free(struct throttle *throttle)
{
    if (throttle == NULL)
        return;
    pthread_mutex_destroy(&throttle->lock);
    mem_free(throttle);
}

static uint64_t hash(const struct throttle *throttle, const void *bytes, size_t len)
{
    unsigned char out[crypto_shorthash_BYTES];
    uint64_t key;
    _Static_assert(sizeof(out) == sizeof(key), "SipHash-2-4 gives 64 bits");
    crypto_shorthash(out, bytes, len, throttle->secret);
    memcpy(&key, out, sizeof(key));
    return key != 0 ? key : 1;
}

/* Accounts are the same in any case of letters, as the store has them. */
static uint64_t account_key(const struct throttle *throttle, const char *account)
{
    char name[KEY_MAX];
    size_t len = 0;
    for (; len < sizeof(name) && account[len] != '\0'; len++)
        name[len] = (char)tolower((unsigned char)account[len]);
    return hash(throttle, name, len);
}

static uint64_t address_key(const struct throttle *throttle, const char *address)
{
    unsigned char bytes[16];
    if (inet_pton(AF_INET6, address, bytes) == 1)
        return hash(throttle, bytes, 8);
    return hash(throttle, address, strlen(address));
}

/* The entry of a key, or the one that was touched longest ago, emptied. */
static struct entry *entry_of(struct table *table, uint64_t key, double now)
{
    struct entry *set = table->entries[key % SETS], *oldest = set;
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key && now - set[i].last < forget_after_s)
            return &set[i];
        if (set[i].key == key || set[i].last < oldest->last)
            oldest = &set[i];
        if (set[i].key == key)
            break; /* its own, forgotten */
    }
    *oldest = (struct entry){.key = key, .last = now};
    return oldest;
}

/* An address earns its tries back evenly. */
static struct entry *address_of(struct throttle *throttle, const char *address, double now)
{
    struct entry *entry = entry_of(&throttle->addresses, address_key(throttle, address), now);
    const double earned = (now - entry->last) / 60 * throttle->limits.address_per_minute;
    entry->count = fmax(0, entry->count - fmax(0, earned));
    entry->last = now;
    return entry;
}

static void count_account(const struct throttle *throttle, struct entry *entry, double now)
{
    const double beyond = entry->count + 1 - throttle->limits.account_failures;
    entry->count++;
    entry->last = now;
    if (beyond >= 0)
        entry->until = now + fmin(THROTTLE_WAIT_MAX_S, exp2(beyond));
}

int32_t throttle_begin(struct throttle *throttle, const char *account, const char *address,
                       double now)
{
    double wait = 0;
    pthread_mutex_lock(&throttle->lock);
    struct entry *from = address_of(throttle, address, now), *to = NULL;
    const double over = from->count + 1 - throttle->limits.address_per_minute;
    if (account != NULL)
        to = entry_of(&throttle->accounts, account_key(throttle, account), now);
    if (over > 0)
        wait = over * 60 / throttle->limits.address_per_minute;
    if (to != NULL)
        wait = fmax(wait, to->until - now);
    if (wait < 1e-6) {
        from->count++;
        if (to != NULL)
            count_account(throttle, to, now);
    }
    pthread_mutex_unlock(&throttle->lock);
    return wait >= 1e-6 ? (int32_t)ceil(wait - 1e-6) : 0; /* sums of seconds are not exact */
}

void throttle_succeed(struct throttle *throttle, const char *account, const char *address,
                      double now)
{
    pthread_mutex_lock(&throttle->lock);
    struct entry *from = address_of(throttle, address, now);
    from->count = fmax(0, from->count - 1);
    struct entry *to = entry_of(&throttle->accounts, account_key(throttle, account), now);
    to->count = 0;
    to->until = 0;
    pthread_mutex_unlock(&throttle->lock);
}

void throttle_withdraw(struct throttle *throttle, const char *account, const char *address,
                       double now)
{
    pthread_mutex_lock(&throttle->lock);
    struct entry *from = address_of(throttle, address, now);
    from->count = fmax(0, from->count - 1);
    struct entry *to = entry_of(&throttle->accounts, account_key(throttle, account), now);
    to->count = fmax(0, to->count - 1);
    to->until = 0;
    pthread_mutex_unlock(&throttle->lock);
}
