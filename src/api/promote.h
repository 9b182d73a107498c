#ifndef API_PROMOTE_H
#define API_PROMOTE_H

/*
 * Moving an alias, whoever asks: the API, a page without scripts, or the command line. The alias
 * "champion" is guarded where the name's gate is on: the version must beat the champion and popular
 * (api/verdict.h), or somebody must say why it is moved anyway.
 */
#include "api/verdict.h"
#include "store/registry.h"

struct promotion {
    const struct config *config;
    struct store *store;
    int64_t user_id;
    const char *by; /* who: an address */
    const char *name, *alias;
    int64_t version, model_id; /* one of them; the other 0 */
    const char *reason;        /* NULL: none */
    bool override;             /* move it whatever the verdict is; needs a reason */
    /* Called with the version before anything is changed (NULL: nobody); its error ends it all. */
    enum err (*ready)(void *context, const struct model_record *model, struct error *err);
    void *context;
};

enum promotion_outcome {
    PROMOTED,
    PROMOTION_REFUSED, /* by the gate; nothing was changed */
    PROMOTION_BLIND,   /* the gate would refuse it, and it is to be overridden without a reason */
};

struct promotion_result {
    enum promotion_outcome outcome;
    struct verdict verdict;  /* where it was not PROMOTED */
    struct alias_move *move; /* where it was; the caller's (mem_free) */
};

/* Move the alias. ERR_NOT_FOUND (no_such_name, no_such_model), ERR_INVALID (fields), ERR_CONFLICT
 * (too_many_aliases; alias_moved: by others, again and again). */
MUST_CHECK enum err promote(const struct promotion *promotion, struct promotion_result *ret_result,
                            struct error *err);

/* The verdict on a model against what `against` refers to (NULL: the champion of its name, if there
 * is one), with the margin of its name. ERR_NOT_FOUND (no_such_model). */
MUST_CHECK enum err promotion_verdict(const struct config *config, struct store *store,
                                      const struct model_record *candidate, const char *against,
                                      struct verdict *ret_verdict, struct error *err);

#endif
