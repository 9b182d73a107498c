#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

/*
 * Settings and store, as the subcommands of the platform get them. An option whose name is that of
 * a setting in lower case (--db-name: DB_NAME) is a flag that wins over the environment.
 */
#include "cli/options.h"
#include "config/config.h"
#include "store/store.h"

/* For the tables of options. A URL holds a password, which others see in the list of processes, so
 * it comes from the environment or a file alone. */
#define SETTINGS_STORE_OPTION                                                                      \
    {                                                                                              \
        "db_name", "FILE", "the file of SQLite, instead of DB_NAME"                                \
    }

/* Every setting that is no secret as an option, for a command that takes them all; made from the
 * table of settings, so that a new one is an option of itself. Secrets come from the environment or
 * a file alone. */
enum { SETTING_OPTIONS_MAX = 64, SETTING_NAME_MAX = 40 };
struct setting_options {
    struct option_info options[SETTING_OPTIONS_MAX];
    int count;
    char names[SETTING_OPTIONS_MAX][SETTING_NAME_MAX]; /* "db_name": options point to them */
};
void setting_options_init(struct setting_options *settings);

/*
 * What a command of settings alone begins with: its options are parsed, arguments refused, the
 * settings read, and their LOG_LEVEL holds. *ret_config NULL: --help was asked for and is printed,
 * and there is nothing else to do; else the caller frees it. ERR_INVALID (option); settings_read.
 */
MUST_CHECK enum err settings_begin(const struct command_help *help, int argc, char **argv,
                                   struct parsed_options *ret_parsed, struct config **ret_config,
                                   struct error *err);
MUST_CHECK enum err settings_read(const struct parsed_options *parsed, struct config **ret_config,
                                  struct error *err);

enum settings_open {
    OPEN_OR_MAKE, /* a store that is not there is made */
    OPEN_EXISTING,
    OPEN_AND_MIGRATE, /* made, or brought up to date */
};
/* The store that the settings name. Errors: store_open. */
MUST_CHECK enum err settings_open_store(const struct config *config, enum settings_open how,
                                        struct store **ret_store, struct error *err);
/* What to call it before people: the file, or the URL without its password. `out` is returned. */
const char *settings_store_name(const struct config *config, char *out, size_t out_size);

#endif
