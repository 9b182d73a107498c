#include "api/served.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api/model_files.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "base/turn.h"
#include "predict/model_cache.h"
#include "store/model_checks.h"
#include "store/registry.h"

enum { SETS = 128, WAYS = 4, PATH_MAX_BYTES = 512, SHA_SIZE = 65, QUEUE_MAX = 16 };
static const double TRUST_SECONDS = 1, IDLE_SECONDS = 900, TIDY_SECONDS = 60;

/* A model as the store tells of it. */
struct target {
    struct served_facts facts;
    char path[PATH_MAX_BYTES], sha256[SHA_SIZE];
    int64_t size_bytes;
};

/* What a user's ref means, and which model answered for it last. */
struct meaning {
    int64_t user_id; /* 0: empty */
    char ref[MODEL_REF_SIZE];
    double until; /* clock_seconds; the store is asked after it */
    struct target target;
    struct served_facts last;
};

struct served {
    struct app *app;
    struct model_cache *cache;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t generation; /* of what refs mean */
    struct meaning meanings[SETS][WAYS];
    struct meaning *queue[QUEUE_MAX]; /* owned: to be opened by the thread */
    int32_t queued;
    bool stop, is_running;
    pthread_t thread;
};

/* ---- the cache's questions ---- */

static enum err open_file(void *context, const char *path, int *ret_fd, struct error *err)
{
    const struct app *app = context;
    return saved_file_open(app->config, SAVED_MODEL, path, ret_fd, err);
}

static bool was_verified(void *context, int64_t model_id, const char *stamp)
{
    const struct app *app = context;
    struct error ignored;
    bool found = false;
    return model_check_find(app->store, model_id, stamp, &found, &ignored) == ERR_OK && found;
}

/* That it could not be kept costs another verification, and nothing else. */
static void keep_verified(void *context, int64_t model_id, const char *stamp)
{
    const struct app *app = context;
    struct error err;
    if (model_check_keep(app->store, model_id, stamp, &err) != ERR_OK)
        log_failure(LOG_WARNING, "model_check_lost", &err, "model_id=%" PRId64, model_id);
}

static struct wanted_model wanted_of(const struct target *target)
{
    return (struct wanted_model){.model_id = target->facts.model_id,
                                 .path = target->path,
                                 .sha256 = target->sha256,
                                 .size_bytes = target->size_bytes};
}

/* ---- what refs mean; with the lock held ---- */

static struct meaning *set_of(struct served *served, int64_t user_id, const char *ref)
{
    const uint64_t sum = (text_hash_string(ref) ^ (uint64_t)user_id) * 0x9E3779B97F4A7C15u;
    return served->meanings[(sum >> 32) % SETS];
}

static struct meaning *find_meaning(struct served *served, int64_t user_id, const char *ref)
{
    struct meaning *set = set_of(served, user_id, ref);
    for (int i = 0; i < WAYS; i++)
        if (set[i].user_id == user_id && strcmp(set[i].ref, ref) == 0)
            return &set[i];
    return NULL;
}

/* The ref's place, or that of the one which was asked for least lately. */
static struct meaning *take_meaning(struct served *served, int64_t user_id, const char *ref)
{
    struct meaning *found = find_meaning(served, user_id, ref);
    if (found != NULL)
        return found;
    struct meaning *set = set_of(served, user_id, ref);
    found = set;
    for (int i = 1; i < WAYS; i++)
        if (set[i].until < found->until)
            found = &set[i];
    *found = (struct meaning){.user_id = user_id};
    snprintf(found->ref, sizeof(found->ref), "%s", ref);
    return found;
}

/* ---- the thread that opens what others need not wait for ---- */

static void load_aside(struct served *served, struct meaning *wanted)
{
    struct error err;
    struct model_lease *lease = NULL;
    const struct wanted_model model = wanted_of(&wanted->target);
    enum err rc = model_cache_lease(served->cache, &model, &lease, &err);
    if (rc == ERR_OK)
        rc = model_lease_arrange(lease, &err);
    model_lease_end(lease);
    if (rc != ERR_OK) {
        log_failure(LOG_WARNING, "model_not_opened", &err, "model_id=%" PRId64, model.model_id);
        /* Whoever asks next is told why. */
        pthread_mutex_lock(&served->lock);
        struct meaning *known = find_meaning(served, wanted->user_id, wanted->ref);
        if (known != NULL)
            known->last = (struct served_facts){0};
        pthread_mutex_unlock(&served->lock);
    }
    mem_free(wanted);
}

static void wait_seconds(struct served *served, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)seconds;
    pthread_cond_timedwait(&served->changed, &served->lock, &until);
}

static void *work(void *context)
{
    struct served *served = context;
    double next_tidy = clock_seconds() + TIDY_SECONDS;
    pthread_mutex_lock(&served->lock);
    while (!served->stop) {
        struct meaning *wanted = NULL;
        if (served->queued > 0)
            wanted = served->queue[--served->queued];
        else
            wait_seconds(served, TIDY_SECONDS);
        const bool is_due = clock_seconds() >= next_tidy;
        pthread_mutex_unlock(&served->lock);
        if (wanted != NULL)
            load_aside(served, wanted);
        if (is_due) {
            model_cache_tidy(served->cache);
            next_tidy = clock_seconds() + TIDY_SECONDS;
        }
        pthread_mutex_lock(&served->lock);
    }
    pthread_mutex_unlock(&served->lock);
    return NULL;
}

/* With the lock held. */
static bool is_aside(const struct served *served, int64_t model_id)
{
    for (int32_t i = 0; i < served->queued; i++)
        if (served->queue[i]->target.facts.model_id == model_id)
            return true;
    return false;
}

/* Let the thread open and arrange it. False: it cannot be. */
static bool put_aside(struct served *served, const struct meaning *wanted)
{
    struct error ignored;
    struct meaning *copy = NULL;
    pthread_mutex_lock(&served->lock);
    bool will_be = is_aside(served, wanted->target.facts.model_id);
    if (!will_be && served->queued < QUEUE_MAX)
        copy = mem_dup(wanted, sizeof(*wanted), &ignored);
    if (copy != NULL) {
        served->queue[served->queued++] = copy;
        pthread_cond_signal(&served->changed);
        will_be = true;
    }
    pthread_mutex_unlock(&served->lock);
    return will_be;
}

/* ---- life ---- */

enum err served_open(struct app *app, struct served **ret_served, struct error *err)
{
    enum err rc;
    struct served *served;
    const struct model_cache_spec spec = {
        .budget_bytes = config_int(app->config, "MODEL_CACHE_BYTES"),
        .idle_seconds = IDLE_SECONDS,
        .threads = parallel_processors(),
        .context = app,
        .open = open_file,
        .was_verified = was_verified,
        .verified = keep_verified,
    };
    TRY_PTR(served = mem_array(1, sizeof(*served), err));
    served->app = app;
    pthread_mutex_init(&served->lock, NULL);
    pthread_cond_init(&served->changed, NULL);
    rc = model_cache_create(&spec, &served->cache, err);
    if (rc == ERR_OK && pthread_create(&served->thread, NULL, work, served) != 0)
        rc = FAIL(err, ERR_IO, "the thread that opens models cannot be started: %m");
    served->is_running = rc == ERR_OK;
    if (rc == ERR_OK)
        *ret_served = served;
    else
        served_close(served);
done:
    return rc;
}

void served_close(struct served *served)
{
    if (served == NULL)
        return;
    pthread_mutex_lock(&served->lock);
    served->stop = true;
    pthread_cond_signal(&served->changed);
    pthread_mutex_unlock(&served->lock);
    if (served->is_running)
        pthread_join(served->thread, NULL);
    while (served->queued > 0)
        mem_free(served->queue[--served->queued]);
    model_cache_free(served->cache);
    pthread_cond_destroy(&served->changed);
    pthread_mutex_destroy(&served->lock);
    mem_free(served);
}

/* ---- finding ---- */

static enum err target_of(const struct model_record *record, struct target *ret_target,
                          struct error *err)
{
    struct target target = {.size_bytes = record->size_bytes};
    struct served_facts *facts = &target.facts;
    if (strlen(record->path) >= sizeof(target.path))
        return FAIL(err, ERR_CORRUPT, "the path of model %" PRId64 " is too long",
                    record->model_id);
    snprintf(target.path, sizeof(target.path), "%s", record->path);
    snprintf(target.sha256, sizeof(target.sha256), "%s", record->sha256);
    facts->model_id = record->model_id;
    facts->version = record->version;
    snprintf(facts->name, sizeof(facts->name), "%s", record->name);
    model_ref_of(record->name, record->version, facts->ref);
    snprintf(facts->alias, sizeof(facts->alias), "%s", record->alias != NULL ? record->alias : "");
    snprintf(facts->model_type, sizeof(facts->model_type), "%s", record->model_type);
    *ret_target = target;
    return ERR_OK;
}

/* Ask the store, and remember what it says unless that has changed meanwhile. */
static enum err resolve(struct served *served, int64_t user_id, const char *ref,
                        struct meaning *ret_meaning, struct error *err)
{
    enum err rc;
    struct target target;
    struct model_record *record = NULL;
    pthread_mutex_lock(&served->lock);
    const uint64_t generation = served->generation;
    pthread_mutex_unlock(&served->lock);
    TRY(registry_resolve(served->app->store, user_id, ref, &record, err));
    TRY(target_of(record, &target, err));
    pthread_mutex_lock(&served->lock);
    struct meaning *meaning = take_meaning(served, user_id, ref);
    meaning->target = target;
    meaning->until = generation == served->generation ? clock_seconds() + TRUST_SECONDS : 0;
    *ret_meaning = *meaning;
    pthread_mutex_unlock(&served->lock);
done:
    mem_free(record);
    return rc;
}

/* What is known of the ref already; false: the store must be asked. */
static bool recall(struct served *served, int64_t user_id, const char *ref,
                   struct meaning *ret_meaning)
{
    pthread_mutex_lock(&served->lock);
    const struct meaning *known = find_meaning(served, user_id, ref);
    const bool holds = known != NULL && known->until > clock_seconds();
    if (holds)
        *ret_meaning = *known;
    pthread_mutex_unlock(&served->lock);
    return holds;
}

/* The model that answered last, where the one that is meant now is not open yet. */
static struct model_lease *lease_last(struct served *served, const struct meaning *meaning)
{
    if (meaning->last.model_id == 0 || meaning->last.model_id == meaning->target.facts.model_id)
        return NULL;
    struct model_lease *lease = model_cache_find(served->cache, meaning->last.model_id);
    if (lease == NULL)
        return NULL;
    if (put_aside(served, meaning))
        return lease;
    model_lease_end(lease);
    return NULL;
}

static void remember_last(struct served *served, const struct meaning *meaning)
{
    if (meaning->last.model_id == meaning->target.facts.model_id)
        return;
    pthread_mutex_lock(&served->lock);
    struct meaning *known = find_meaning(served, meaning->user_id, meaning->ref);
    if (known != NULL)
        known->last = meaning->target.facts;
    pthread_mutex_unlock(&served->lock);
}

static enum err lease_meaning(struct served *served, const struct meaning *meaning,
                              struct served_model *ret_model, struct error *err)
{
    enum err rc = ERR_OK;
    const struct wanted_model wanted = wanted_of(&meaning->target);
    struct served_model model = {.facts = meaning->target.facts};
    model.lease = model_cache_find(served->cache, wanted.model_id);
    if (model.lease == NULL && (model.lease = lease_last(served, meaning)) != NULL)
        model.facts = meaning->last;
    if (model.lease == NULL)
        TRY(model_cache_lease(served->cache, &wanted, &model.lease, err));
    if (model.facts.model_id == wanted.model_id) {
        remember_last(served, meaning);
        if (model_lease_should_arrange(model.lease))
            (void)put_aside(served, meaning);
    }
    model.predictor = model_lease_predictor(model.lease);
    *ret_model = model;
done:
    return rc;
}

enum err served_find(struct app *app, int64_t user_id, const char *ref,
                     struct served_model *ret_model, struct error *err)
{
    enum err rc;
    struct meaning meaning;
    struct served *served = app->served;
    if (strlen(ref) >= MODEL_REF_SIZE)
        return FAIL_REASON(err, ERR_NOT_FOUND, "no_such_model", "there is no model %.100s…", ref);
    const bool is_recalled = recall(served, user_id, ref, &meaning);
    if (!is_recalled)
        TRY(resolve(served, user_id, ref, &meaning, err));
    rc = lease_meaning(served, &meaning, ret_model, err);
    if (rc != ERR_OK && is_recalled) { /* another server may have removed it meanwhile */
        TRY(resolve(served, user_id, ref, &meaning, err));
        rc = lease_meaning(served, &meaning, ret_model, err);
    }
done:
    return rc;
}

enum err served_make_quick(const struct served_model *model, struct error *err)
{
    turn_pause();
    const enum err rc = model_lease_arrange(model->lease, err);
    turn_resume();
    return rc;
}

void served_release(struct served_model *model)
{
    model_lease_end(model->lease);
    *model = (struct served_model){0};
}

/* ---- telling ---- */

void served_write(struct json_out *out, const struct served_facts *facts)
{
    json_out_open(out, '{');
    json_member_int(out, "model_id", facts->model_id);
    json_member_text(out, "name", facts->name);
    json_member_int(out, "version", facts->version);
    json_member_text(out, "ref", facts->ref);
    json_member_text(out, "alias", facts->alias[0] != '\0' ? facts->alias : NULL);
    json_member_text(out, "model_type", facts->model_type);
    json_out_close(out, '}');
}

enum err served_refuse(struct response *response, enum err rc, const struct error *err)
{
    if (rc == ERR_NOT_FOUND && strcmp(err->reason, "model_file_missing") == 0)
        response_problem(response, 410, "model_file_missing",
                         "%s: somebody removed it, or MODEL_DIR is another directory than the "
                         "worker's",
                         err->message);
    else if (rc == ERR_CORRUPT)
        response_problem(response, 410, "model_file_changed", "%s", err->message);
    else
        return rc;
    return ERR_OK;
}

/* ---- being told ---- */

enum err served_ready(struct app *app, const struct model_record *model, struct error *err)
{
    enum err rc;
    struct meaning meaning = {0};
    struct model_lease *lease = NULL;
    TRY(target_of(model, &meaning.target, err));
    const struct wanted_model wanted = wanted_of(&meaning.target);
    TRY(model_cache_lease(app->served->cache, &wanted, &lease, err));
    model_lease_end(lease);
    (void)put_aside(app->served, &meaning); /* it will be asked often: let it be quick soon */
done:
    return rc;
}

void served_changed(struct app *app, int64_t user_id)
{
    struct served *served = app->served;
    pthread_mutex_lock(&served->lock);
    served->generation++;
    for (int s = 0; s < SETS; s++)
        for (int i = 0; i < WAYS; i++)
            if (served->meanings[s][i].user_id == user_id)
                served->meanings[s][i].until = 0;
    pthread_mutex_unlock(&served->lock);
}

void served_drop(struct app *app, int64_t model_id)
{
    model_cache_drop(app->served->cache, model_id);
}

enum err served_verified(struct app *app, const struct model_record *model, struct error *err)
{
    enum err rc;
    int fd = -1;
    char stamp[MODEL_STAMP_SIZE];
    TRY(saved_file_open(app->config, SAVED_MODEL, model->path, &fd, err));
    TRY(model_stamp_of(fd, stamp, err));
    TRY(model_check_keep(app->store, model->model_id, stamp, err));
done:
    if (fd >= 0)
        close(fd);
    return rc;
}

struct model_cache_stats served_stats(const struct app *app)
{
    return model_cache_stats(app->served->cache);
}
