/* rectrain recommend */
#include <stdio.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/question.h"

static const struct option_info options[] = {
    QUESTION_USER,
    QUESTION_ITEMS,
    QUESTION_HISTORY,
    {"k", "N", "how many items [40]"},
    {"allow", "ID[,ID…]", "nothing but these items"},
    {"deny", "ID[,ID…]", "none of these items"},
    {"with-seen", NULL, "leave in what the user has touched"},
    {"output", "FILE",
     "lists for many users, as FILE.parquet or FILE.csv: cookie, node, rank, score"},
    {"users", "FILE", "with --output: these users, an id a line [all of the model's]"},
    {"threads", "N", "with --output: threads to use [all processors]"},
    {"overwrite", NULL, "with --output: replace a file that is there"},
    {"quiet", NULL, "with --output: show no progress"},
    {"json", NULL, "print the result as one JSON object"},
};
static const struct command_help help = {
    .usage = "rectrain recommend MODEL.pkl --user ID | --items ID[,ID…] | --output FILE [option …]",
    .summary = "Prints the best items that the user has not touched: id and score, best first. A "
               "history that is given is folded in, so new and anonymous users get lists of their "
               "own where the kind of the model can do it, and the popular list elsewhere.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

static enum err print_as_json(const struct question *question, const struct recommendation *list,
                              int32_t count, enum basis basis, struct error *err)
{
    enum err rc;
    json_t *result = json_object(), *items = NULL;
    const struct model_record *record = question->record;
    const int32_t user = question->query.user;
    TRY(answer_list(record, list, count, &items, err));
    TRY(json_set(result, "items", json_incref(items), err));
    TRY(json_set(result, "model_type", json_string(record->model->kind->name), err));
    TRY(json_set(result, "basis", json_string(basis_name(basis)), err));
    TRY(json_set(result, "user", user >= 0 ? answer_id(record->users, user) : json_null(), err));
    TRY(print_json(result, err));
done:
    json_decref(items);
    json_decref(result);
    return rc;
}

enum err command_recommend(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct question question = {0};
    struct recommendation *list = NULL;
    int32_t count;
    enum basis basis;

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    if (parsed.argument_count != 1 ||
        (options_value(&parsed, "user") == NULL && options_value(&parsed, "items") == NULL &&
         options_value(&parsed, "history") == NULL && options_value(&parsed, "output") == NULL))
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "one model file and --user are needed, or --items, --history or "
                           "--output");
    TRY(question_open(&parsed, &question, err));
    if (options_value(&parsed, "output") != NULL) {
        rc = recommend_many(&parsed, &question, err);
        goto done;
    }
    TRY_PTR(list = mem_array((size_t)question.query.k, sizeof(*list), err));
    TRY(predict_recommend(question.predictor, &question.query, list, &count, &basis, err));
    if (options_value(&parsed, "json") != NULL)
        TRY(print_as_json(&question, list, count, basis, err));
    else
        print_recommendations(question.record, list, count);
done:
    mem_free(list);
    question_close(&question);
    return rc;
}
