#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/*
 * What the subcommands share. Each is one file with one function that takes argv from the
 * subcommand on and returns an error for main to print; results go to stdout, all else to stderr.
 */
#include <signal.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/options.h"
#include "eval/evaluate.h"

enum err command_train(int argc, char **argv, struct error *err);
enum err command_evaluate(int argc, char **argv, struct error *err);
enum err command_recommend(int argc, char **argv, struct error *err);
enum err command_similar(int argc, char **argv, struct error *err);
enum err command_explain(int argc, char **argv, struct error *err);
enum err command_compare(int argc, char **argv, struct error *err);
enum err command_export(int argc, char **argv, struct error *err);
enum err command_serve(int argc, char **argv, struct error *err);
enum err command_worker(int argc, char **argv, struct error *err);
MUST_CHECK enum err command_predict_worker(int argc, char **argv, struct error *err);
enum err command_child(int argc, char **argv, struct error *err);
enum err command_synth(int argc, char **argv, struct error *err);
enum err command_model(int argc, char **argv, struct error *err);
enum err command_user(int argc, char **argv, struct error *err);
enum err command_db(int argc, char **argv, struct error *err);
enum err command_health(int argc, char **argv, struct error *err);
enum err command_doctor(int argc, char **argv, struct error *err);

/* A subcommand of several actions: `rectrain db backup FILE`. The word after its name chooses the
 * one; the options, the help and the count of arguments of each come from the table. */
struct command_action {
    const char *name, *summary; /* "backup", "copy the store to a file" */
    struct command_help help;
    int arguments_min, arguments_max;
    enum err (*run)(const struct parsed_options *parsed, struct error *err);
};
struct command_group {
    const char *name, *summary; /* "db", and what it is for, in a sentence */
    const struct command_action *actions;
    int count;
};
/* ERR_INVALID (option): no such action, a wrong option, too few or too many arguments. */
MUST_CHECK enum err command_group_run(const struct command_group *group, int argc, char **argv,
                                      struct error *err);

/* The reason of a failure that the command has told on stdout itself: main adds its one line to
 * stderr and the exit status, and no second JSON object. */
#define REASON_REPORTED "reported"

/* A JSON value, or a failure as {"status": "failed", "error": {…}}, as one object on stdout. */
MUST_CHECK enum err print_json(const json_t *value, struct error *err);
void print_json_error(const struct error *failure);

/* Print the metrics of an object by name as a table; `floor` (NULL allowed) beside them. */
void print_metrics(const json_t *metrics, const json_t *floor, const char *title);

/* For a command that runs until it is asked to stop: SIGINT and SIGTERM wait from now on, in every
 * thread that is started later too, for whoever takes them from *ret_held. SIGPIPE is ignored. */
void command_hold_signals(sigset_t *ret_held);

/* The text as a whole number of min to max, for options without a table. */
MUST_CHECK enum err parse_whole(const char *name, const char *text, int64_t min, int64_t max,
                                int64_t *ret_value, struct error *err);

#endif
