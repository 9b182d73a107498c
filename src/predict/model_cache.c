#include "predict/model_cache.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/turn.h"
#include "predict/predictor.h"

/* A model of the cache, which is also its lease: each one that was given out counts as a user. */
struct model_lease {
    struct model_cache *cache;
    struct model_lease *next;
    int64_t model_id;
    bool is_loading;  /* the thread that opens it works without the lock */
    bool is_dropped;  /* in no list any more: closed with its last user */
    bool is_arranged; /* or it was begun, or the budget has no room for it */
    int32_t users, asked;
    double used_at; /* clock_seconds */
    struct model_file *file;
    struct predictor *predictor;
    int64_t bytes;
};

/* A file that was found to be no proper one: not looked at again until it changes. */
struct refused_file {
    int64_t model_id; /* 0: none */
    char stamp[MODEL_STAMP_SIZE];
    struct error why;
};

enum { REFUSED_MAX = 8, ASKED_OFTEN = 50 };

struct model_cache {
    struct model_cache_spec spec;
    pthread_mutex_t lock;
    pthread_cond_t loaded;       /* some model is not loading any more */
    struct model_lease *entries; /* few: a list is as quick as any table */
    struct refused_file refused[REFUSED_MAX];
    int32_t next_refused;
    struct model_cache_stats stats;
};

enum err model_cache_create(const struct model_cache_spec *spec, struct model_cache **ret_cache,
                            struct error *err)
{
    struct model_cache *cache = mem_array(1, sizeof(*cache), err);
    if (cache == NULL)
        return ERR_NOMEM;
    cache->spec = *spec;
    pthread_mutex_init(&cache->lock, NULL);
    pthread_cond_init(&cache->loaded, NULL);
    *ret_cache = cache;
    return ERR_OK;
}

static void entry_close(struct model_lease *entry)
{
    predictor_free(entry->predictor);
    model_file_close(entry->file);
    mem_free(entry);
}

void model_cache_free(struct model_cache *cache)
{
    if (cache == NULL)
        return;
    for (struct model_lease *entry = cache->entries, *next; entry != NULL; entry = next) {
        assert(entry->users == 0);
        next = entry->next;
        entry_close(entry);
    }
    pthread_cond_destroy(&cache->loaded);
    pthread_mutex_destroy(&cache->lock);
    mem_free(cache);
}

/* ---- what is kept; all with the lock held ---- */

static struct model_lease *find(const struct model_cache *cache, int64_t model_id)
{
    struct model_lease *entry = cache->entries;
    while (entry != NULL && entry->model_id != model_id)
        entry = entry->next;
    return entry;
}

static void use(struct model_cache *cache, struct model_lease *entry)
{
    entry->users++;
    entry->used_at = clock_seconds();
    entry->asked += entry->asked < ASKED_OFTEN;
    cache->stats.hits++;
}

static void take_out(struct model_cache *cache, struct model_lease *entry)
{
    struct model_lease **at = &cache->entries;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    entry->next = NULL;
    entry->is_dropped = true;
    if (!entry->is_loading) {
        cache->stats.models--;
        cache->stats.bytes -= entry->bytes;
    }
}

/* The one that was not used for longest of those that nobody uses, but never the one used last;
 * NULL: there is none. */
static struct model_lease *find_oldest(const struct model_cache *cache)
{
    struct model_lease *oldest = NULL;
    double newest = 0;
    for (struct model_lease *entry = cache->entries; entry != NULL; entry = entry->next) {
        if (entry->used_at > newest)
            newest = entry->used_at;
        if (entry->users == 0 && (oldest == NULL || entry->used_at < oldest->used_at))
            oldest = entry;
    }
    return oldest != NULL && oldest->used_at < newest ? oldest : NULL;
}

/* Take out what is beyond the budget; the list of them is closed by the caller, without the lock:
 * giving a large mapping back takes milliseconds. */
static struct model_lease *evict(struct model_cache *cache)
{
    struct model_lease *evicted = NULL, *oldest;
    while (cache->stats.bytes > cache->spec.budget_bytes && (oldest = find_oldest(cache)) != NULL) {
        take_out(cache, oldest);
        cache->stats.evictions++;
        oldest->next = evicted;
        evicted = oldest;
    }
    return evicted;
}

static void close_list(struct model_lease *entry)
{
    for (struct model_lease *next; entry != NULL; entry = next) {
        next = entry->next;
        entry_close(entry);
    }
}

/* ---- loading ---- */

enum err model_stamp_of(int fd, char ret_stamp[MODEL_STAMP_SIZE], struct error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return FAIL(err, ERR_IO, "a model's file cannot be looked at: %m");
    snprintf(ret_stamp, MODEL_STAMP_SIZE, "%ju:%jd:%jd.%09ld:%jd.%09ld", (uintmax_t)info.st_ino,
             (intmax_t)info.st_size, (intmax_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
             (intmax_t)info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
    return ERR_OK;
}

static enum err check_size(int fd, const struct wanted_model *wanted, const char *name,
                           struct error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return FAIL(err, ERR_IO, "%s cannot be looked at: %m", name);
    if (info.st_size != wanted->size_bytes)
        return FAIL_REASON(err, ERR_CORRUPT, "model_file_changed",
                           "%s has %jd bytes, but the model had %" PRId64 " when it was saved",
                           name, (intmax_t)info.st_size, wanted->size_bytes);
    return ERR_OK;
}

static enum err check_refused(struct model_cache *cache, int64_t model_id, const char *stamp,
                              struct error *err)
{
    enum err rc = ERR_OK;
    pthread_mutex_lock(&cache->lock);
    for (int32_t i = 0; i < REFUSED_MAX && rc == ERR_OK; i++) {
        const struct refused_file *file = &cache->refused[i];
        if (file->model_id == model_id && strcmp(file->stamp, stamp) == 0) {
            *err = file->why;
            rc = file->why.code;
        }
    }
    pthread_mutex_unlock(&cache->lock);
    return rc;
}

static void refuse(struct model_cache *cache, int64_t model_id, const char *stamp,
                   const struct error *why)
{
    pthread_mutex_lock(&cache->lock);
    struct refused_file *file = &cache->refused[cache->next_refused];
    cache->next_refused = (cache->next_refused + 1) % REFUSED_MAX;
    file->model_id = model_id;
    memcpy(file->stamp, stamp, MODEL_STAMP_SIZE);
    file->why = *why;
    pthread_mutex_unlock(&cache->lock);
}

/* Open and check the file; without the lock. */
static enum err load(struct model_cache *cache, const struct wanted_model *wanted,
                     struct model_lease *entry, bool *ret_verified, struct error *err)
{
    enum err rc;
    int fd = -1;
    char stamp[MODEL_STAMP_SIZE];
    const struct model_cache_spec *spec = &cache->spec;
    const char *slash = strrchr(wanted->path, '/');
    const char *name = slash != NULL ? slash + 1 : wanted->path;
    struct model_file_look look = {.checks = MODEL_FILE_VERIFIED, .sha256 = wanted->sha256};

    TRY(spec->open(spec->context, wanted->path, &fd, err));
    TRY(check_size(fd, wanted, name, err));
    TRY(model_stamp_of(fd, stamp, err));
    TRY(check_refused(cache, wanted->model_id, stamp, err));
    if (spec->was_verified != NULL && spec->was_verified(spec->context, wanted->model_id, stamp))
        look.checks = MODEL_FILE_UNCHANGED;
    rc = model_file_open_fd(fd, name, &look, &entry->file, err);
    if (rc == ERR_CORRUPT)
        refuse(cache, wanted->model_id, stamp, err);
    TRY(rc);
    TRY(predictor_create(model_file_record(entry->file), spec->threads, &entry->predictor, err));
    entry->bytes = model_file_bytes(entry->file);
    *ret_verified = look.checks == MODEL_FILE_VERIFIED;
    if (*ret_verified && spec->verified != NULL)
        spec->verified(spec->context, wanted->model_id, stamp);
done:
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Load what the list has no entry of; called with the lock, which is held again at the end. */
static enum err add(struct model_cache *cache, const struct wanted_model *wanted,
                    struct model_lease **ret_lease, struct error *err)
{
    bool was_verified = false;
    struct model_lease *entry = mem_array(1, sizeof(*entry), err);
    if (entry == NULL)
        return ERR_NOMEM;
    *entry = (struct model_lease){.cache = cache,
                                  .next = cache->entries,
                                  .model_id = wanted->model_id,
                                  .is_loading = true,
                                  .users = 1};
    cache->entries = entry;
    pthread_mutex_unlock(&cache->lock);
    turn_pause(); /* up to seconds, of a file that was never verified */
    const enum err rc = load(cache, wanted, entry, &was_verified, err);
    turn_resume();
    pthread_mutex_lock(&cache->lock);
    pthread_cond_broadcast(&cache->loaded);
    if (rc != ERR_OK) {
        if (!entry->is_dropped)
            take_out(cache, entry);
        cache->stats.failures++;
        pthread_mutex_unlock(&cache->lock);
        entry_close(entry);
        pthread_mutex_lock(&cache->lock);
        return rc;
    }
    entry->is_loading = false;
    entry->used_at = clock_seconds();
    cache->stats.loads++;
    cache->stats.verifications += was_verified;
    if (!entry->is_dropped) {
        cache->stats.models++;
        cache->stats.bytes += entry->bytes;
    }
    *ret_lease = entry;
    return ERR_OK;
}

enum err model_cache_lease(struct model_cache *cache, const struct wanted_model *wanted,
                           struct model_lease **ret_lease, struct error *err)
{
    enum err rc = ERR_OK;
    struct model_lease *entry, *evicted = NULL;
    pthread_mutex_lock(&cache->lock);
    while ((entry = find(cache, wanted->model_id)) != NULL && entry->is_loading) {
        turn_pause();
        pthread_cond_wait(&cache->loaded, &cache->lock);
        turn_resume();
    }
    if (entry != NULL) {
        use(cache, entry);
        *ret_lease = entry;
    } else {
        rc = add(cache, wanted, ret_lease, err);
        evicted = evict(cache);
    }
    pthread_mutex_unlock(&cache->lock);
    close_list(evicted);
    return rc;
}

struct model_lease *model_cache_find(struct model_cache *cache, int64_t model_id)
{
    pthread_mutex_lock(&cache->lock);
    struct model_lease *entry = find(cache, model_id);
    if (entry != NULL && entry->is_loading)
        entry = NULL;
    if (entry != NULL)
        use(cache, entry);
    pthread_mutex_unlock(&cache->lock);
    return entry;
}

void model_lease_end(struct model_lease *lease)
{
    if (lease == NULL)
        return;
    struct model_cache *cache = lease->cache;
    struct model_lease *evicted = NULL;
    pthread_mutex_lock(&cache->lock);
    lease->users--;
    const bool is_last = lease->is_dropped && lease->users == 0;
    if (!is_last && lease->users == 0)
        evicted = evict(cache);
    pthread_mutex_unlock(&cache->lock);
    if (is_last)
        entry_close(lease);
    close_list(evicted);
}

struct predictor *model_lease_predictor(const struct model_lease *lease)
{
    return lease->predictor;
}

/* ---- making it quicker ---- */

bool model_lease_should_arrange(const struct model_lease *lease)
{
    struct model_cache *cache = lease->cache;
    pthread_mutex_lock(&cache->lock);
    const bool should = !lease->is_arranged && lease->asked >= ASKED_OFTEN;
    pthread_mutex_unlock(&cache->lock);
    return should;
}

enum err model_lease_arrange(struct model_lease *lease, struct error *err)
{
    struct model_cache *cache = lease->cache;
    const int64_t wanted = lease->bytes + predictor_arranged_bytes(lease->predictor);
    pthread_mutex_lock(&cache->lock);
    const bool is_mine = !lease->is_arranged && wanted <= cache->spec.budget_bytes;
    lease->is_arranged = true;
    pthread_mutex_unlock(&cache->lock);
    if (!is_mine)
        return ERR_OK;
    const enum err rc = predictor_arrange(lease->predictor, err);
    if (rc != ERR_OK || !predictor_is_arranged(lease->predictor))
        return rc;
    const int64_t more = predictor_arranged_bytes(lease->predictor);
    pthread_mutex_lock(&cache->lock);
    lease->bytes += more;
    if (!lease->is_dropped)
        cache->stats.bytes += more;
    struct model_lease *evicted = evict(cache);
    pthread_mutex_unlock(&cache->lock);
    close_list(evicted);
    return ERR_OK;
}

/* ---- letting go ---- */

void model_cache_drop(struct model_cache *cache, int64_t model_id)
{
    pthread_mutex_lock(&cache->lock);
    struct model_lease *entry = find(cache, model_id);
    if (entry != NULL)
        take_out(cache, entry);
    const bool is_unused = entry != NULL && entry->users == 0;
    /* Who waits for it to be loaded looks for it again. */
    pthread_cond_broadcast(&cache->loaded);
    pthread_mutex_unlock(&cache->lock);
    if (is_unused)
        entry_close(entry);
}

void model_cache_tidy(struct model_cache *cache)
{
    struct model_lease *idle = NULL;
    const double before = clock_seconds() - cache->spec.idle_seconds;
    pthread_mutex_lock(&cache->lock);
    for (struct model_lease *entry = cache->entries, *next; entry != NULL; entry = next) {
        next = entry->next;
        if (entry->users > 0 || entry->used_at >= before)
            continue;
        take_out(cache, entry);
        cache->stats.evictions++;
        entry->next = idle;
        idle = entry;
    }
    pthread_mutex_unlock(&cache->lock);
    close_list(idle);
}

struct model_cache_stats model_cache_stats(struct model_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    const struct model_cache_stats stats = cache->stats;
    pthread_mutex_unlock(&cache->lock);
    return stats;
}
