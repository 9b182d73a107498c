/* Any lines as the environment, each NAME=value, and the last as the file of a secret: settings
 * that hold what they promise, or a refusal that names the variable and shows no secret. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"

enum { LINES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct config *config)
{
    char shown[8192];
    const char *const *items;
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const struct setting *setting = config_setting_at(i);
        const char *text = config_text(config, setting->name);
        config_shown(config, setting->name, shown, sizeof(shown));
        if (setting->type == SETTING_INT || setting->type == SETTING_BYTES) {
            const double value = (double)config_int(config, setting->name);
            if (value < setting->min || value > setting->max)
                __builtin_trap();
        }
        if (setting->type == SETTING_LIST &&
            config_list(config, setting->name, &items) > CONFIG_ROOTS_MAX)
            __builtin_trap();
        if (setting->type == SETTING_ADDRESS &&
            (config_port(config, setting->name) < 1 || config_port(config, setting->name) > 65535))
            __builtin_trap();
        if (strcmp(setting->name, "RABBITMQ_PASSWORD") == 0 && strlen(text) > 3 &&
            config_is_set(config, setting->name) && strstr(shown, text) != NULL)
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char path[] = "/tmp/rectrain_fuzz_XXXXXX", name[64];
    static int secret = -1;
    char text[8192], *lines[LINES_MAX + 2];
    struct error err = {.message = ""};
    struct config *config = NULL;
    int count = 0;
    if (secret < 0) {
        secret = mkstemp(path);
        snprintf(name, sizeof(name), "RABBITMQ_PASSWORD_FILE=%s", path);
    }
    const size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, bytes, len);
    text[len] = '\0';
    char *last = strrchr(text, '\n');
    if (last != NULL) {
        const size_t rest = len - (size_t)(last + 1 - text);
        if (ftruncate(secret, 0) != 0 || pwrite(secret, last + 1, rest, 0) != (ssize_t)rest)
            __builtin_trap();
        *last = '\0';
        lines[count++] = name;
    }
    for (char *line = text; line != NULL && count < LINES_MAX;) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        if (strstr(line, "_FILE=") == NULL) /* it may open nothing but the file above */
            lines[count++] = line;
        line = next;
    }
    lines[count] = NULL;
    const enum err rc = config_read(lines, NULL, 0, &config, &err);
    if (rc != ERR_OK && (rc != ERR_INVALID || err.message[0] == '\0'))
        __builtin_trap();
    if (rc == ERR_OK)
        check(config);
    config_free(config);
    return 0;
}
