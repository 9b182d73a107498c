/* rectrain synth */
#include "data/synth.h"

#include <stdio.h>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress_bar.h"

static const struct option_info options[] = {
    {"like", "SHAPE", "what to resemble: baseline [baseline]"},
    {"rows", "N", "how many interactions [68806152]"},
    {"users", "N", "how many users [what goes with the rows]"},
    {"items", "N", "how many items [what goes with the rows]"},
    {"seed", "N", "equal sizes and seeds give equal files [1]"},
    {"output", "DIR", "where clickstream.pq and events.pq go"},
    {"threads", "N", "threads to use [all processors]; does not change the result"},
    {"overwrite", NULL, "replace files that are there"},
    {"json", NULL, "print what was made as one JSON object"},
    {"quiet", NULL, "show no progress"},
};
static const struct command_help help = {
    .usage = "rectrain synth --output DIR [--like baseline] [--rows N] [option …]",
    .summary = "Writes a clickstream with planted tastes: clickstream.pq and events.pq.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

static enum err number_option(const struct parsed_options *parsed, const char *name, int64_t min,
                              int64_t max, int64_t *value, struct error *err)
{
    const char *text = options_value(parsed, name);
    return text == NULL ? ERR_OK : parse_whole(name, text, min, max, value, err);
}

static enum err make_spec(const struct parsed_options *parsed, struct synth_spec *spec,
                          struct error *err)
{
    enum err rc;
    synth_spec_init(spec);
    int64_t rows = spec->rows, users = 0, items = 0, seed = (int64_t)spec->seed;
    int64_t threads = parallel_processors();
    if (options_value(parsed, "like") != NULL)
        spec->like = options_value(parsed, "like");
    if (parsed->argument_count > 0)
        return FAIL_REASON(err, ERR_INVALID, "option", "%s: synth takes options only",
                           parsed->arguments[0]);
    TRY(number_option(parsed, "rows", 1, SYNTH_ROWS_MAX, &rows, err));
    TRY(number_option(parsed, "users", 1, SYNTH_USERS_MAX, &users, err));
    TRY(number_option(parsed, "items", 1, SYNTH_ITEMS_MAX, &items, err));
    TRY(number_option(parsed, "seed", 0, INT64_MAX, &seed, err));
    TRY(number_option(parsed, "threads", 1, PARALLEL_THREADS_MAX, &threads, err));
    spec->rows = rows;
    spec->users = (int32_t)users;
    spec->items = (int32_t)items;
    spec->seed = (uint64_t)seed;
    spec->threads = (int32_t)threads;
    spec->overwrite = options_value(parsed, "overwrite") != NULL;
    spec->directory = options_value(parsed, "output");
    if (spec->directory == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option", "--output is needed: where the files go");
done:
    return rc;
}

static enum err print_result(const struct synth_spec *spec, const struct synth_result *made,
                             bool json, struct error *err)
{
    char a[32], b[32], c[32], d[32], e[32];
    if (!json) {
        printf("%s/clickstream.pq: %s rows, %s users, %s items, %s, in %s\n", spec->directory,
               text_grouped(made->rows, a, sizeof(a)), text_grouped(made->users, b, sizeof(b)),
               text_grouped(made->items, c, sizeof(c)),
               text_bytes(made->clickstream_bytes, d, sizeof(d)),
               text_seconds(made->seconds, e, sizeof(e)));
        return ERR_OK;
    }
    json_t *root =
        json_pack("{s:s, s:o, s:I, s:I, s:i, s:i, s:I, s:f}", "status", "completed", "directory",
                  json_text(spec->directory), "rows", made->rows, "train_rows", made->train_rows,
                  "users", made->users, "items", made->items, "bytes",
                  made->clickstream_bytes + made->events_bytes, "seconds", made->seconds);
    if (root == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for the result");
    enum err rc = print_json(root, err);
    json_decref(root);
    return rc;
}

enum err command_synth(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct synth_spec spec;
    struct synth_result made;
    struct progress_bar bar;
    struct progress progress;

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    TRY(make_spec(&parsed, &spec, err));
    progress_bar_init(&bar, options_value(&parsed, "quiet") != NULL, &progress);
    rc = synth_write(&spec, &progress, &made, err);
    progress_bar_finish(&bar, rc == ERR_OK);
    if (rc == ERR_OK)
        rc = print_result(&spec, &made, options_value(&parsed, "json") != NULL, err);
done:
    return rc;
}
