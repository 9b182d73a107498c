#include "config/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum { SETTINGS_MAX = 64 };

enum origin { FROM_DEFAULT, FROM_ENVIRONMENT, FROM_FLAG, FROM_FILE };

struct value {
    enum origin origin;
    char *text; /* owned */
    int64_t integer;
    char *split;         /* of LIST and ADDRESS: the text, cut into pieces */
    const char **pieces; /* of LIST; of ADDRESS the host alone */
    int32_t piece_count;
};

struct config {
    struct value values[SETTINGS_MAX];
};

static const char *const origin_names[] = {"default", "environment", "flag", "file"};

/* The value of NAME in the environment; NULL where it is not set or empty. */
static const char *find_variable(char *const *environment, const char *name, const char *suffix)
{
    const size_t len = strlen(name), suffix_len = strlen(suffix);
    for (; *environment != NULL; environment++) {
        const char *at = *environment;
        if (strncmp(at, name, len) == 0 && strncmp(at + len, suffix, suffix_len) == 0 &&
            at[len + suffix_len] == '=')
            return at[len + suffix_len + 1] != '\0' ? at + len + suffix_len + 1 : NULL;
    }
    return NULL;
}

/* ---- what a text means ---- */

static enum err refuse(const struct setting *setting, const char *text, const char *allowed,
                       struct error *err)
{
    return FAIL_REASON(err, ERR_INVALID, "setting", "%s is %.100s, but it must be %s",
                       setting->name, setting->is_secret ? "***" : text, allowed);
}

static enum err parse_number(const struct setting *setting, const char *text, struct value *value,
                             struct error *err)
{
    char allowed[96];
    const bool is_size = setting->type == SETTING_BYTES;
    const bool is_zero = strcmp(text, "0") == 0; /* which text_parse_bytes takes for no size */
    bool good = is_size && !is_zero ? text_parse_bytes(text, &value->integer)
                                    : text_int(text, &value->integer);
    good = good && (double)value->integer >= setting->min && (double)value->integer <= setting->max;
    if (good)
        return ERR_OK;
    snprintf(allowed, sizeof(allowed),
             is_size ? "a size as 512MiB, from %.0f to %.0f bytes"
                     : "a whole number from %.0f to %.0f",
             setting->min, setting->max);
    return refuse(setting, text, allowed, err);
}

static enum err parse_choice(const struct setting *setting, const char *text, struct error *err)
{
    char allowed[128];
    const size_t len = strlen(text);
    for (const char *at = setting->choices; len > 0 && at != NULL && *at != '\0';) {
        const size_t width = strcspn(at, "|");
        if (width == len && memcmp(at, text, len) == 0)
            return ERR_OK;
        at += width + (at[width] == '|');
    }
    if (len == 0 && setting->initial[0] == '\0')
        return ERR_OK;
    snprintf(allowed, sizeof(allowed), "one of %s", setting->choices);
    return refuse(setting, text, allowed, err);
}

/* "127.0.0.1:8080", "[::1]:8080", "localhost:80", ":8080" for every address. */
static enum err parse_address(const struct setting *setting, struct value *value, struct error *err)
{
    static const char allowed[] = "an address and a port, as 127.0.0.1:8080 or [::1]:8080";
    char *colon = strrchr(value->split, ':'), *host = value->split;
    if (colon == NULL || !text_int(colon + 1, &value->integer) || value->integer < 1 ||
        value->integer > 65535)
        return refuse(setting, value->text, allowed, err);
    *colon = '\0';
    if (host[0] == '[') {
        if (colon == host || colon[-1] != ']')
            return refuse(setting, value->text, allowed, err);
        colon[-1] = '\0';
        host++;
    } else if (strchr(host, ':') != NULL) {
        return refuse(setting, value->text, allowed, err);
    }
    value->pieces[0] = host[0] != '\0' ? host : "0.0.0.0";
    value->piece_count = 1;
    return ERR_OK;
}

static enum err parse_list(const struct setting *setting, struct value *value, struct error *err)
{
    for (char *at = value->split; at != NULL;) {
        char *colon = strchr(at, ':');
        if (colon != NULL)
            *colon = '\0';
        if (at[0] != '\0' && value->piece_count == CONFIG_ROOTS_MAX)
            return refuse(setting, value->text, "at most 16 paths", err);
        if (at[0] != '\0')
            value->pieces[value->piece_count++] = at;
        at = colon != NULL ? colon + 1 : NULL;
    }
    if (value->piece_count == 0)
        return refuse(setting, value->text, "at least one path", err);
    return ERR_OK;
}

/* Take `text` as the value of a setting. */
static enum err take(const struct setting *setting, const char *text, enum origin origin,
                     struct value *value, struct error *err)
{
    enum err rc;
    value->origin = origin;
    TRY_PTR(value->text = mem_dup_string(text, err));
    if (setting->type == SETTING_ADDRESS || setting->type == SETTING_LIST) {
        TRY_PTR(value->split = mem_dup_string(text, err));
        TRY_PTR(value->pieces = mem_array(CONFIG_ROOTS_MAX, sizeof(*value->pieces), err));
    }
    switch (setting->type) {
    case SETTING_INT:
    case SETTING_BYTES:
        return parse_number(setting, text, value, err);
    case SETTING_FLAG:
        value->integer = strcmp(text, "1") == 0;
        return value->integer || strcmp(text, "0") == 0 ? ERR_OK
                                                        : refuse(setting, text, "0 or 1", err);
    case SETTING_CHOICE:
        return parse_choice(setting, text, err);
    case SETTING_ADDRESS:
        return parse_address(setting, value, err);
    case SETTING_LIST:
        return parse_list(setting, value, err);
    default:
        return ERR_OK;
    }
done:
    return rc;
}

/* ---- where it comes from ---- */

/* The first line of a secret's file. */
static enum err read_secret(const struct setting *setting, const char *path, char *out,
                            size_t out_size, struct error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_DENIED,
                    "%s_FILE names %s, which cannot be opened: %m", setting->name, path);
    const ssize_t len = read(fd, out, out_size);
    close(fd);
    if (len < 0)
        return FAIL(err, ERR_IO, "%s_FILE names %s, which cannot be read: %m", setting->name, path);
    if ((size_t)len == out_size)
        return FAIL_REASON(err, ERR_INVALID, "setting", "%s_FILE names %s, which is longer than %d",
                           setting->name, path, CONFIG_SECRET_MAX);
    out[len] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    if (out[0] == '\0')
        return FAIL_REASON(err, ERR_INVALID, "setting",
                           "%s_FILE names %s, whose first line is empty", setting->name, path);
    return ERR_OK;
}

static const char *find_flag(const struct config_flag *flags, int32_t count, const char *name)
{
    for (int32_t i = 0; i < count; i++)
        if (strcmp(flags[i].name, name) == 0)
            return flags[i].value;
    return NULL;
}

static enum err read_setting(const struct setting *setting, char *const *environment,
                             const char *flag, struct value *value, struct error *err)
{
    char secret[CONFIG_SECRET_MAX + 1];
    const char *text = find_variable(environment, setting->name, "");
    const char *path =
        setting->is_secret ? find_variable(environment, setting->name, "_FILE") : NULL;
    if (flag != NULL)
        return take(setting, flag, FROM_FLAG, value, err);
    if (text != NULL && path != NULL)
        return FAIL_REASON(err, ERR_INVALID, "setting",
                           "%s and %s_FILE are both set: leave one out", setting->name,
                           setting->name);
    if (path != NULL) {
        const enum err rc = read_secret(setting, path, secret, sizeof(secret), err);
        return rc != ERR_OK ? rc : take(setting, secret, FROM_FILE, value, err);
    }
    if (text != NULL)
        return take(setting, text, FROM_ENVIRONMENT, value, err);
    return take(setting, setting->initial, FROM_DEFAULT, value, err);
}

/* A program on one machine looks beside itself too. */
static enum err widen_roots(struct config *config, struct error *err)
{
    const struct setting *roots = config_setting_find("DATA_ROOTS");
    struct value *value = &config->values[roots - config_setting_at(0)];
    if (value->origin != FROM_DEFAULT || config_has_broker(config) ||
        config_is_set(config, "DATABASE_URL"))
        return ERR_OK;
    mem_free(value->text);
    mem_free(value->split);
    mem_free(value->pieces);
    *value = (struct value){0};
    return take(roots, "/data:./data", FROM_DEFAULT, value, err);
}

enum err config_read(char *const *environment, const struct config_flag *flags, int32_t flag_count,
                     struct config **ret_config, struct error *err)
{
    enum err rc;
    struct config *config = NULL;
    assert(config_setting_count() <= SETTINGS_MAX);
    for (int32_t i = 0; i < flag_count; i++)
        if (config_setting_find(flags[i].name) == NULL)
            return FAIL_REASON(err, ERR_INVALID, "setting", "there is no setting %s",
                               flags[i].name);
    TRY_PTR(config = mem_array(1, sizeof(*config), err));
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const struct setting *setting = config_setting_at(i);
        TRY(read_setting(setting, environment, find_flag(flags, flag_count, setting->name),
                         &config->values[i], err));
    }
    TRY(widen_roots(config, err));
    *ret_config = config;
    return ERR_OK;
done:
    config_free(config);
    return rc;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    for (int32_t i = 0; i < SETTINGS_MAX; i++) {
        mem_free(config->values[i].text);
        mem_free(config->values[i].split);
        mem_free(config->values[i].pieces);
    }
    mem_free(config);
}

/* ---- values ---- */

static const struct value *value_of(const struct config *config, const char *name)
{
    const struct setting *setting = config_setting_find(name);
    assert(setting != NULL);
    return &config->values[setting - config_setting_at(0)];
}

const char *config_text(const struct config *config, const char *name)
{
    return value_of(config, name)->text;
}

int64_t config_int(const struct config *config, const char *name)
{
    return value_of(config, name)->integer;
}

bool config_flag_is_on(const struct config *config, const char *name)
{
    return value_of(config, name)->integer != 0;
}

bool config_is_set(const struct config *config, const char *name)
{
    return value_of(config, name)->origin != FROM_DEFAULT;
}

const char *config_host(const struct config *config, const char *name)
{
    return value_of(config, name)->pieces[0];
}

int32_t config_port(const struct config *config, const char *name)
{
    return (int32_t)value_of(config, name)->integer;
}

int32_t config_list(const struct config *config, const char *name, const char *const **ret_items)
{
    const struct value *value = value_of(config, name);
    *ret_items = value->pieces;
    return value->piece_count;
}

const char *config_store_url(const struct config *config)
{
    const char *url = config_text(config, "DATABASE_URL");
    return url[0] != '\0' ? url : config_text(config, "DB_NAME");
}

bool config_has_broker(const struct config *config)
{
    return config_text(config, "RABBITMQ_HOST")[0] != '\0';
}

bool config_is_secure(const struct config *config)
{
    return strncmp(config_text(config, "PUBLIC_URL"), "https://", 8) == 0;
}

bool config_signup_open(const struct config *config)
{
    const char *signup = config_text(config, "SIGNUP");
    return signup[0] != '\0' ? strcmp(signup, "open") == 0 : config_flag_is_on(config, "DEMO_USER");
}

const char *config_shown(const struct config *config, const char *name, char *out, size_t out_size)
{
    const struct setting *setting = config_setting_find(name);
    const char *text = config_text(config, name);
    const char *scheme = strstr(text, "://");
    const char *at = scheme != NULL ? strrchr(scheme, '@') : NULL;
    /* Only user:password@ right after the scheme is cut out: "?password=" hides all of the URL. */
    const bool is_plain =
        at != NULL && strchr(text, '?') == NULL && at < scheme + 3 + strcspn(scheme + 3, "/#");
    if (!setting->is_secret || text[0] == '\0')
        snprintf(out, out_size, "%s", text);
    else if (is_plain)
        snprintf(out, out_size, "%.*s***%s", (int)(scheme - text + 3), text, at);
    else
        snprintf(out, out_size, "***");
    return out;
}

const char *config_origin(const struct config *config, const char *name)
{
    return origin_names[value_of(config, name)->origin];
}
