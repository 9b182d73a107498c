/* rectrain recommend */
#include "predict/recommend.h"

#include <stdio.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/options.h"

static const struct option_info options[] = {
    {"user", "ID", "whom to recommend to"},
    {"k", "N", "how many items [40]"},
    {"json", NULL, "print the result as one JSON object"},
};
static const struct command_help help = {
    .usage = "rectrain recommend MODEL.pkl --user ID [--k 40] [--json]",
    .summary = "Prints the best items that the user has not touched in the train data: id and "
               "score, best first.",
    .options = options,
    .count = sizeof(options) / sizeof(options[0]),
};

static json_t *id_to_json(const struct idmap *map, int32_t index)
{
    if (map->kind == ID_INT64)
        return json_integer(map->ints[index]);
    if (map->kind == ID_STRING) {
        const struct str text = idmap_string(map, index);
        return json_stringn(text.ptr, text.len);
    }
    char text[24]; /* above what a JSON integer holds in most readers */
    return json_string(idmap_text(map, index, text, sizeof(text)));
}

static enum err print_list_json(const struct model_record *record, int32_t user,
                                const struct recommendation *list, int32_t count, struct error *err)
{
    enum err rc;
    json_t *result = json_object(), *items = json_array();
    TRY(json_set(result, "items", items, err));
    TRY(json_set(result, "model_type", json_string(record->model->kind->name), err));
    TRY(json_set(result, "user", id_to_json(record->users, user), err));
    for (int32_t i = 0; i < count; i++) {
        json_t *entry = json_object();
        TRY(json_append(items, entry, err));
        TRY(json_set(entry, "item", id_to_json(record->items, list[i].item), err));
        TRY(json_set(entry, "score", json_number((double)list[i].score), err));
    }
    TRY(print_json(result, err));
done:
    json_decref(result);
    return rc;
}

static void print_list(const struct model_record *record, const struct recommendation *list,
                       int32_t count)
{
    char text[24];
    for (int32_t i = 0; i < count; i++) {
        if (record->items->kind == ID_STRING) { /* of any length */
            const struct str id = idmap_string(record->items, list[i].item);
            fwrite(id.ptr, 1, id.len, stdout);
        } else {
            fputs(idmap_text(record->items, list[i].item, text, sizeof(text)), stdout);
        }
        printf("\t%.6g\n", (double)list[i].score);
    }
}

enum err command_recommend(int argc, char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct model_file *file = NULL;
    struct recommendation *list = NULL;
    int64_t k = 40;
    int32_t count;

    TRY(options_parse(&help, argc, argv, &parsed, err));
    if (parsed.help) {
        options_print_help(&help);
        return ERR_OK;
    }
    const char *id = options_value(&parsed, "user");
    if (parsed.argument_count != 1 || id == NULL)
        return FAIL_REASON(err, ERR_INVALID, "option", "one model file and --user are needed");
    if (options_value(&parsed, "k") != NULL)
        TRY(parse_whole("k", options_value(&parsed, "k"), 1, 1000000, &k, err));
    TRY(model_file_open(parsed.arguments[0], false, &file, err));
    const struct model_record *record = model_file_record(file);
    const int32_t user = idmap_find_text(record->users, id);
    if (user < 0) {
        rc = FAIL_REASON(err, ERR_NOT_FOUND, "user_unknown",
                         "user %s is not among the %d users that %s was trained on", id,
                         record->users->count, parsed.arguments[0]);
        goto done;
    }
    TRY_PTR(list = mem_array((size_t)k, sizeof(*list), err));
    TRY(recommend_user(record, user, (int32_t)k, list, &count, err));
    if (options_value(&parsed, "json") != NULL)
        TRY(print_list_json(record, user, list, count, err));
    else
        print_list(record, list, count);
done:
    mem_free(list);
    model_file_close(file);
    return rc;
}
