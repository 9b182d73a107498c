#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/*
 * The options of a subcommand, from tables: its own, and the parameter tables that it takes over
 * (a parameter eval_days is the option --eval-days). GNU long options, abbreviated as getopt does;
 * --help is made from the same tables.
 */
#include <stdbool.h>

#include "base/error.h"
#include "base/params.h"

/* Room for every kind of model, each with parameters of its own; an assertion watches it. */
enum { OPTIONS_MAX = 256, OPTION_TABLES_MAX = 32 };

struct option_info {
    const char *name;       /* "data": --data */
    const char *value_name; /* "DIR"; NULL: a switch */
    const char *help;
};

struct command_help {
    const char *usage;   /* "rectrain train --model KIND --data DIR [option …]" */
    const char *summary; /* what it does, in a line or two */
    const struct option_info *options;
    int count;
    const struct param_table *tables[OPTION_TABLES_MAX]; /* NULL-terminated */
    const char *table_titles[OPTION_TABLES_MAX];
};

/* What the command line said, in its order. Strings are borrowed from argv. */
struct parsed_options {
    int count;
    const char *names[OPTIONS_MAX];  /* as in the tables: eval_days */
    const char *values[OPTIONS_MAX]; /* NULL of a switch */
    int argument_count;
    char **arguments; /* what is no option */
    bool help;        /* --help was among them */
};

/* argv[0] is the subcommand. ERR_INVALID names the option. */
MUST_CHECK enum err options_parse(const struct command_help *help, int argc, char **argv,
                                  struct parsed_options *ret_parsed, struct error *err);
/* The last value given for a name: NULL when there is none ("" for a switch that was given). */
const char *options_value(const struct parsed_options *parsed, const char *name);
void options_print_help(const struct command_help *help);
/* Whether --help was given: it is printed, and there is nothing else to do. */
bool options_helped(const struct command_help *help, const struct parsed_options *parsed);

#endif
