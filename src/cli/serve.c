/* rectrain serve */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "api/service.h"
#include "cli/command.h"
#include "cli/settings.h"

enum { DRAIN_MS = 10000 };

/* Asked a second time: everything that counts is in the store, so nothing is lost. */
static void leave_at_once(int number)
{
    _exit(128 + number);
}

static void wait_for_signal(const sigset_t *held)
{
    int number;
    const struct sigaction leave = {.sa_handler = leave_at_once};
    while (sigwait(held, &number) != 0)
        ;
    fprintf(stderr, "rectrain serve: stopping; once more stops at once\n");
    sigaction(SIGINT, &leave, NULL);
    sigaction(SIGTERM, &leave, NULL);
    pthread_sigmask(SIG_UNBLOCK, held, NULL);
}

enum err command_serve(int argc, char **argv, struct error *err)
{
    enum err rc;
    sigset_t held;
    struct parsed_options parsed;
    struct setting_options settings;
    struct config *config = NULL;
    struct service *service = NULL;

    setting_options_init(&settings);
    const struct command_help help = {
        .usage = "rectrain serve [option …]",
        .summary = "Runs the web page and the API. Options are settings, which the environment has "
                   "too (docs/configuration.md).",
        .options = settings.options,
        .count = settings.count,
    };
    TRY(settings_begin(&help, argc, argv, &parsed, &config, err));
    if (config == NULL)
        return ERR_OK;
    command_hold_signals(&held);
    TRY(service_open(config, &service, err));
    printf("rectrain is at %s\n", service_url(service));
    fflush(stdout);
    wait_for_signal(&held);
done:
    service_close(service, DRAIN_MS);
    config_free(config);
    return rc;
}
