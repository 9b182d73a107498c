/* rectrain train */
#include "train/run.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress_bar.h"

static const struct option_info options[] = {
    {"model", "KIND", "which model to train"},
    {"data", "DIR", "where clickstream.pq and events.pq lie, or a glob of clickstream parts"},
    {"output", "DIR", "where the model file goes [ml_models]"},
    {"json", NULL, "print the result as one JSON object"},
    {"quiet", NULL, "show no progress"},
};

/* Every kind's parameters are offered; those of another kind are refused when they are set. */
static void make_help(struct command_help *help)
{
    *help = (struct command_help){
        .usage = "rectrain train --model KIND --data DIR [option …]",
        .summary = "Reads a clickstream, holds out its last days, trains a model on the rest, "
                   "judges it on\nwhat was held out, and writes a model file.",
        .options = options,
        .count = sizeof(options) / sizeof(options[0]),
        .tables = {&run_param_table},
        .table_titles = {"The run"},
    };
    int32_t count = model_kind_count();
    assert(count + 2 <= OPTION_TABLES_MAX);
    for (int32_t i = 0; i < count; i++) {
        help->tables[i + 1] = &model_kind_at(i)->params;
        help->table_titles[i + 1] = model_kind_at(i)->title;
    }
}

static enum err unknown_kind(const char *name, struct error *err)
{
    char names[128] = "";
    for (int32_t i = 0; i < model_kind_count(); i++) {
        const size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
                 model_kind_at(i)->name);
    }
    if (name == NULL)
        return FAIL_REASON(err, ERR_INVALID, "model_unknown", "--model is needed: one of %s",
                           names);
    return FAIL_REASON(err, ERR_INVALID, "model_unknown", "there is no model %s, only %s", name,
                       names);
}

static bool is_own_option(const char *name)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (strcmp(options[i].name, name) == 0)
            return true;
    return false;
}

static enum err make_spec(const struct parsed_options *parsed, struct run_spec *spec,
                          struct error *err)
{
    const char *name = options_value(parsed, "model");
    const struct model_kind *kind = name != NULL ? model_kind_find(name) : NULL;
    if (kind == NULL)
        return unknown_kind(name, err);
    if (parsed->argument_count > 0)
        return FAIL_REASON(err, ERR_INVALID, "option", "%s: train takes options only",
                           parsed->arguments[0]);
    run_spec_init(spec, kind);
    spec->data_path = options_value(parsed, "data");
    if (spec->data_path == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "--data is needed: where the clickstream is");
    if (options_value(parsed, "output") != NULL)
        spec->output_directory = options_value(parsed, "output");
    for (int i = 0; i < parsed->count; i++) {
        if (is_own_option(parsed->names[i]))
            continue;
        enum err rc = run_spec_set(spec, parsed->names[i], parsed->values[i], err);
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static int64_t whole(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void print_times(const json_t *result)
{
    const char *name, *before = " (";
    json_t *value;
    char text[24];
    json_t *timings = json_object_get(result, "timings");
    const double total = json_number_value(json_object_get(timings, "total"));
    printf("\nTime: %s", text_seconds(total, text, sizeof(text)));
    json_object_foreach(timings, name, value)
    {
        if (strcmp(name, "total") == 0)
            continue;
        printf("%s%s %s", before, name, text_seconds(json_number_value(value), text, sizeof(text)));
        before = ", ";
    }
    printf(")\nMemory: %s at the peak\n",
           text_bytes(whole(result, "peak_rss_bytes"), text, sizeof(text)));
}

static void print_result(const json_t *result)
{
    const json_t *funnel = json_object_get(result, "funnel");
    const json_t *floor = json_object_get(result, "popular_metrics");
    char a[32], b[32], c[32], d[32];
    const char *type = json_string_value(json_object_get(result, "model_type"));
    printf("%s rows: %s to train on (%s users, %s items),\n",
           text_grouped(whole(funnel, "rows"), a, sizeof(a)),
           text_grouped(whole(funnel, "train_rows"), b, sizeof(b)),
           text_grouped(whole(funnel, "users"), c, sizeof(c)),
           text_grouped(whole(funnel, "items"), d, sizeof(d)));
    printf("%s pairs of %s users to find, k = %lld\n\n",
           text_grouped(whole(funnel, "pairs"), a, sizeof(a)),
           text_grouped(whole(funnel, "eval_users"), b, sizeof(b)), (long long)whole(result, "k"));
    print_metrics(json_object_get(result, "metrics"), strcmp(type, "popular") == 0 ? NULL : floor,
                  type);
    print_times(result);
    printf("Model: %s\n", json_string_value(json_object_get(result, "model_path")));
}

enum err command_train(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct command_help help;
    struct parsed_options parsed;
    struct run_spec spec;
    struct progress_bar bar;
    struct progress progress;
    json_t *result = NULL;

    make_help(&help);
    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    TRY(make_spec(&parsed, &spec, err));
    progress_bar_init(&bar, options_value(&parsed, "quiet") != NULL, &progress);
    rc = run_train(&spec, &progress, &result, err);
    progress_bar_finish(&bar, rc == ERR_OK);
    if (rc != ERR_OK)
        goto done;
    if (options_value(&parsed, "json") != NULL)
        TRY(print_json(result, err));
    else
        print_result(result);
done:
    json_decref(result);
    return rc;
}
