/* rectrain db: the store, from the shell. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/db_files.h"
#include "cli/settings.h"

enum { REPORT_BYTES_MAX = 16 << 20 };

/* ---- migrate ---- */

static enum err migrate(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    char version[64];
    struct config *config = NULL;
    struct store *store = NULL;
    TRY(settings_read(parsed, &config, err));
    TRY(settings_open_store(config, OPEN_AND_MIGRATE, &store, err));
    TRY(store_version(store, version, sizeof(version), err));
    printf("schema %d, %s\n", store_schema_version(), version);
done:
    store_close(store);
    config_free(config);
    return rc;
}

/* ---- backup ---- */

static enum err backup(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct config *config = NULL;
    struct store *store = NULL;
    TRY(settings_read(parsed, &config, err));
    TRY(settings_open_store(config, OPEN_EXISTING, &store, err));
    TRY(store_backup(store, parsed->arguments[0], err));
    printf("%s\n", parsed->arguments[0]);
done:
    store_close(store);
    config_free(config);
    return rc;
}

/* ---- check ---- */

/* The report's lines as an array of texts. */
static enum err add_lines(json_t *root, const char *key, const char *text, struct error *err)
{
    enum err rc;
    json_t *lines = json_array();
    TRY(json_set(root, key, lines, err));
    for (const char *at = text; at != NULL && *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        char line[512];
        snprintf(line, sizeof(line), "%.*s", (int)length, at);
        TRY(json_append(lines, json_text(line), err));
        at += length + (at[length] == '\n');
    }
done:
    return rc;
}

static enum err tell_check(const struct strbuf *report, int64_t faults,
                           const struct files_check *files, bool as_json, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *root = NULL;
    if (as_json) {
        TRY_PTR(root = json_object());
        TRY(json_set(root, "ok", json_boolean(faults == 0), err));
        TRY(json_set(root, "faults", json_integer(faults), err));
        TRY(json_set(root, "models", json_integer(files->models), err));
        TRY(json_set(root, "predictions", json_integer(files->predictions), err));
        TRY(json_set(root, "garbage", json_integer(files->garbage), err));
        TRY(json_set(root, "unknown", json_integer(files->unknown), err));
        TRY(json_set(root, "removed", json_integer(files->removed), err));
        TRY(add_lines(root, "report", report->ptr, err));
        TRY(print_json(root, err));
    } else {
        printf("%s%" PRId64 " faults; %" PRId64 " models and %" PRId64
               " predictions are as recorded; %" PRId64 " files of nobody, %" PRId64
               " removed; %" PRId64 " files of others\n",
               report->len > 0 ? report->ptr : "", faults, files->models - files->model_faults,
               files->predictions - files->prediction_faults, files->garbage, files->removed,
               files->unknown);
    }
    if (faults > 0)
        rc = FAIL_REASON(err, ERR_CONFLICT, REASON_REPORTED, "%" PRId64 " fault%s found", faults,
                         faults == 1 ? " was" : "s were");
done:
    json_decref(root);
    return rc;
}

static enum err check(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    int64_t faults = 0;
    struct strbuf report;
    struct files_check files;
    struct config *config = NULL;
    struct store *store = NULL;
    strbuf_init(&report, REPORT_BYTES_MAX);
    TRY(settings_read(parsed, &config, err));
    TRY(settings_open_store(config, OPEN_EXISTING, &store, err));
    TRY(store_check(store, &report, &faults, err));
    TRY(files_check(store, config_text(config, "MODEL_DIR"),
                    options_value(parsed, "repair") != NULL, &report, &files, err));
    faults += files.model_faults + files.prediction_faults;
    TRY(tell_check(&report, faults, &files, options_value(parsed, "json") != NULL, err));
done:
    store_close(store);
    config_free(config);
    strbuf_release(&report);
    return rc;
}

/* ---- the table ---- */

#define OPTIONS(list) .options = (list), .count = sizeof(list) / sizeof((list)[0])

static const struct option_info store_options[] = {SETTINGS_STORE_OPTION};
static const struct option_info check_options[] = {
    SETTINGS_STORE_OPTION,
    {"model_dir", "DIR", "where the models lie, instead of MODEL_DIR"},
    {"repair", NULL, "remove the files of this store that nothing names any more"},
    {"json", NULL, "print one JSON object"},
};

static const struct command_action actions[] = {
    {"migrate",
     "bring the schema up to date, or make the store",
     {.usage = "rectrain db migrate [option …]",
      .summary =
          "Makes the store where it is not there, and brings its schema to this program's "
          "version.\n`rectrain serve` does the same when it starts. Nothing is ever dropped.",
      OPTIONS(store_options)},
     0,
     0,
     migrate},
    {"backup",
     "copy the store to a new file, as of one moment",
     {.usage = "rectrain db backup FILE [option …]",
      .summary = "Copies the SQLite store to FILE as of one moment, while servers and workers go "
                 "on.\nFor PostgreSQL use pg_dump. docs/operations.md tells how to restore.",
      OPTIONS(store_options)},
     1,
     1,
     backup},
    {"check",
     "look for damage in the store, and for files that it does not know",
     {.usage = "rectrain db check [option …]",
      .summary = "Looks for damage in the store, for models and predictions whose file is "
                 "missing or has\nanother SHA-256, and for files in MODEL_DIR that no record "
                 "names. Exit status 1 when "
                 "something is wrong; files\nof nobody are told, but are no fault.",
      OPTIONS(check_options)},
     0,
     0,
     check},
};
static const struct command_group group = {
    .name = "db",
    .summary =
        "The store of users, jobs and models: SQLite (DB_NAME) or PostgreSQL (DATABASE_URL).",
    .actions = actions,
    .count = sizeof(actions) / sizeof(actions[0]),
};

enum err command_db(int argc, char **argv, struct error *err)
{
    return command_group_run(&group, argc, argv, err);
}
