#include "api/password.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/secret.h"
#include "base/parallel.h"
#include "base/turn.h"

enum { PASSES = 2, MEMORY_BYTES = 19456 * 1024, NICENESS = 5, STACK_BYTES = 256 << 10 };

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

/* One hash, made or compared. */
struct work {
    const char *password, *against; /* NULL: to be made */
    char made[crypto_pwhash_STRBYTES];
    bool is_well; /* made, or equal */
};

static void *compute(void *context)
{
    struct work *work = context;
    const size_t len = strlen(work->password);
    work->is_well =
        (work->against != NULL
             ? crypto_pwhash_str_verify(work->against, work->password, len)
             : crypto_pwhash_str(work->made, work->password, len, PASSES, MEMORY_BYTES)) == 0;
    return NULL;
}

static void *compute_behind_others(void *context)
{
    /* Of this thread alone, which Linux lets us do; raising it again would take a right. */
    (void)!setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    return compute(context);
}

/* In a thread of its own, so that whoever wants a page is served first. */
static enum err run(struct work *work, struct error *err)
{
    enum err rc;
    pthread_t thread;
    pthread_attr_t attributes;
    TRY(begin(err));
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (pthread_create(&thread, &attributes, compute_behind_others, work) == 0)
        pthread_join(thread, NULL);
    else
        compute(work);
    pthread_attr_destroy(&attributes);
    end();
done:
    return rc;
}

enum err password_hash(const char *password, char ret_hash[PASSWORD_HASH_SIZE], struct error *err)
{
    enum err rc;
    struct work work = {.password = password};
    _Static_assert(sizeof(work.made) <= PASSWORD_HASH_SIZE, "a hash must fit");
    secret_init();
    TRY(run(&work, err));
    if (!work.is_well)
        return FAIL(err, ERR_NOMEM, "out of memory for the hash of a password");
    memcpy(ret_hash, work.made, sizeof(work.made));
done:
    return rc;
}

enum err password_verify(const char *password, const char *hash, bool *ret_is_right,
                         bool *ret_is_old, struct error *err)
{
    enum err rc;
    struct work work = {.password = password, .against = hash != NULL ? hash : nobodys_hash};
    secret_init();
    TRY(run(&work, err));
    *ret_is_right = work.is_well && hash != NULL && strlen(password) <= PASSWORD_MAX;
    *ret_is_old = crypto_pwhash_str_needs_rehash(work.against, PASSES, MEMORY_BYTES) != 0;
done:
    return rc;
}
