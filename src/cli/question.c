#include "cli/question.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cli/command.h"

enum { HISTORY_LINE_MAX = 4096, LIST_TEXT_MAX = 1 << 20 };

/* "12,7,12": each id once more. */
static enum err add_ids(const struct question *question, const char *text, struct item_list *list,
                        struct error *err)
{
    enum err rc = ERR_OK;
    char *copy = NULL, *rest;
    TRY_PTR(copy = mem_dup_string(text, err));
    rest = copy;
    for (char *id; (id = strsep(&rest, ",")) != NULL;)
        if (id[0] != '\0')
            TRY(item_list_add(list, question->record, id, 1, err));
done:
    mem_free(copy);
    return rc;
}

static enum err add_file(const struct question *question, const char *path, struct item_list *list,
                         struct error *err)
{
    enum err rc = ERR_OK;
    char line[HISTORY_LINE_MAX];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return FAIL(err, ERR_NOT_FOUND, "the history %s cannot be read: %m", path);
    for (int64_t number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
        double count = 1;
        line[strcspn(line, "\r\n")] = '\0';
        char *tab = strchr(line, '\t');
        if (tab != NULL)
            *tab = '\0';
        if (tab != NULL && !text_real(tab + 1, &count)) {
            rc = FAIL_REASON(err, ERR_DATA, "count", "%s, line %lld: %s is no number", path,
                             (long long)number, tab + 1);
            goto done;
        }
        if (line[0] != '\0')
            TRY(item_list_add(list, question->record, line, count, err));
    }
    if (ferror(file))
        rc = FAIL(err, ERR_IO, "the history %s cannot be read: %m", path);
done:
    fclose(file);
    return rc;
}

static void tell_unknown(const struct item_list *list, const char *what)
{
    if (list->unknown > 0)
        fprintf(stderr, "%lld of the %s are not among the model's items and were left out\n",
                (long long)list->unknown, what);
}

static enum err read_lists(const struct parsed_options *parsed, struct question *question,
                           struct error *err)
{
    enum err rc = ERR_OK;
    for (int i = 0; i < parsed->count; i++) {
        const char *name = parsed->names[i], *value = parsed->values[i];
        if (strcmp(name, "items") == 0)
            TRY(add_ids(question, value, &question->given, err));
        else if (strcmp(name, "history") == 0)
            TRY(add_file(question, value, &question->given, err));
        else if (strcmp(name, "allow") == 0)
            TRY(add_ids(question, value, &question->allow, err));
        else if (strcmp(name, "deny") == 0)
            TRY(add_ids(question, value, &question->deny, err));
    }
    item_list_finish(&question->given);
    item_list_finish(&question->allow);
    item_list_finish(&question->deny);
    tell_unknown(&question->given, "history's items");
    tell_unknown(&question->allow, "allowed items");
    tell_unknown(&question->deny, "denied items");
done:
    return rc;
}

static enum err read_query(const struct parsed_options *parsed, struct question *question,
                           struct error *err)
{
    enum err rc;
    int64_t k = 40;
    struct recommend_query *query = &question->query;
    const char *user = options_value(parsed, "user");
    query->user = -1;
    if (user != NULL) {
        query->user = idmap_find_text(question->record->users, user);
        if (query->user < 0)
            return FAIL_REASON(err, ERR_NOT_FOUND, "user_unknown",
                               "user %s is not among the %d users that %s was trained on", user,
                               question->record->users->count, parsed->arguments[0]);
    }
    if (options_value(parsed, "k") != NULL)
        TRY(parse_whole("k", options_value(parsed, "k"), 1, 1000000, &k, err));
    TRY(read_lists(parsed, question, err));
    query->k = (int32_t)k;
    query->with_seen = options_value(parsed, "with-seen") != NULL;
    if (question->given.count > 0) {
        question->history =
            (struct history){question->given.items, question->given.counts, question->given.count};
        query->history = &question->history;
    }
    if (options_value(parsed, "allow") != NULL) { /* an empty list allows nothing */
        static const int32_t nothing[1];
        query->allow = question->allow.count > 0 ? question->allow.items : nothing;
        query->allow_count = question->allow.count;
    }
    query->deny = question->deny.items;
    query->deny_count = question->deny.count;
done:
    return rc;
}

enum err question_open(const struct parsed_options *parsed, struct question *ret_question,
                       struct error *err)
{
    enum err rc;
    if (parsed->argument_count != 1)
        return FAIL_REASON(err, ERR_INVALID, "option", "one model file is needed");
    *ret_question = (struct question){0};
    TRY(model_file_open(parsed->arguments[0], false, &ret_question->file, err));
    ret_question->record = model_file_record(ret_question->file);
    TRY(predictor_create(ret_question->record, parallel_processors(), &ret_question->predictor,
                         err));
    TRY(read_query(parsed, ret_question, err));
done:
    if (rc != ERR_OK)
        question_close(ret_question);
    return rc;
}

void question_close(struct question *question)
{
    item_list_release(&question->given);
    item_list_release(&question->allow);
    item_list_release(&question->deny);
    predictor_free(question->predictor);
    model_file_close(question->file);
    *question = (struct question){0};
}

enum err question_item(const struct question *question, const char *id, int32_t *ret_item,
                       struct error *err)
{
    const int32_t item = idmap_find_text(question->record->items, id);
    if (item < 0)
        return FAIL_REASON(err, ERR_NOT_FOUND, "item_unknown",
                           "item %s is not among the model's %d items", id,
                           question->record->items->count);
    *ret_item = item;
    return ERR_OK;
}

/* As it is, for programs; a terminal would obey what a file says. */
static void print_text(struct str id)
{
    struct error ignored;
    char *shown = isatty(STDOUT_FILENO) == 1 ? mem_plain(id.len + 1, &ignored) : NULL;
    if (shown != NULL) {
        memcpy(shown, id.ptr, id.len);
        shown[id.len] = '\0';
        text_make_printable(shown);
    }
    fwrite(shown != NULL ? shown : id.ptr, 1, id.len, stdout);
    mem_free(shown);
}

void print_id(const struct idmap *map, int32_t index)
{
    char text[24];
    if (map->kind == ID_STRING) { /* of any length */
        print_text(idmap_string(map, index));
    } else {
        fputs(idmap_text(map, index, text, sizeof(text)), stdout);
    }
}

void print_recommendations(const struct model_record *record, const struct recommendation *list,
                           int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        print_id(record->items, list[i].item);
        printf("\t%.6g\n", (double)list[i].score);
    }
}
