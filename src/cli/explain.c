/* rectrain explain */
#include <stdio.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/question.h"

enum { REASONS_SHOWN = 10 };

static const struct option_info options[] = {
    QUESTION_USER,
    QUESTION_ITEMS,
    QUESTION_HISTORY,
    {"item", "ID", "the item to explain"},
    {"k", "N", "length of the list that it is or is not in [40]"},
    {"allow", "ID[,ID…]", "in a list of nothing but these items"},
    {"deny", "ID[,ID…]", "in a list without these items"},
    {"with-seen", NULL, "in a list with what the user has touched"},
    {"json", NULL, "print the result as one JSON object, with all reasons"},
};
static const struct command_help help = {
    .usage = "rectrain explain MODEL.pkl --user ID | --items ID[,ID…] --item ID [option …]",
    .summary = "Prints why an item stands where it does in a user's list: its place, and how much "
               "each item of the user's own adds to its score.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

static void print_explanation(const struct question *question, int32_t item,
                              const struct explanation *explanation)
{
    char words[ANSWER_WORDS_SIZE];
    const struct idmap *ids = question->record->items;
    fputs("item ", stdout);
    print_id(ids, item);
    printf(": %s\n", answer_words(explanation, question->query.k, words));
    if (explanation->basis == BASIS_POPULAR)
        printf("score %.6g: the rows of the training data that have it\n", explanation->score);
    else
        printf("score %.6g from %d items\n", explanation->score, explanation->count);
    for (int32_t i = 0; i < explanation->count && i < REASONS_SHOWN; i++) {
        print_id(ids, explanation->reasons[i].item);
        printf("\t%.6g\n", explanation->reasons[i].part);
    }
}

enum err command_explain(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct question question = {0};
    struct explanation explanation = {0};
    json_t *result = NULL;
    int32_t item;

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    if (parsed.argument_count != 1 || options_value(&parsed, "item") == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option", "one model file and --item are needed");
    TRY(question_open(&parsed, &question, err));
    TRY(question_item(&question, options_value(&parsed, "item"), &item, err));
    TRY(predict_explain(question.predictor, &question.query, item, &explanation, err));
    if (options_value(&parsed, "json") != NULL) {
        TRY(answer_explanation(question.record, item, question.query.k, &explanation,
                               explanation.count, &result, err));
        TRY(print_json(result, err));
    } else {
        print_explanation(&question, item, &explanation);
    }
done:
    json_decref(result);
    explanation_release(&explanation);
    question_close(&question);
    return rc;
}
