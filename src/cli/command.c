#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "eval/metrics.h"

enum { OUTPUT_BYTES_MAX = 1 << 28 };

enum err print_json(const json_t *value, struct error *err)
{
    struct strbuf text;
    strbuf_init(&text, OUTPUT_BYTES_MAX);
    enum err rc = json_write(value, 2, &text, err);
    if (rc == ERR_OK && (puts(text.ptr) < 0 || fflush(stdout) != 0))
        rc = FAIL(err, ERR_IO, "cannot write to stdout");
    strbuf_release(&text);
    return rc;
}

void print_json_error(const struct error *failure)
{
    struct error ignored;
    char code[32];
    const char *name = error_code_name(failure->code);
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < sizeof(code); i++)
        code[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    code[i] = '\0';
    json_t *root = json_pack("{s:s, s:{s:s, s:s, s:o}}", "status", "failed", "error", "code", code,
                             "reason", failure->reason[0] != '\0' ? failure->reason : code,
                             "message", json_text(failure->message));
    if (root != NULL)
        (void)!print_json(root, &ignored);
    json_decref(root);
}

void print_metrics(const json_t *metrics, const json_t *floor, const char *title)
{
    printf("%-18s %12s%s\n", "", title, floor != NULL ? "      popular" : "");
    for (int32_t i = 0; i < metric_count(); i++) {
        const struct metric *metric = metric_at(i);
        const json_t *value = json_object_get(metrics, metric->name);
        if (value == NULL)
            continue;
        printf("%-18s %12.6f", metric->name, json_number_value(value));
        if (floor != NULL)
            printf(" %12.6f", json_number_value(json_object_get(floor, metric->name)));
        putchar('\n');
    }
}

void command_hold_signals(sigset_t *ret_held)
{
    sigemptyset(ret_held);
    sigaddset(ret_held, SIGINT);
    sigaddset(ret_held, SIGTERM);
    pthread_sigmask(SIG_BLOCK, ret_held, NULL);
    signal(SIGPIPE, SIG_IGN);
}

enum err parse_whole(const char *name, const char *text, int64_t min, int64_t max,
                     int64_t *ret_value, struct error *err)
{
    if (text_int(text, ret_value) && *ret_value >= min && *ret_value <= max)
        return ERR_OK;
    return FAIL_REASON(err, ERR_INVALID, "parameter_range",
                       "%s is %s, but it must be a whole number from %" PRId64 " to %" PRId64, name,
                       text, min, max);
}

/* ---- subcommands of several actions ---- */

static void print_group(const struct command_group *group, FILE *to)
{
    fprintf(to, "Usage: rectrain %s ACTION [option …]\n\n%s\n\nActions:\n", group->name,
            group->summary);
    for (int i = 0; i < group->count; i++)
        fprintf(to, "  %-12s %s\n", group->actions[i].name, group->actions[i].summary);
    fprintf(to, "\nrectrain %s ACTION --help tells more.\n", group->name);
}

static enum err run_action(const struct command_group *group, const struct command_action *action,
                           int argc, char **argv, struct error *err)
{
    enum err rc;
    char name[64];
    struct parsed_options parsed;
    snprintf(name, sizeof(name), "%s %s", group->name, action->name);
    char *word = argv[0];
    argv[0] = name; /* what messages call the command */
    rc = options_parse(&action->help, argc, argv, &parsed, err);
    argv[0] = word;
    TRY(rc);
    if (parsed.help)
        options_print_help(&action->help);
    else if (parsed.argument_count < action->arguments_min ||
             parsed.argument_count > action->arguments_max)
        rc = FAIL_REASON(err, ERR_INVALID, "option", "%s: %s; usage: %s", action->name,
                         parsed.argument_count < action->arguments_min ? "an argument is missing"
                                                                       : "too many arguments",
                         action->help.usage);
    else
        rc = action->run(&parsed, err);
done:
    return rc;
}

enum err command_group_run(const struct command_group *group, int argc, char **argv,
                           struct error *err)
{
    if (argc < 2) {
        print_group(group, stderr);
        return FAIL_REASON(err, ERR_INVALID, "option", "an action is missing");
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_group(group, stdout);
        return ERR_OK;
    }
    for (int i = 0; i < group->count; i++)
        if (strcmp(argv[1], group->actions[i].name) == 0)
            return run_action(group, &group->actions[i], argc - 1, argv + 1, err);
    return FAIL_REASON(err, ERR_INVALID, "option", "there is no action %s; see rectrain %s --help",
                       argv[1], group->name);
}
