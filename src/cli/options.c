#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* getopt keeps pointers to the names, so those of parameters, with - for _, live here. A name with
 * _ is known in both spellings; their equal `val` keeps abbreviations of both from being called
 * ambiguous. */
struct long_options {
    struct option options[2 * OPTIONS_MAX + 1];
    char names[OPTIONS_MAX][40];
    const char *table_names[OPTIONS_MAX];
    int count, spellings;
};

static void add_spelling(struct long_options *all, const char *name, bool has_value, int index)
{
    all->options[all->spellings++] =
        (struct option){name, has_value ? required_argument : no_argument, NULL, index};
}

static void add_option(struct long_options *all, const char *name, bool has_value)
{
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->table_names[i], name) == 0)
            return; /* two kinds may share a parameter */
    assert(all->count < OPTIONS_MAX);
    snprintf(all->names[all->count], sizeof(all->names[0]), "%s", name);
    for (char *c = all->names[all->count]; *c != '\0'; c++)
        if (*c == '_')
            *c = '-';
    all->table_names[all->count] = name;
    add_spelling(all, all->names[all->count], has_value, all->count);
    if (strchr(name, '_') != NULL)
        add_spelling(all, name, has_value, all->count);
    all->count++;
}

static void collect(const struct command_help *help, struct long_options *all)
{
    *all = (struct long_options){0};
    add_option(all, "help", false);
    for (int i = 0; i < help->count; i++)
        add_option(all, help->options[i].name, help->options[i].value_name != NULL);
    for (int t = 0; t < OPTION_TABLES_MAX && help->tables[t] != NULL; t++)
        for (int32_t i = 0; i < help->tables[t]->count; i++)
            add_option(all, help->tables[t]->params[i].name, true);
}

/* Whether a word that getopt refused begins the names of more than one option. */
static bool is_ambiguous(const struct long_options *all, const char *word)
{
    const size_t length = strcspn(word, "=");
    int found = -1;
    for (int i = 0; i < all->spellings; i++) {
        if (strncmp(all->options[i].name, word, length) != 0)
            continue;
        if (found >= 0 && all->options[i].val != found)
            return true;
        found = all->options[i].val;
    }
    return false;
}

/* Why getopt returned '?' or ':' for the word. */
static enum err refuse(const struct long_options *all, int found, const char *word,
                       const char *command, struct error *err)
{
    const int length = (int)strcspn(word, "=");
    if (found == ':')
        return FAIL_REASON(err, ERR_INVALID, "option", "%s needs a value", word);
    if (optopt > 0 && word[length] == '=')
        return FAIL_REASON(err, ERR_INVALID, "option", "%.*s takes no value", length, word);
    if (strncmp(word, "--", 2) == 0 && is_ambiguous(all, word + 2))
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "%.*s may mean several options; see rectrain %s --help", length, word,
                           command);
    return FAIL_REASON(err, ERR_INVALID, "option",
                       "there is no option %.*s here; see rectrain %s --help", length, word,
                       command);
}

enum err options_parse(const struct command_help *help, int argc, char **argv,
                       struct parsed_options *ret_parsed, struct error *err)
{
    struct long_options all;
    struct parsed_options parsed = {0};
    collect(help, &all);
    opterr = 0;
    optind = 0;
    for (;;) {
        optopt = 0;
        const int found = getopt_long(argc, argv, ":", all.options, NULL);
        if (found == -1)
            break;
        /* getopt stays at a word of short options until its last letter. */
        const bool within = found == '?' && optind < argc && argv[optind][0] == '-' &&
                            argv[optind][1] != '-' && optopt > 0 &&
                            strchr(argv[optind] + 1, optopt) != NULL;
        if (found == '?' || found == ':')
            return refuse(&all, found, argv[within ? optind : optind - 1], argv[0], err);
        if (found == 0) {
            parsed.help = true;
            continue;
        }
        if (parsed.count == OPTIONS_MAX)
            return FAIL_REASON(err, ERR_INVALID, "option", "more than %d options", OPTIONS_MAX);
        parsed.names[parsed.count] = all.table_names[found];
        parsed.values[parsed.count++] = optarg;
    }
    parsed.argument_count = argc - optind;
    parsed.arguments = argv + optind;
    *ret_parsed = parsed;
    return ERR_OK;
}

const char *options_value(const struct parsed_options *parsed, const char *name)
{
    for (int i = parsed->count - 1; i >= 0; i--)
        if (strcmp(parsed->names[i], name) == 0)
            return parsed->values[i] != NULL ? parsed->values[i] : "";
    return NULL;
}

static void print_option(const char *name, const char *value_name, const char *text,
                         const char *initial)
{
    char left[64];
    snprintf(left, sizeof(left), "--%s%s%s", name, value_name != NULL ? " " : "",
             value_name != NULL ? value_name : "");
    for (char *c = left; *c != '\0' && *c != ' '; c++)
        if (*c == '_')
            *c = '-';
    printf("  %-28s %s", left, text);
    if (initial != NULL)
        printf(" [%s]", initial);
    putchar('\n');
}

void options_print_help(const struct command_help *help)
{
    static const char *const value_names[] = {
        [PARAM_INT] = "N", [PARAM_REAL] = "X", [PARAM_CHOICE] = NULL, [PARAM_TEXT] = "TEXT"};
    printf("Usage: %s\n\n%s\n\nOptions:\n", help->usage, help->summary);
    for (int i = 0; i < help->count; i++)
        print_option(help->options[i].name, help->options[i].value_name, help->options[i].help,
                     NULL);
    print_option("help", NULL, "show this text", NULL);
    for (int t = 0; t < OPTION_TABLES_MAX && help->tables[t] != NULL; t++) {
        if (help->tables[t]->count == 0)
            continue;
        printf("\n%s:\n", help->table_titles[t]);
        for (int32_t i = 0; i < help->tables[t]->count; i++) {
            const struct param_info *info = &help->tables[t]->params[i];
            print_option(info->name,
                         info->type == PARAM_CHOICE ? info->choices : value_names[info->type],
                         info->help, info->initial);
        }
    }
}

bool options_helped(const struct command_help *help, const struct parsed_options *parsed)
{
    if (parsed->help)
        options_print_help(help);
    return parsed->help;
}
