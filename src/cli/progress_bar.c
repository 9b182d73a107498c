#include "cli/progress_bar.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { BAR_WIDTH = 24 };
static const double REDRAW_SECONDS = 0.1;

static atomic_bool cancelled;

static void on_signal(int number)
{
    atomic_store(&cancelled, true);
    signal(number, SIG_DFL); /* who asks twice means it */
}

static const char *const phase_names[] = {[PHASE_LOAD] = "Load",
                                          [PHASE_SPLIT] = "Split",
                                          [PHASE_TRAIN] = "Train",
                                          [PHASE_EVALUATE] = "Evaluate",
                                          [PHASE_SAVE] = "Save"};

/* "1.4 M rows/s" */
static void rate_text(double rate, const char *unit, char *out, size_t size)
{
    if (strcmp(unit, "bytes") == 0) {
        char amount[16];
        snprintf(out, size, "%s/s", text_bytes((int64_t)rate, amount, sizeof(amount)));
    } else if (strcmp(unit, "iterations") == 0) {
        char each[24];
        snprintf(out, size, "%s each", text_seconds(1 / rate, each, sizeof(each)));
    } else if (rate >= 999.5e3) {
        snprintf(out, size, "%.1f M %s/s", rate / 1e6, unit);
    } else if (rate >= 9950) {
        snprintf(out, size, "%.0f k %s/s", rate / 1e3, unit);
    } else {
        snprintf(out, size, "%.0f %s/s", rate, unit);
    }
}

static void draw(struct progress_bar *bar, const struct progress_update *update, bool done)
{
    char line[256], rate[48] = "", left[32] = "", time[24];
    const double elapsed = clock_seconds() - bar->phase_start;
    double share = update->total > 0 ? update->done / update->total : 0;
    share = done || share > 1 ? 1 : share;
    int used = snprintf(line, sizeof(line), "\r%-9s ", phase_names[bar->phase]);
    for (int i = 0; i < BAR_WIDTH; i++)
        used += snprintf(line + used, sizeof(line) - (size_t)used, "%s",
                         i < (int)(share * BAR_WIDTH + 0.5) ? "█" : "░");
    if (update->done > 0 && elapsed > 0.05)
        rate_text(update->done / elapsed, update->unit, rate, sizeof(rate));
    if (!done && share > 0.02 && elapsed > 0.3)
        snprintf(left, sizeof(left), "%s left",
                 text_seconds(elapsed / share - elapsed, time, sizeof(time)));
    else
        snprintf(left, sizeof(left), "%s", text_seconds(elapsed, time, sizeof(time)));
    fprintf(stderr, "%s %3.0f %%  %s", line, 100 * share, left);
    if (rate[0] != '\0')
        fprintf(stderr, "  %s", rate);
    if (!isnan(bar->loss))
        fprintf(stderr, "  loss %.6g", bar->loss);
    if (!isnan(bar->recall))
        fprintf(stderr, "  recall %.4f", bar->recall);
    fputs("\033[K", stderr);
    fflush(stderr);
    bar->open = true;
}

static void warn(struct progress_bar *bar, const char *message)
{
    if (bar->open)
        fputs("\r\033[K", stderr);
    bar->open = false;
    fprintf(stderr, "%swarning:%s %s\n", bar->colors ? "\033[33m" : "",
            bar->colors ? "\033[0m" : "", message);
}

static void report(void *context, const struct progress_update *update)
{
    struct progress_bar *bar = context;
    const double now = clock_seconds();
    if (update->message != NULL) {
        warn(bar, update->message);
        return;
    }
    if (!bar->draws)
        return;
    if (!bar->open || update->phase != bar->phase) {
        progress_bar_finish(bar);
        bar->phase = update->phase;
        bar->phase_start = now;
        bar->last_draw = 0;
        bar->loss = bar->recall = NAN;
    }
    if (update->iteration > 0) {
        bar->loss = update->loss;
        bar->recall = isnan(update->recall) ? bar->recall : update->recall;
    }
    const bool done = update->total > 0 && update->done >= update->total;
    if (!done && now - bar->last_draw < REDRAW_SECONDS)
        return;
    bar->last_draw = now;
    draw(bar, update, done);
}

void progress_bar_init(struct progress_bar *bar, bool quiet, struct progress *ret_progress)
{
    const bool terminal = isatty(STDERR_FILENO) != 0;
    *bar = (struct progress_bar){
        .draws = terminal && !quiet,
        .colors = terminal && getenv("NO_COLOR") == NULL,
        .phase_start = clock_seconds(),
        .loss = NAN,
        .recall = NAN,
    };
    atomic_store(&cancelled, false);
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    *ret_progress = (struct progress){.report = report, .context = bar, .cancel = &cancelled};
}

void progress_bar_finish(struct progress_bar *bar)
{
    if (bar->open)
        fputc('\n', stderr);
    bar->open = false;
}
