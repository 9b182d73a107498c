/* rectrain export */
#include "model/export.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress_bar.h"

struct format {
    const char *name;
    enum err (*write)(const struct model_record *record, const char *path,
                      const struct progress *progress, struct error *err);
};

#define X(name, help) {#name, model_export_##name},
static const struct format formats[] = {EXPORT_FORMATS(X)};
#undef X
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };
#define X(name, help) " " #name " (" help ")"
#define FORMAT_NAMES EXPORT_FORMATS(X)

static const struct option_info options[] = {
    {"format", "NAME", "one of:" FORMAT_NAMES},
    {"output", "FILE", "where to write; an existing file is never overwritten"},
    {"quiet", NULL, "show no progress"},
};
static const struct command_help help = {
    .usage = "rectrain export MODEL.pkl --format NAME --output FILE",
    .summary = "Writes a saved model in another format.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

static const struct format *find_format(const char *name)
{
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

enum err command_export(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct model_file *file = NULL;
    struct progress_bar bar;
    struct progress progress;

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    const char *format = options_value(&parsed, "format");
    const char *path = options_value(&parsed, "output");
    if (parsed.argument_count != 1 || format == NULL || path == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "one model file, --format and --output are needed");
    const struct format *found = find_format(format);
    if (found == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "there is no format %s: it must be one of" FORMAT_NAMES, format);
    progress_bar_init(&bar, options_value(&parsed, "quiet") != NULL, &progress);
    TRY(model_file_open(parsed.arguments[0], true, &file, err));
    rc = found->write(model_file_record(file), path, &progress, err);
    progress_bar_finish(&bar, rc == ERR_OK);
    if (rc == ERR_OK)
        printf("%s\n", path);
done:
    model_file_close(file);
    return rc;
}
