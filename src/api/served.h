#ifndef API_SERVED_H
#define API_SERVED_H

/*
 * From a ref ("17", "homepage@champion", "homepage:3") to a model that answers. What a ref means is
 * asked of the store at most once a second, and at once after it was changed through this server
 * (served_changed); the models themselves are kept open (predict/model_cache.h).
 *
 * When an alias moves, nobody waits: the server that moves it opens the version before
 * (served_ready), and every other one goes on answering with the version it has, said so in each
 * answer, until a thread of its own has opened the new one.
 */
#include "api/app.h"
#include "base/json_out.h"
#include "http/response.h"
#include "jobs/model_ref.h"

struct model_cache_stats; /* predict/model_cache.h */
struct model_lease;       /* the same */
struct model_record;      /* store/models.h */
struct predictor;         /* predict/predictor.h */

enum { SERVED_KIND_SIZE = 32 };

/* What an answer says of its model. */
struct served_facts {
    int64_t model_id, version;
    char name[MODEL_NAME_SIZE];
    char ref[MODEL_REF_SIZE];    /* "homepage:3" */
    char alias[MODEL_NAME_SIZE]; /* that the ref went by; "" for none */
    char model_type[SERVED_KIND_SIZE];
};

/* A model in use, whole until served_release. */
struct served_model {
    struct served_facts facts;
    struct model_lease *lease;
    struct predictor *predictor; /* borrowed from the lease */
};

/* With the store and the settings of `app`, which must outlive it. ERR_NOMEM, ERR_IO. */
MUST_CHECK enum err served_open(struct app *app, struct served **ret_served, struct error *err);
/* No model may be in use. NULL is allowed. */
void served_close(struct served *served);

/* ERR_NOT_FOUND (no_such_model): the user has none that the ref names; (model_file_missing).
 * ERR_CORRUPT: the file is not what was saved. Errors of the store. */
MUST_CHECK enum err served_find(struct app *app, int64_t user_id, const char *ref,
                                struct served_model *ret_model, struct error *err);
/* Many questions follow: make the model quick now, unless it is, or the budget has no room for
 * that. ERR_NOMEM. */
MUST_CHECK enum err served_make_quick(const struct served_model *model, struct error *err);
void served_release(struct served_model *model); /* all zero is allowed, and left */

/* {"model_id", "name", "version", "ref", "alias" or null, "model_type"} as a value. */
void served_write(struct json_out *out, const struct served_facts *facts);

/* What a handler ends with: the model's file that is gone or changed is answered with 410, and
 * ERR_OK returned; any other rc is returned as it is. */
enum err served_refuse(struct response *response, enum err rc, const struct error *err);

/* Open and verify a version, so that the first answer by it comes at once; the errors of
 * served_find. To be called before an alias is moved there. */
MUST_CHECK enum err served_ready(struct app *app, const struct model_record *model,
                                 struct error *err);
/* The user's aliases, names or versions are other ones from now on. */
void served_changed(struct app *app, int64_t user_id);
/* The model's file was removed. */
void served_drop(struct app *app, int64_t model_id);
/* The model's file was verified in full just now, by somebody else: an import. Errors of the store
 * and of the file. */
MUST_CHECK enum err served_verified(struct app *app, const struct model_record *model,
                                    struct error *err);

/* Counters of the models that are kept open (predict/model_cache.h). */
struct model_cache_stats served_stats(const struct app *app);

#endif
