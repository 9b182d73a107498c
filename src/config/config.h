#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

/*
 * The settings of the server and the workers, read once, at the start: environment first, flags of
 * the command line win. One table describes them all (name, type, default, help), and is the single
 * source for what is read, for `rectrain doctor` and for docs/configuration.md.
 *
 * A secret may stand in a file instead: NAME_FILE names it, and its first line is the value. An
 * empty variable counts as not set.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum { CONFIG_ROOTS_MAX = 16, CONFIG_SECRET_MAX = 4096 };

enum setting_type {
    SETTING_TEXT,
    SETTING_INT,
    SETTING_BYTES,   /* "64KiB", "4GB" */
    SETTING_FLAG,    /* 0 or 1 */
    SETTING_ADDRESS, /* "127.0.0.1:8080", "[::1]:8080" */
    SETTING_LIST,    /* paths with colons between */
    SETTING_CHOICE,  /* one of `choices` */
};

struct setting {
    const char *name;
    enum setting_type type;
    const char *initial; /* the default, as text; "" for none */
    double min, max;     /* of INT and BYTES */
    const char *choices; /* of CHOICE: "open|closed" */
    bool is_secret;      /* masked wherever it is shown; NAME_FILE is read */
    const char *group;   /* heading in the manual */
    const char *help;    /* sentences */
};

/* The table, in the order of the manual. config_find: NULL when there is none of that name. */
int32_t config_setting_count(void);
const struct setting *config_setting_at(int32_t index);
const struct setting *config_setting_find(const char *name);

struct config; /* never changes once read: threads may share it */

/* A setting given by a flag, which wins over the environment: {"LISTEN", "0.0.0.0:80"}. */
struct config_flag {
    const char *name, *value;
};

/*
 * Read the settings from `environment` (as environ: NAME=value, NULL at the end) and `flags`.
 * ERR_INVALID (setting): names the variable, what was given and what is allowed; NAME and NAME_FILE
 * both set; a flag that the table lacks. ERR_NOT_FOUND, ERR_DENIED, ERR_IO: the file of a secret.
 */
MUST_CHECK enum err config_read(char *const *environment, const struct config_flag *flags,
                                int32_t flag_count, struct config **ret_config, struct error *err);
void config_free(struct config *config); /* NULL is allowed */

/* Values by name; the name must be in the table and of that type. Texts are borrowed. */
const char *config_text(const struct config *config, const char *name); /* any type; "" not set */
int64_t config_int(const struct config *config, const char *name);      /* INT, BYTES */
bool config_flag_is_on(const struct config *config, const char *name);
bool config_is_set(const struct config *config, const char *name); /* not by its default */

/* The address without its port, and without the brackets of IPv6; the port, 1 to 65535. */
const char *config_host(const struct config *config, const char *name);
int32_t config_port(const struct config *config, const char *name);

/* The paths of a list, and how many there are. */
int32_t config_list(const struct config *config, const char *name, const char *const **ret_items);

/*
 * What follows from several settings:
 *   config_store_url    DATABASE_URL, else DB_NAME
 *   config_has_broker   RABBITMQ_HOST is set
 *   config_is_secure    PUBLIC_URL begins with https://: cookies are Secure and have __Host-
 *   config_signup_open  SIGNUP, which is closed unless it is set or DEMO_USER=1
 */
const char *config_store_url(const struct config *config);
bool config_has_broker(const struct config *config);
bool config_is_secure(const struct config *config);
bool config_signup_open(const struct config *config);

/* The value as it may be shown: a secret is "***", a password within a URL too. `out` is
 * returned.*/
const char *config_shown(const struct config *config, const char *name, char *out, size_t out_size);
/* Where it came from: "default", "environment", "flag", "file". */
const char *config_origin(const struct config *config, const char *name);

/* docs/configuration.md, made from the table. ERR_NOMEM. */
MUST_CHECK enum err config_manual(struct strbuf *out, struct error *err);

#endif
