#ifndef STORE_MODELS_H
#define STORE_MODELS_H

/*
 * Models: one row each, a version of a name (store/registry.h), written with the end of the job
 * that made it (job_finish) or with an import (model_import). The store keeps the path, the size
 * and the checksum; the file itself is the caller's.
 */
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

enum { MODEL_NOTE_MAX = 4000, MODEL_TAGS_MAX = 16, MODEL_TAG_MAX = 63 /* bytes each */ };

struct model_record {
    int64_t model_id, job_id, user_id;
    const char *model_type, *path, *sha256; /* hex */
    int64_t size_bytes, created_ms;
    const char *job_name, *metrics_json, *run_json; /* of its job; the name may be NULL */
    const char *params_json, *popular_metrics_json; /* of its job; the latter may be NULL */
    const char *name;                               /* of the registry */
    int64_t version;
    const char *note;            /* "" where there is none */
    const char *source;          /* "training" or "import" */
    const char *program_version; /* that trained it; NULL: not known */
    const char *aliases, *tags;  /* with commas, in order; NULL: none */
    const char *alias;           /* that registry_resolve went by; NULL: none */
};
struct model_list {
    struct model_record **models;
    int32_t count;
};

/* A record that the caller frees with mem_free. ERR_NOT_FOUND (no_such_model). */
MUST_CHECK enum err model_read(struct store *store, int64_t user_id, int64_t model_id,
                               struct model_record **ret_model, struct error *err);
MUST_CHECK enum err model_of_job(struct store *store, int64_t user_id, int64_t job_id,
                                 struct model_record **ret_model, struct error *err);

struct model_query {
    int64_t user_id;
    const char *name, *tag; /* only those; NULL: all */
    int64_t before_id;      /* the last of the page before; 0: from the newest */
    int32_t limit;          /* 1 to STORE_LIST_MAX */
};
/* The newest first. */
MUST_CHECK enum err model_list(struct store *store, const struct model_query *query,
                               struct model_list *ret_list, struct error *err);
void model_list_release(struct model_list *list);
/* Every model of the query, the newest first, past the ends of pages: `limit` is how many are read
 * and held at once. `model` is borrowed for the call, which may remove it. The first failure of
 * `visit` ends the walk and is returned. A read of the store for each page. */
MUST_CHECK enum err model_each(struct store *store, const struct model_query *query,
                               enum err (*visit)(void *context, const struct model_record *model,
                                                 struct error *err),
                               void *context, struct error *err);

/* A model that was trained elsewhere, its file checked in full (worker/check.h). */
struct model_import {
    int64_t user_id;
    const char *name;      /* of the registry; NULL: the type's */
    const char *note;      /* NULL: none */
    const char *file_name; /* that its user called it; NULL: not known */
    const char *model_type, *params_json, *run_json, *metrics_json, *result_json;
    const char *sha256, *program_version; /* the latter NULL: not known */
    int64_t size_bytes;
    int64_t models_max, model_bytes_max; /* that the user may keep; 0: any */
    /* Give the file its final name, which carries the job's number: *ret_path, borrowed from the
     * context. Called within the transaction, whose failure after that the caller has to undo. */
    enum err (*place)(void *context, int64_t job_id, const char **ret_path, struct error *err);
    void *context;
};
/* Record it, with a job of the task "import" that has ended. ERR_CONFLICT (too_many_models,
 * model_space_full); ERR_INVALID (fields); errors of `place`. */
MUST_CHECK enum err model_import(struct store *store, const struct model_import *import,
                                 int64_t *ret_model_id, struct error *err);

struct model_edit {
    const char *name;        /* NULL: as it is; another one gives its next version there */
    const char *note;        /* NULL: as it is */
    const char *const *tags; /* [tag_count], in the place of those that there are; NULL: as is */
    int32_t tag_count;
};
/* Change what people say of a model. ERR_NOT_FOUND (no_such_model); ERR_INVALID (fields): a name or
 * a tag that may not be one, or what is too long; ERR_CONFLICT (model_has_alias): it cannot get
 * another name while an alias points at it. */
MUST_CHECK enum err model_edit(struct store *store, int64_t user_id, int64_t model_id,
                               const struct model_edit *edit, struct error *err);

/* Remove the row; the caller unlinks the file after. The job stays, its model_path null; that of an
 * import goes too.
 * ERR_NOT_FOUND (no_such_model); ERR_CONFLICT (model_has_alias). */
MUST_CHECK enum err model_remove(struct store *store, int64_t user_id, int64_t model_id,
                                 struct error *err);

/* What may be done with a file of the model directory whose name carries this job's id. */
enum model_file_fate {
    MODEL_FILE_NAMED,   /* a row names it, or the job is still under way: keep it */
    MODEL_FILE_ORPHAN,  /* its job is known and ended, and no row names it: remove it */
    MODEL_FILE_FOREIGN, /* no such job in this store: leave it alone */
};
MUST_CHECK enum err model_file_fate(struct store *store, int64_t job_id, const char *path,
                                    enum model_file_fate *ret_fate, struct error *err);

#endif
