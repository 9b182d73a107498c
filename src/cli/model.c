/* rectrain model: versions, aliases and imports, from the shell of the server's machine. */
#include "cli/model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/model_files.h"
#include "api/model_intake.h"
#include "api/promote.h"
#include "base/memory.h"
#include "cli/command.h"
#include "cli/settings.h"

enum { COPY_BYTES = 1 << 20 };

/* ---- the desk ---- */

static enum err find_user(const struct parsed_options *parsed, struct registry_desk *desk,
                          struct error *err)
{
    enum err rc;
    struct user_list list = {0};
    const char *email = options_value(parsed, "user");
    if (email != NULL) {
        rc = user_find(desk->store, email, &desk->user, err);
        return rc == ERR_NOT_FOUND ? FAIL(err, ERR_NOT_FOUND, "there is no user %.254s", email)
                                   : rc;
    }
    TRY(user_list(desk->store, 0, 2, &list, err));
    if (list.count == 1)
        rc = user_find(desk->store, list.users[0]->email, &desk->user, err);
    else
        rc = FAIL_REASON(err, ERR_INVALID, "option",
                         "say whose models with --user EMAIL: there is not just one account");
done:
    user_list_release(&list);
    return rc;
}

enum err registry_desk_open(const struct parsed_options *parsed, struct registry_desk *desk,
                            struct error *err)
{
    enum err rc;
    TRY(settings_read(parsed, &desk->config, err));
    TRY(settings_open_store(desk->config, OPEN_EXISTING, &desk->store, err));
    TRY(find_user(parsed, desk, err));
done:
    return rc;
}

void registry_desk_release(struct registry_desk *desk)
{
    mem_free(desk->user);
    store_close(desk->store);
    config_free(desk->config);
}

enum err registry_desk_find(const struct registry_desk *desk, const struct parsed_options *parsed,
                            struct model_record **ret_model, struct error *err)
{
    return registry_resolve(desk->store, desk->user->user_id, parsed->arguments[0], ret_model, err);
}

static const char *alias_of(const struct parsed_options *parsed)
{
    const char *alias = options_value(parsed, "alias");
    return alias != NULL ? alias : MODEL_CHAMPION;
}

/* ---- aliases ---- */

static enum err promote_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct registry_desk desk = {0};
    struct model_record *model = NULL;
    struct promotion_result result = {0};
    TRY(registry_desk_open(parsed, &desk, err));
    TRY(registry_desk_find(&desk, parsed, &model, err));
    const struct promotion promotion = {.config = desk.config,
                                        .store = desk.store,
                                        .user_id = desk.user->user_id,
                                        .by = desk.user->email,
                                        .name = model->name,
                                        .alias = alias_of(parsed),
                                        .model_id = model->model_id,
                                        .reason = options_value(parsed, "reason"),
                                        .override = options_value(parsed, "override") != NULL};
    TRY(promote(&promotion, &result, err));
    if (result.outcome == PROMOTION_REFUSED)
        rc = FAIL_REASON(err, ERR_CONFLICT, "gate_refused",
                         "the gate lets %s not become champion: %s. --override moves it anyway, "
                         "with a --reason",
                         result.verdict.candidate, result.verdict.words);
    else if (result.outcome == PROMOTION_BLIND)
        rc = FAIL_REASON(err, ERR_INVALID, "option",
                         "--override needs a --reason: say why the verdict does not count");
    else
        rc = print_move(model->name, result.move, options_value(parsed, "json") != NULL, err);
done:
    mem_free(result.move);
    mem_free(model);
    registry_desk_release(&desk);
    return rc;
}

static enum err turn_back(const struct parsed_options *parsed, bool is_undo, struct error *err)
{
    enum err rc;
    struct registry_desk desk = {0};
    struct alias_move *move = NULL;
    TRY(registry_desk_open(parsed, &desk, err));
    const struct alias_move_new words = {.user_id = desk.user->user_id,
                                         .name = parsed->arguments[0],
                                         .alias = alias_of(parsed),
                                         .from_model_id = ALIAS_FROM_ANY,
                                         .by = desk.user->email,
                                         .reason = options_value(parsed, "reason")};
    if (is_undo)
        TRY(registry_undo(desk.store, &words, &move, err));
    else
        TRY(registry_move(desk.store, &words, &move, err));
    rc = print_move(words.name, move, options_value(parsed, "json") != NULL, err);
done:
    mem_free(move);
    registry_desk_release(&desk);
    return rc;
}

static enum err undo_action(const struct parsed_options *parsed, struct error *err)
{
    return turn_back(parsed, true, err);
}

static enum err unalias_action(const struct parsed_options *parsed, struct error *err)
{
    return turn_back(parsed, false, err);
}

static enum err gate_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct registry_desk desk = {0};
    struct registry_list list = {0};
    const char *name = parsed->arguments[0], *margin = options_value(parsed, "margin");
    TRY(registry_desk_open(parsed, &desk, err));
    TRY(registry_read(desk.store, desk.user->user_id, name, &list, err));
    bool gate = list.names[0]->gate;
    double by = list.names[0]->margin;
    gate = options_value(parsed, "on") != NULL || (gate && options_value(parsed, "off") == NULL);
    if (margin != NULL && (!text_real(margin, &by) || by < 0 || by > 100)) {
        rc = FAIL_REASON(err, ERR_INVALID, "option",
                         "--margin is %.40s, but it must be points from 0 to 100", margin);
        goto done;
    }
    by = margin != NULL ? by / 100 : by;
    TRY(registry_set_gate(desk.store, desk.user->user_id, name, gate, by, err));
    printf("the gate of %s is %s, its margin %g points\n", name, gate ? "on" : "off", 100 * by);
done:
    registry_list_release(&list);
    registry_desk_release(&desk);
    return rc;
}

/* ---- models ---- */

/* "a,b" cut in place; false: too many. */
static bool cut_tags(char *text, const char *tags[MODEL_TAGS_MAX], int32_t *ret_count)
{
    *ret_count = 0;
    for (char *tag; (tag = strsep(&text, ",")) != NULL;) {
        if (tag[0] == '\0')
            continue;
        if (*ret_count == MODEL_TAGS_MAX)
            return false;
        tags[(*ret_count)++] = tag;
    }
    return true;
}

static enum err edit_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    char *words = NULL;
    const char *tags[MODEL_TAGS_MAX];
    struct registry_desk desk = {0};
    struct model_record *model = NULL, *changed = NULL;
    const char *tags_text = options_value(parsed, "tags");
    struct model_edit edit = {.name = options_value(parsed, "name"),
                              .note = options_value(parsed, "note")};
    TRY(registry_desk_open(parsed, &desk, err));
    TRY(registry_desk_find(&desk, parsed, &model, err));
    if (tags_text != NULL) {
        TRY_PTR(words = mem_dup_string(tags_text, err));
        edit.tags = tags;
        if (!cut_tags(words, tags, &edit.tag_count)) {
            rc = FAIL_REASON(err, ERR_INVALID, "option", "--tags must be at most %d",
                             (int)MODEL_TAGS_MAX);
            goto done;
        }
    }
    TRY(model_edit(desk.store, desk.user->user_id, model->model_id, &edit, err));
    TRY(model_read(desk.store, desk.user->user_id, model->model_id, &changed, err));
    printf("%s:%" PRId64 " is changed\n", changed->name, changed->version);
done:
    mem_free(words);
    mem_free(changed);
    mem_free(model);
    registry_desk_release(&desk);
    return rc;
}

static enum err remove_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    struct registry_desk desk = {0};
    struct model_record *model = NULL;
    TRY(registry_desk_open(parsed, &desk, err));
    TRY(registry_desk_find(&desk, parsed, &model, err));
    TRY(model_remove(desk.store, desk.user->user_id, model->model_id, err));
    TRY(saved_file_remove(desk.config, SAVED_MODEL, model->path, err));
    printf("removed %s:%" PRId64 "\n", model->name, model->version);
done:
    mem_free(model);
    registry_desk_release(&desk);
    return rc;
}

/* ---- import ---- */

static enum err copy_file(const char *path, int to, int64_t *ret_bytes, struct error *err)
{
    enum err rc = ERR_OK;
    char *bytes = NULL;
    const int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return FAIL(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%.300s: %m", path);
    *ret_bytes = 0;
    TRY_PTR(bytes = mem_array(COPY_BYTES, 1, err));
    for (ssize_t got; (got = read(from, bytes, COPY_BYTES)) != 0;) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || write(to, bytes, (size_t)got) != got) {
            rc = FAIL(err, ERR_IO, "%.300s cannot be copied: %m", path);
            break;
        }
        *ret_bytes += got;
    }
done:
    mem_free(bytes);
    close(from);
    return rc;
}

static enum err import_hits(const struct registry_desk *desk, const struct model_record *model,
                            const char *path, const char *unique, struct error *err)
{
    enum err rc;
    int fd = -1;
    int64_t bytes;
    TRY(intake_open(desk->config, unique, &fd, err));
    TRY(copy_file(path, fd, &bytes, err));
    const struct intake intake = {.config = desk->config, .store = desk->store, .fd = fd};
    rc = intake_take_hits(&intake, model, err);
    if (rc != ERR_OK)
        error_prefix(err, "%s:%" PRId64 " was imported without hits: ", model->name,
                     model->version);
done:
    if (fd >= 0) {
        intake_drop(fd);
        close(fd);
    }
    return rc;
}

static enum err import_action(const struct parsed_options *parsed, struct error *err)
{
    enum err rc;
    int fd = -1;
    int64_t model_id;
    char unique[32];
    const char *hits = options_value(parsed, "hits");
    json_t *report = NULL;
    struct registry_desk desk = {0};
    struct model_record *model = NULL;
    TRY(registry_desk_open(parsed, &desk, err));
    struct model_import import = {.user_id = desk.user->user_id,
                                  .name = options_value(parsed, "name"),
                                  .note = options_value(parsed, "note")};
    snprintf(unique, sizeof(unique), "import-%lld", (long long)getpid());
    TRY(intake_open(desk.config, unique, &fd, err));
    TRY(copy_file(parsed->arguments[0], fd, &import.size_bytes, err));
    const struct intake intake = {.config = desk.config, .store = desk.store, .fd = fd};
    TRY(intake_take(&intake, &import, &report, &model_id, err));
    TRY(model_read(desk.store, desk.user->user_id, model_id, &model, err));
    printf("%s:%" PRId64 "  model %" PRId64 "\n", model->name, model->version, model_id);
    if (hits != NULL)
        rc = import_hits(&desk, model, hits, unique, err);
done:
    if (fd >= 0) {
        intake_drop(fd);
        close(fd);
    }
    json_decref(report);
    mem_free(model);
    registry_desk_release(&desk);
    return rc;
}

/* ---- the table ---- */

#define DESK_OPTIONS                                                                               \
    {"user", "EMAIL", "whose models; needed where there is more than one account"},                \
        SETTINGS_STORE_OPTION
#define JSON_OPTION                                                                                \
    {                                                                                              \
        "json", NULL, "print JSON, one object a line"                                              \
    }
#define ALIAS_OPTION                                                                               \
    {                                                                                              \
        "alias", "NAME", "which [champion]"                                                        \
    }
#define REASON_OPTION                                                                              \
    {                                                                                              \
        "reason", "TEXT", "why, for the history"                                                   \
    }
#define DIRECTORY_OPTION                                                                           \
    {                                                                                              \
        "model_dir", "DIR", "where the models lie, instead of MODEL_DIR"                           \
    }
static const struct option_info list_options[] = {
    {"name", "NAME", "versions of this name alone"},
    {"tag", "TAG", "those with this tag alone"},
    JSON_OPTION,
    DESK_OPTIONS,
};
static const struct option_info show_options[] = {JSON_OPTION, DESK_OPTIONS};
static const struct option_info verdict_options[] = {
    {"against", "REF", "another one than the champion of its name"},
    DIRECTORY_OPTION,
    JSON_OPTION,
    DESK_OPTIONS,
};
static const struct option_info promote_options[] = {
    ALIAS_OPTION,     REASON_OPTION, {"override", NULL, "move it whatever the verdict is"},
    DIRECTORY_OPTION, JSON_OPTION,   DESK_OPTIONS,
};
static const struct option_info undo_options[] = {ALIAS_OPTION, REASON_OPTION, JSON_OPTION,
                                                  DESK_OPTIONS};
static const struct option_info history_options[] = {
    {"alias", "NAME", "of this one alone"},
    {"at", "TIME", "what they pointed at then: a day (its end, UTC) or a time"},
    JSON_OPTION,
    DESK_OPTIONS,
};
static const struct option_info gate_options[] = {
    {"on", NULL, "champion needs a verdict that passes"},
    {"off", NULL, "it may be moved to any version"},
    {"margin", "POINTS", "of recall by which a version must be better"},
    DESK_OPTIONS,
};
static const struct option_info edit_options[] = {
    {"name", "NAME", "make it the next version of another name"},
    {"note", "TEXT", "what people shall know of it"},
    {"tags", "TAGS", "words with commas between, in the place of those that there are"},
    DESK_OPTIONS,
};
static const struct option_info remove_options[] = {DIRECTORY_OPTION, DESK_OPTIONS};
static const struct option_info import_options[] = {
    {"name", "NAME", "that it becomes a version of [its kind]"},
    {"hits", "FILE", "the .hits.json beside it, so that it can be compared with others"},
    {"note", "TEXT", "what people shall know of it"},
    DIRECTORY_OPTION,
    DESK_OPTIONS,
};

#define REF_HELP                                                                                   \
    "\nREF is a number (17), name@alias, name:version, or a name: its champion, else its newest."
#define ACTION(word, line, words, about, table, wanted, function)                                  \
    {                                                                                              \
        .name = (word), .summary = (line),                                                         \
        .help = {.usage = "rectrain model " words " [option …]",                                   \
                 .summary = (about),                                                               \
                 .options = (table),                                                               \
                 .count = sizeof(table) / sizeof((table)[0])},                                     \
        .arguments_min = (wanted), .arguments_max = (wanted), .run = (function)                    \
    }

static const struct command_action actions[] = {
    ACTION("list", "show all versions", "list",
           "Shows models, the newest first: number, version, type, recall, size, aliases.",
           list_options, 0, model_list_action),
    ACTION("show", "show one", "show REF", "Shows what is known of a model." REF_HELP, show_options,
           1, model_show_action),
    ACTION("verdict", "is it better than the champion?", "verdict REF",
           "Tells by a paired bootstrap over the users of the holdout whether a version is "
           "better." REF_HELP,
           verdict_options, 1, model_verdict_action),
    ACTION("promote", "point champion, or another alias, at a version", "promote REF",
           "Points an alias at a version. Where that is champion and the gate of the name is on, "
           "the\nversion must beat the champion and popular." REF_HELP,
           promote_options, 1, promote_action),
    ACTION("undo", "move an alias back", "undo NAME",
           "Moves an alias back to where it was before its last move; once more goes forward "
           "again.",
           undo_options, 1, undo_action),
    ACTION("unalias", "take an alias away", "unalias NAME",
           "Takes an alias away; the version stays.", undo_options, 1, unalias_action),
    ACTION("history", "show the moves of a name's aliases", "history NAME",
           "Shows who moved which alias when and why, the newest first.", history_options, 1,
           model_history_action),
    ACTION("gate", "set what champion asks for", "gate NAME",
           "Switches the gate of champion on or off, and sets its margin.", gate_options, 1,
           gate_action),
    ACTION("edit", "change name, note and tags", "edit REF",
           "Changes what people say of a model." REF_HELP, edit_options, 1, edit_action),
    ACTION("remove", "remove a version with its file", "remove REF",
           "Removes a version and its file, unless an alias points there." REF_HELP, remove_options,
           1, remove_action),
    ACTION("import", "take in a model file", "import FILE",
           "Takes in a model that rectrain train made elsewhere. The file is copied, and read in "
           "full\nbefore it becomes a version.",
           import_options, 1, import_action),
};
static const struct command_group group = {
    .name = "model",
    .summary = "Versions of models, their aliases, and imports.",
    .actions = actions,
    .count = sizeof(actions) / sizeof(actions[0]),
};

enum err command_model(int argc, char **argv, struct error *err)
{
    return command_group_run(&group, argc, argv, err);
}
