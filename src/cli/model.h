#ifndef CLI_MODEL_H
#define CLI_MODEL_H

/* What the actions of `rectrain model` share: settings, store, and whose models they are. */
#include <stdbool.h>

#include "cli/options.h"
#include "config/config.h"
#include "store/registry.h"
#include "store/users.h"

struct registry_desk {
    struct config *config;
    struct store *store;
    struct user *user; /* --user, or the only account */
};

/* Release it also after a failure. ERR_NOT_FOUND; ERR_INVALID (option): there are several accounts,
 * so that --user must say whose. */
MUST_CHECK enum err registry_desk_open(const struct parsed_options *parsed,
                                       struct registry_desk *desk, struct error *err);
void registry_desk_release(struct registry_desk *desk);

/* The model of the first argument, the caller's (mem_free). */
MUST_CHECK enum err registry_desk_find(const struct registry_desk *desk,
                                       const struct parsed_options *parsed,
                                       struct model_record **ret_model, struct error *err);

/* Actions that only look (cli/model_show.c). */
enum err model_list_action(const struct parsed_options *parsed, struct error *err);
enum err model_show_action(const struct parsed_options *parsed, struct error *err);
enum err model_verdict_action(const struct parsed_options *parsed, struct error *err);
enum err model_history_action(const struct parsed_options *parsed, struct error *err);

/* A move in words, on stdout, or as JSON. */
MUST_CHECK enum err print_move(const char *name, const struct alias_move *move, bool as_json,
                               struct error *err);

#endif
