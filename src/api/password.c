#include "api/password.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "api/secret.h"
#include "base/parallel.h"
#include "base/turn.h"

enum { PASSES = 2, MEMORY_BYTES = 19456 * 1024 };

/* Of a password that nobody has; a test sees to it that its parameters are ours. */
static const char nobodys_hash[] =
    "$argon2id$v=19$m=19456,t=2,p=1$/"
    "TKC1rEilae9c/QPC9Bi7Q$0IX1VAzJJ3A+MGjawAV2mEqAK+CN0opMDh+TvQhxGVA";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static int32_t running, waiting; /* under the lock */

/* Wait for a processor. */
static enum err begin(struct error *err)
{
    const int32_t at_once = parallel_processors();
    enum err rc = ERR_OK;
    turn_pause(); /* it takes a while: the short requests of others come in between */
    pthread_mutex_lock(&lock);
    if (running >= at_once && waiting >= PASSWORD_WAITING_MAX) {
        rc = FAIL_REASON(err, ERR_NOMEM, "overloaded", "too many logins at once; try again soon");
    } else {
        waiting++;
        while (running >= at_once)
            pthread_cond_wait(&turn, &lock);
        waiting--;
        running++;
    }
    pthread_mutex_unlock(&lock);
    if (rc != ERR_OK)
        turn_resume();
    return rc;
}

static void end(void)
{
    pthread_mutex_lock(&lock);
    running--;
    pthread_cond_signal(&turn);
    pthread_mutex_unlock(&lock);
    turn_resume();
}

enum err password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE], struct error *err)
{
    char hash[crypto_pwhash_STRBYTES];
    enum err rc;
    _Static_assert(sizeof(hash) <= PASSWORD_HASH_SIZE, "a hash must fit");
    secret_init();
    TRY(begin(err));
    const int failed = crypto_pwhash_str(hash, password, strlen(password), PASSES, MEMORY_BYTES);
    end();
    if (failed != 0)
        return FAIL(err, ERR_NOMEM, "out of memory for the hash of a password");
    memcpy(ret_hash, hash, sizeof(hash));
done:
    return rc;
}

enum err password_verify(const char *password, const char *hash, bool *ret_is_right,
                         bool *ret_is_old, struct error *err)
{
    enum err rc;
    const char *against = hash != NULL ? hash : nobodys_hash;
    const size_t len = strlen(password);
    secret_init();
    TRY(begin(err));
    const bool is_right = crypto_pwhash_str_verify(against, password, len) == 0;
    end();
    *ret_is_right = is_right && hash != NULL && len <= PASSWORD_MAX;
    *ret_is_old = crypto_pwhash_str_needs_rehash(against, PASSES, MEMORY_BYTES) != 0;
done:
    return rc;
}
