/* The program: finds the subcommand, prints what it failed of, and turns it into an exit status. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/json.h"
#include "cli/command.h"

static const struct {
    const char *name;
    enum err (*run)(int argc, char **argv, struct error *err);
    const char *summary;
} commands[] = {
    {"train", command_train, "train a model on a clickstream, judge it and save it"},
    {"evaluate", command_evaluate, "judge a saved model on data"},
    {"recommend", command_recommend, "what a saved model recommends to a user"},
    {"similar", command_similar, "which items of a saved model are alike"},
    {"explain", command_explain, "why a saved model recommends an item, or does not"},
    {"compare", command_compare, "the lists of two saved models side by side"},
    {"export", command_export, "write a saved model in another format"},
    {"serve", command_serve, "run the web page and the API, with workers where there is no broker"},
    {"worker", command_worker, "train what was started on the page or by the API"},
    {"predict-worker", command_predict_worker, "make the predictions that were started there"},
    {"child", command_child, NULL},
    {"synth", command_synth, "write a clickstream of a chosen size and shape"},
    {"model", command_model, "versions of models: list, promote, undo, history, import"},
    {"user", command_user, "accounts and API tokens: add, passwd, list, remove, token"},
    {"db", command_db, "the store: migrate, back up, check"},
    {"health", command_health, "is the server, or a worker, of this machine alive?"},
    {"doctor", command_doctor, "is everything that is configured there and right?"},
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *to)
{
    fputs("Usage: rectrain COMMAND [option …]\n\n"
          "Trains, judges and serves recommenders.\n\nCommands:\n",
          to);
    for (int i = 0; i < COMMANDS; i++) /* one without a summary is not for people */
        if (commands[i].summary != NULL)
            fprintf(to, "  %-14s %s\n", commands[i].name, commands[i].summary);
    fputs("\nrectrain COMMAND --help tells more. Exit status: 0 done, 1 failed, 2 wrong usage,\n"
          "3 bad data or path, 4 cancelled.\n",
          to);
}

static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

/* What is in memory, passwords and tokens among it, is not to lie on a disk after a crash. */
static void forgo_core_dumps(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none); /* lowering is always allowed */
}

int main(int argc, char **argv)
{
    forgo_core_dumps();
    json_init();
    signal(SIGXFSZ, SIG_IGN); /* a file above the limit is an error with words, not a death */
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("rectrain " RECTRAIN_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return 0;
    }
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        struct error err;
        enum err rc = commands[i].run(argc - 1, argv + 1, &err);
        if (rc == ERR_OK && (fflush(stdout) != 0 || ferror(stdout) != 0))
            rc = FAIL(&err, ERR_IO, "cannot write to stdout: %m");
        if (rc == ERR_OK)
            return 0;
        fprintf(stderr, "rectrain %s: %s\n", argv[1], err.message);
        if (wants_json(argc, argv) && strcmp(err.reason, REASON_REPORTED) != 0)
            print_json_error(&err);
        return error_exit_status(err.code);
    }
    fprintf(stderr, "rectrain: there is no command %s; see rectrain --help\n", argv[1]);
    return 2;
}
