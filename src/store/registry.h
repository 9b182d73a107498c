#ifndef STORE_REGISTRY_H
#define STORE_REGISTRY_H

/*
 * The registry: what models are called (jobs/model_ref.h). Each user has names of their own; a name
 * has versions, which count up from 1 and are never used twice, and aliases, each of which points
 * at one version. A name comes into being with its first version and is never taken away; without
 * versions it is not listed any more.
 *
 * Every move of an alias is recorded, whoever makes it and however, so that one can go back, and
 * tell which version an alias pointed at on any day. A version that an alias points at cannot be
 * removed nor get another name. Errors that every operation has stand in store/store.h.
 */
#include <stdbool.h>
#include <stdint.h>

#include "jobs/model_ref.h"
#include "store/models.h"
#include "store/store.h"

enum { ALIASES_MAX = 32 /* of one name */, REASON_MAX = 1000, MOVED_BY_MAX = 254 };

/* ---- references ---- */

/* The model that a reference names, which the caller frees with mem_free; its `alias` is the one
 * that the reference went by. ERR_NOT_FOUND (no_such_model) says which part there is not. */
MUST_CHECK enum err registry_resolve(struct store *store, int64_t user_id, const char *ref,
                                     struct model_record **ret_model, struct error *err);

/* ---- names ---- */

struct registry_name {
    int64_t name_id;
    const char *name;
    bool gate;     /* a move of "champion" asks for a verdict first */
    double margin; /* of recall, as a fraction, by which a candidate has to be better; 0: any */
    int64_t created_ms, versions, latest_version; /* versions that there are; the newest's number */
};
struct registry_alias {
    int64_t name_id;
    const char *alias;
    int64_t model_id, version, since_ms;
};
struct registry_list {
    struct registry_name **names;
    int32_t count;
    struct registry_alias **aliases; /* of these names, by name and alias */
    int32_t alias_count;
};

/* Those with versions by name, after `after` (NULL: from the first). limit: 1 to STORE_LIST_MAX. */
MUST_CHECK enum err registry_list(struct store *store, int64_t user_id, const char *after,
                                  int32_t limit, struct registry_list *ret_list, struct error *err);
/* One name, in a list. ERR_NOT_FOUND (no_such_name). */
MUST_CHECK enum err registry_read(struct store *store, int64_t user_id, const char *name,
                                  struct registry_list *ret_list, struct error *err);
void registry_list_release(struct registry_list *list);

/* Set the gate and its margin. ERR_NOT_FOUND (no_such_name); ERR_INVALID: a margin below 0. */
MUST_CHECK enum err registry_set_gate(struct store *store, int64_t user_id, const char *name,
                                      bool gate, double margin, struct error *err);

/* ---- aliases ---- */

struct alias_move {
    int64_t move_id;
    const char *alias, *kind; /* "move", "undo", "remove" */
    /* Where it pointed and points: both 0 for nowhere. The models may be removed by now. */
    int64_t from_model_id, from_version, to_model_id, to_version;
    const char *by; /* who: an address */
    bool is_overridden;
    const char *reason, *verdict_json; /* or NULL */
    int64_t at_ms, user_id;
    const char *name; /* of the registry */
};
struct alias_move_list {
    struct alias_move **moves;
    int32_t count;
};

enum { ALIAS_FROM_ANY = -1 };

struct alias_move_new {
    int64_t user_id;
    const char *name, *alias;
    int64_t to_model_id;   /* 0: the alias goes away */
    int64_t from_model_id; /* where the verdict was told of: ERR_CONFLICT (alias_moved) if it points
                              elsewhere by now; 0: nowhere; ALIAS_FROM_ANY */
    const char *by, *reason, *verdict_json; /* the last two NULL: none */
    bool is_overridden;
};

/*
 * Point an alias at a version of its name, or take it away. *ret_move, which the caller frees with
 * mem_free, is the record of it; where it points there already, nothing is recorded, and it is that
 * of the move that brought it there. ERR_INVALID (fields): no name for an alias. ERR_NOT_FOUND:
 * no_such_name; no_such_model: the model is no version of this name; no_such_alias: to take away.
 * ERR_CONFLICT: alias_moved; too_many_aliases: ALIASES_MAX are there.
 */
MUST_CHECK enum err registry_move(struct store *store, const struct alias_move_new *move,
                                  struct alias_move **ret_move, struct error *err);

/* Back to where the alias was before its last move; once more goes forward again. ERR_NOT_FOUND:
 * no_such_name; no_such_alias: it never moved. ERR_CONFLICT (model_gone): what it would point at
 * was removed, or has another name by now. Of `words` user_id, name, alias, by and reason count. */
MUST_CHECK enum err registry_undo(struct store *store, const struct alias_move_new *words,
                                  struct alias_move **ret_move, struct error *err);

struct alias_history {
    int64_t user_id;
    const char *name, *alias; /* alias NULL: all of them */
    int64_t until_ms;         /* moves up to then, since 1970 UTC; 0: all */
    int64_t before_id;        /* the last move of the page before; 0: from the newest */
    int32_t limit;            /* 1 to STORE_LIST_MAX */
};
/* The newest first. ERR_NOT_FOUND (no_such_name). */
MUST_CHECK enum err registry_history(struct store *store, const struct alias_history *query,
                                     struct alias_move_list *ret_list, struct error *err);
/* For each alias that pointed somewhere at `until_ms`, the move that had brought it there. */
MUST_CHECK enum err registry_then(struct store *store, const struct alias_history *query,
                                  struct alias_move_list *ret_list, struct error *err);
void alias_move_list_release(struct alias_move_list *list);

/* ---- what paired tests came to ---- */

struct model_comparison {
    int64_t k, users;
    double difference, low, high;
};
/* *ret_found false: none was kept. */
MUST_CHECK enum err comparison_read(struct store *store, int64_t model_id, int64_t against_id,
                                    struct model_comparison *ret_comparison, bool *ret_found,
                                    struct error *err);
/* Keep one; a second time changes nothing, and neither does one of a model that is gone. */
MUST_CHECK enum err comparison_keep(struct store *store, int64_t model_id, int64_t against_id,
                                    const struct model_comparison *comparison, struct error *err);

#endif
