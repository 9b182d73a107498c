/* rectrain similar */
#include <stdio.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/question.h"

static const struct option_info options[] = {
    {"item", "ID", "the item to compare with"},
    {"k", "N", "how many items [40]"},
    {"json", NULL, "print the result as one JSON object"},
};
static const struct command_help help = {
    .usage = "rectrain similar MODEL.pkl --item ID [--k 40] [--json]",
    .summary = "Prints the items whose factors point the same way: id and cosine, the nearest "
               "first.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

enum err command_similar(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct question question = {0};
    struct recommendation *list = NULL;
    json_t *result = NULL, *items = NULL;
    int32_t item, count;

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (options_helped(&help, &parsed))
        return ERR_OK;
    if (parsed.argument_count != 1 || options_value(&parsed, "item") == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option", "one model file and --item are needed");
    TRY(question_open(&parsed, &question, err));
    TRY(question_item(&question, options_value(&parsed, "item"), &item, err));
    TRY_PTR(list = mem_array((size_t)question.query.k, sizeof(*list), err));
    TRY(predict_similar(question.predictor, item, question.query.k, list, &count, err));
    if (options_value(&parsed, "json") != NULL) {
        TRY(answer_list(question.record, list, count, &items, err));
        result = json_object();
        TRY(json_set(result, "item", answer_id(question.record->items, item), err));
        TRY(json_set(result, "items", json_incref(items), err));
        TRY(print_json(result, err));
    } else {
        print_recommendations(question.record, list, count);
    }
done:
    json_decref(result);
    json_decref(items);
    mem_free(list);
    question_close(&question);
    return rc;
}
