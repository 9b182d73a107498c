#include "cli/settings.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { FLAGS_MAX = 64 };

/* The setting that an option stands for; NULL: none. */
static const struct setting *setting_of_option(const char *option)
{
    char name[64];
    size_t i = 0;
    for (; option[i] != '\0' && i + 1 < sizeof(name); i++)
        name[i] = (char)toupper((unsigned char)option[i]);
    name[i] = '\0';
    return config_setting_find(name);
}

enum err settings_read(const struct parsed_options *parsed, struct config **ret_config,
                       struct error *err)
{
    struct config_flag flags[FLAGS_MAX];
    int32_t count = 0;
    for (int i = parsed->count - 1; i >= 0 && count < FLAGS_MAX; i--) { /* the last one wins */
        const struct setting *setting = setting_of_option(parsed->names[i]);
        if (setting != NULL)
            flags[count++] = (struct config_flag){
                setting->name, parsed->values[i] != NULL ? parsed->values[i] : "1"};
    }
    return config_read(environ, flags, count, ret_config, err);
}

enum err settings_begin(const struct command_help *help, int argc, char **argv,
                        struct parsed_options *ret_parsed, struct config **ret_config,
                        struct error *err)
{
    enum err rc;
    *ret_config = NULL;
    TRY(options_parse(help, argc, argv, ret_parsed, err));
    if (options_helped(help, ret_parsed))
        return ERR_OK;
    if (ret_parsed->argument_count > 0)
        return FAIL_REASON(err, ERR_INVALID, "option", "%s: %s takes options only",
                           ret_parsed->arguments[0], argv[0]);
    TRY(settings_read(ret_parsed, ret_config, err));
    log_set_level(log_level_find(config_text(*ret_config, "LOG_LEVEL")));
done:
    return rc;
}

enum err settings_open_store(const struct config *config, enum settings_open how,
                             struct store **ret_store, struct error *err)
{
    const struct store_spec spec = {
        .url = config_store_url(config),
        .connections = (int32_t)config_int(config, "DB_CONNECTIONS"),
        .migrate = how == OPEN_AND_MIGRATE,
        .must_exist = how == OPEN_EXISTING,
    };
    return store_open(&spec, ret_store, err);
}

const char *settings_store_name(const struct config *config, char *out, size_t out_size)
{
    const bool is_url = config_text(config, "DATABASE_URL")[0] != '\0';
    return config_shown(config, is_url ? "DATABASE_URL" : "DB_NAME", out, out_size);
}

void setting_options_init(struct setting_options *settings)
{
    static const char *const value_names[] = {
        [SETTING_TEXT] = "TEXT",         [SETTING_INT] = "N",      [SETTING_BYTES] = "SIZE",
        [SETTING_FLAG] = "0|1",          [SETTING_LIST] = "PATHS", [SETTING_CHOICE] = "WORD",
        [SETTING_ADDRESS] = "HOST:PORT",
    };
    assert(config_setting_count() <= SETTING_OPTIONS_MAX);
    settings->count = 0;
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const struct setting *setting = config_setting_at(i);
        char *name = settings->names[settings->count];
        if (setting->is_secret)
            continue;
        snprintf(name, SETTING_NAME_MAX, "%s", setting->name);
        for (char *c = name; *c != '\0'; c++)
            *c = (char)tolower((unsigned char)*c);
        settings->options[settings->count++] =
            (struct option_info){name, value_names[setting->type], setting->help};
    }
}
