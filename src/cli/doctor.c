/* rectrain doctor: what is in force, and whether each part of it works. */
#include "cli/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/settings.h"

static const struct option_info options[] = {
    SETTINGS_STORE_OPTION,
    {"json", NULL, "print one JSON object"},
};
static const struct command_help help = {
    .usage = "rectrain doctor [option …]",
    .summary = "Shows the settings in force, with secrets masked, and where each comes from; then "
               "tests each\npart: store, queue, data, models, processor, libraries. Run it where "
               "the server runs, with\nthe server's environment. Exit status 1 when something "
               "must be mended.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

const char *finding_name(enum finding state)
{
    static const char *const names[] = {"ok", "warning", "failed"};
    return names[state];
}

void doctor_say(struct doctor *doctor, const char *part, enum finding state, const char *format,
                ...)
{
    char message[768];
    struct error ignored;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    doctor->counts[state]++;
    json_t *finding = json_pack("{s:s, s:s, s:o}", "part", part, "state", finding_name(state),
                                "message", json_text(message));
    if (json_append(doctor->findings, finding, &ignored) != ERR_OK)
        doctor->is_incomplete = true;
}

/* ---- telling ---- */

static void print_settings(const struct config *config)
{
    char shown[512];
    puts("Settings");
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const char *name = config_setting_at(i)->name;
        const char *value = config_shown(config, name, shown, sizeof(shown));
        printf("  %-28s %-28s %s\n", name, value[0] != '\0' ? value : "-",
               config_origin(config, name));
    }
}

static void print_findings(const struct doctor *doctor)
{
    size_t i;
    json_t *finding;
    puts("\nChecks");
    json_array_foreach(doctor->findings, i, finding)
    {
        printf("  %-8s %-10s %s\n", json_string_value(json_object_get(finding, "state")),
               json_string_value(json_object_get(finding, "part")),
               json_string_value(json_object_get(finding, "message")));
    }
}

static enum err settings_to_json(const struct config *config, json_t *root, struct error *err)
{
    enum err rc;
    char shown[512];
    json_t *all = json_array();
    TRY(json_set(root, "settings", all, err));
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const char *name = config_setting_at(i)->name;
        json_t *value = json_text(config_shown(config, name, shown, sizeof(shown)));
        TRY(json_append(all,
                        json_pack("{s:s, s:o, s:s}", "name", name, "value", value, "origin",
                                  config_origin(config, name)),
                        err));
    }
done:
    return rc;
}

static enum err print_all_json(const struct doctor *doctor, struct error *err)
{
    enum err rc;
    json_t *root = json_object();
    TRY(json_set(root, "version", json_string(RECTRAIN_VERSION), err));
    TRY(json_set(root, "ok", json_boolean(doctor->counts[FINDING_FAILED] == 0), err));
    TRY(settings_to_json(doctor->config, root, err));
    TRY(json_set(root, "checks", json_incref(doctor->findings), err));
    TRY(print_json(root, err));
done:
    json_decref(root);
    return rc;
}

static enum err tell(const struct doctor *doctor, bool as_json, struct error *err)
{
    enum err rc = ERR_OK;
    const int32_t failed = doctor->counts[FINDING_FAILED];
    if (doctor->is_incomplete)
        return FAIL(err, ERR_NOMEM, "out of memory while looking");
    if (as_json) {
        TRY(print_all_json(doctor, err));
    } else {
        printf("rectrain " RECTRAIN_VERSION "\n\n");
        print_settings(doctor->config);
        print_findings(doctor);
        printf("\n%d failed, %d warning%s\n", failed, doctor->counts[FINDING_WARNING],
               doctor->counts[FINDING_WARNING] == 1 ? "" : "s");
    }
    if (failed > 0)
        rc = FAIL_REASON(err, ERR_CONFLICT, REASON_REPORTED, "%d of the checks failed", failed);
done:
    return rc;
}

enum err command_doctor(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct config *config = NULL;
    struct doctor doctor = {0};
    TRY(settings_begin(&help, argc, argv, &parsed, &config, err));
    if (config == NULL)
        return ERR_OK;
    doctor = (struct doctor){.config = config, .findings = json_array()};
    doctor_check_all(&doctor);
    TRY(tell(&doctor, options_value(&parsed, "json") != NULL, err));
done:
    store_close(doctor.store);
    json_decref(doctor.findings);
    config_free(config);
    return rc;
}
