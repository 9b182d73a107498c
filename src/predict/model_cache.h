#ifndef PREDICT_MODEL_CACHE_H
#define PREDICT_MODEL_CACHE_H

/*
 * The models that are being asked: each file is mapped once, however many threads ask it, checked
 * once, and kept for the next question while a budget of bytes allows.
 *
 *   TRY(model_cache_lease(cache, &wanted, &lease, err));
 *   … predict_recommend(model_lease_predictor(lease), …) …
 *   model_lease_end(lease);
 *
 * A model that is leased is never closed, nor changed: an answer is made of one model from its
 * first byte to its last, whatever is evicted, dropped or loaded meanwhile. Threads may call all
 * of it at once; one thread loads a model, and whoever else wants the same one waits for it.
 *
 * What is mapped is the page cache's: the system takes back pages that are not used, so the budget
 * bounds address space and what counts as resident, and not what would be lost.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct predictor; /* predict/predictor.h */
struct model_cache;
struct model_lease;

/* What tells a file from every other, and from itself before a change: inode, size, and the times
 * of its last change of content and of inode, which no program can set back. */
enum { MODEL_STAMP_SIZE = 96 };

struct wanted_model {
    int64_t model_id;
    const char *path;   /* for `open` */
    const char *sha256; /* hex, of the file as it was saved */
    int64_t size_bytes;
};

struct model_cache_spec {
    int64_t budget_bytes; /* of all files that are mapped and of what is made of them. The model
                             that was asked last stays, however large it is */
    double idle_seconds;  /* a model that nobody asked for so long is closed by model_cache_tidy */
    int32_t threads;      /* for what a model makes once */
    void *context;        /* of the functions */
    /* Open the file; the caller closes *ret_fd. ERR_NOT_FOUND (model_file_missing), … */
    enum err (*open)(void *context, const char *path, int *ret_fd, struct error *err);
    /* Whether the file of this model was verified when it bore this stamp; NULL: nobody knows. */
    bool (*was_verified)(void *context, int64_t model_id, const char *stamp);
    /* It was verified just now. NULL allowed. */
    void (*verified)(void *context, int64_t model_id, const char *stamp);
};

struct model_cache_stats {
    int32_t models; /* that are open */
    int64_t bytes;  /* mapped, and made of it */
    int64_t hits, loads, verifications, evictions, failures;
};

/* The spec is copied. ERR_NOMEM. */
MUST_CHECK enum err model_cache_create(const struct model_cache_spec *spec,
                                       struct model_cache **ret_cache, struct error *err);
/* No lease may be left. NULL is allowed. */
void model_cache_free(struct model_cache *cache);

/*
 * The model, loaded where it is not. A file that was never verified is verified now, every byte and
 * both sums, which takes about a second a GB; else it costs some milliseconds, however large it is.
 * ERR_NOT_FOUND (model_file_missing); ERR_CORRUPT: (model_file_changed) it is not the file that was
 * saved, or what model/file.h finds; ERR_DENIED, ERR_IO, ERR_NOMEM.
 */
MUST_CHECK enum err model_cache_lease(struct model_cache *cache, const struct wanted_model *wanted,
                                      struct model_lease **ret_lease, struct error *err);
/* The same where the model is open already; NULL: it is not. Never waits for a file. */
struct model_lease *model_cache_find(struct model_cache *cache, int64_t model_id);
void model_lease_end(struct model_lease *lease); /* NULL is allowed */

/* Borrowed for the lease. */
struct predictor *model_lease_predictor(const struct model_lease *lease);

/* Whether it was asked so often that arranging its items pays, and nobody has begun to. */
bool model_lease_should_arrange(const struct model_lease *lease);
/* Arrange them (predictor_arrange), which is done once at most, and only where the budget has room
 * for the model and that; it counts against the budget. ERR_NOMEM. */
MUST_CHECK enum err model_lease_arrange(struct model_lease *lease, struct error *err);

/* The model's file was removed: let go of it, at the end of its last lease at the latest. */
void model_cache_drop(struct model_cache *cache, int64_t model_id);
/* Close what was idle for too long; to be called now and then. */
void model_cache_tidy(struct model_cache *cache);

struct model_cache_stats model_cache_stats(struct model_cache *cache);

/* The stamp of an open file. ERR_IO. */
MUST_CHECK enum err model_stamp_of(int fd, char ret_stamp[MODEL_STAMP_SIZE], struct error *err);

#endif
