/* rectrain evaluate */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress_bar.h"
#include "model/file.h"
#include "predict/judge.h"
#include "train/run.h"

static const struct option_info options[] = {
    {"data", "DIR", "where clickstream.pq and events.pq lie"},
    {"json", NULL, "print the result as one JSON object"},
    {"quiet", NULL, "show no progress"},
};
static const struct command_help help = {
    .usage = "rectrain evaluate MODEL.pkl --data DIR [option …]",
    .summary = "Judges a saved model on data. What is not given is as it was in the run that made "
               "the model.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
    .tables = {&run_param_table},
    .table_titles = {"The run"},
};

/* The run's parameters: first as the model file has them, then as the command line does. */
static enum err make_spec(const struct parsed_options *parsed, const struct model_record *record,
                          struct run_spec *spec, struct error *err)
{
    enum err rc = ERR_OK;
    run_spec_init(spec, record->model->kind);
    for (int32_t i = 0; i < run_param_table.count; i++) {
        const char *name = run_param_table.params[i].name;
        const json_t *value = json_object_get(record->params, name);
        char text[64];
        if (strcmp(name, "threads") == 0 || strcmp(name, "memory_limit") == 0)
            continue; /* of the machine, not of the question */
        if (json_is_string(value))
            TRY(run_spec_set(spec, name, json_string_value(value), err));
        if (json_is_number(value)) {
            snprintf(text, sizeof(text), "%.17g", json_number_value(value));
            TRY(run_spec_set(spec, name, text, err));
        }
    }
    for (int i = 0; i < parsed->count; i++)
        if (params_find(&run_param_table, parsed->names[i]) != NULL)
            TRY(run_spec_set(spec, parsed->names[i], parsed->values[i], err));
    spec->data_path = options_value(parsed, "data");
    if (spec->data_path == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "--data is needed: where the clickstream is");
done:
    return rc;
}

static enum err make_result(const struct model_record *record, const struct dataset *dataset,
                            const struct judgement *judgement, json_t **ret_result,
                            struct error *err)
{
    enum err rc;
    json_t *result = json_object();
    const struct eval_result *judged = &judgement->result;
    TRY(json_set(result, "status", json_string("completed"), err));
    TRY(json_set(result, "model_type", json_string(record->model->kind->name), err));
    TRY(json_set(result, "k", json_integer(judged->k), err));
    TRY(json_set(result, "metrics", eval_metrics_to_json(judged), err));
    TRY(json_set(result, "eval_users", json_integer(judged->users), err));
    TRY(json_set(result, "unknown_users", json_integer(judgement->unknown_users), err));
    TRY(json_set(result, "unknown_pairs", json_integer(judgement->unknown_pairs), err));
    TRY(json_set(result, "funnel", funnel_to_json(&dataset->funnel), err));
    TRY(json_set(result, "data", json_incref(dataset->passport), err));
    TRY(json_set(result, "seconds", json_number(judged->seconds), err));
    *ret_result = result;
    return ERR_OK;
done:
    json_decref(result);
    return rc;
}

static enum err judge_model(const struct parsed_options *parsed, const struct model_record *record,
                            const struct progress *progress, json_t **ret_result, struct error *err)
{
    enum err rc;
    struct run_spec spec;
    struct load_spec load;
    struct dataset *dataset = NULL;
    struct judgement judgement = {0};
    TRY(make_spec(parsed, record, &spec, err));
    TRY(run_load_spec(&spec, &load, err));
    TRY(dataset_load(&load, progress, &dataset, err));
    TRY(judge_record(record, dataset, (int32_t)param_int(&spec.run, "k"), run_threads(&spec),
                     progress, &judgement, err));
    TRY(make_result(record, dataset, &judgement, ret_result, err));
done:
    judgement_release(&judgement);
    dataset_free(dataset);
    return rc;
}

enum err command_evaluate(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct model_file *file = NULL;
    struct progress_bar bar;
    struct progress progress;
    json_t *result = NULL;

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    if (parsed.argument_count != 1)
        return FAIL_REASON(err, ERR_INVALID, "option", "one model file is needed");
    progress_bar_init(&bar, options_value(&parsed, "quiet") != NULL, &progress);
    TRY(model_file_open(parsed.arguments[0], true, &file, err));
    rc = judge_model(&parsed, model_file_record(file), &progress, &result, err);
    progress_bar_finish(&bar, rc == ERR_OK);
    if (rc != ERR_OK)
        goto done;
    if (options_value(&parsed, "json") != NULL)
        TRY(print_json(result, err));
    else
        print_metrics(json_object_get(result, "metrics"), NULL,
                      model_file_record(file)->model->kind->name);
done:
    json_decref(result);
    model_file_close(file);
    return rc;
}
