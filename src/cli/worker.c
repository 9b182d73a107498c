/* rectrain worker and rectrain predict-worker, and the processes that they start: the same with
 * --slot, and child. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "worker/slot.h"
#include "worker/spawn.h"
#include "worker/supervise.h"

enum { LOOK_MS = 100 };
static const double NO_GRACE = 0;

static enum err run_slot(const char *keeper_text, const struct config *config, enum job_task task,
                         struct error *err)
{
    enum err rc;
    int64_t keeper;
    TRY(parse_whole("--slot", keeper_text, 0, INT32_MAX, &keeper, err));
    TRY(slot_run(config, task, keeper, err));
done:
    return rc;
}

/* Until somebody asks to stop, and then until all have; asked again, they hurry. */
static void watch(struct workers *workers, const sigset_t *held)
{
    int asked = 0;
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
    while (asked == 0 || workers_running(workers) > 0) {
        if (sigtimedwait(held, NULL, &look) < 0)
            continue;
        log_info("asked_to_stop", "times=%d running=%d", ++asked, workers_running(workers));
        workers_ask_stop(workers);
    }
}

static enum err run_workers(const struct config *config, enum job_task task, struct error *err)
{
    enum err rc;
    sigset_t held;
    struct workers *workers = NULL;
    const char *setting = task == JOB_PREDICT ? "PREDICT_WORKERS" : "WORKERS";
    const int32_t count = (int32_t)config_int(config, setting);
    if (count == 0)
        return FAIL_REASON(err, ERR_INVALID, "setting",
                           "%s is 0, which leaves nothing to do: set it to 1 or more", setting);
    command_hold_signals(&held);
    log_info("workers_started", "task=%s workers=%d version=%s", job_task_name(task), count,
             RECTRAIN_VERSION);
    TRY(workers_start(config, task, count, &workers, err));
    watch(workers, &held);
    workers_stop(workers, NO_GRACE);
    log_info("workers_stopped", "workers=%d", count);
done:
    return rc;
}

static enum err run_command(enum job_task task, const char *usage, const char *summary, int argc,
                            char **argv, struct error *err)
{
    enum err rc;
    struct parsed_options parsed;
    struct setting_options settings;
    struct config *config = NULL;

    setting_options_init(&settings);
    settings.options[settings.count++] =
        (struct option_info){"slot", "PID", "be one of the processes that PID, a rectrain, keeps"};
    const struct command_help help = {
        .usage = usage,
        .summary = summary,
        .options = settings.options,
        .count = settings.count,
    };
    TRY(settings_begin(&help, argc, argv, &parsed, &config, err));
    if (config == NULL)
        return ERR_OK;
    if (options_value(&parsed, "slot") != NULL)
        TRY(run_slot(options_value(&parsed, "slot"), config, task, err));
    else
        TRY(run_workers(config, task, err));
done:
    config_free(config);
    return rc;
}

#define OPTIONS_ARE_SETTINGS                                                                       \
    "Options are settings, which the environment has too (docs/configuration.md).\nSIGTERM lets "  \
    "running jobs go on for STOP_GRACE_SECONDS and then gives them back; a second\none gives "     \
    "them "                                                                                        \
    "back at once."

enum err command_worker(int argc, char **argv, struct error *err)
{
    return run_command(
        JOB_TRAIN, "rectrain worker [--workers N] [option …]",
        "Trains what is started on the page or by the API: takes jobs from the queue, one at a "
        "time\nin each of N processes, and runs each in a process of its own that may read its "
        "data "
        "and\nnothing else. " OPTIONS_ARE_SETTINGS,
        argc, argv, err);
}

enum err command_predict_worker(int argc, char **argv, struct error *err)
{
    return run_command(
        JOB_PREDICT, "rectrain predict-worker [--predict-workers N] [option …]",
        "Makes the predictions that are started on the page or by the API: takes them from the "
        "queue\nprediction_tasks, one at a time in each of N processes, and runs each in a process "
        "of its own\nthat may read its model and its list of users and nothing "
        "else.\n" OPTIONS_ARE_SETTINGS,
        argc, argv, err);
}

/* Not for people: a worker starts it with a spec on stdin (worker/protocol.h). */
enum err command_child(int argc, char **argv, struct error *err)
{
    (void)argv;
    if (argc > 1 || isatty(STDIN_FILENO))
        return FAIL_REASON(err, ERR_INVALID, "option",
                           "a worker starts this process by itself; see rectrain worker --help");
    const int status = child_main();
#ifdef RECTRAIN_COVERAGE
    exit(status); /* which writes down what was covered */
#endif
    _exit(status); /* nothing is left to do, and a leak checker could not work in here */
}
