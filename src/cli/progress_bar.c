#include "cli/progress_bar.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

enum { CELLS_MAX = 24, CELLS_MIN = 8, COLUMNS_USUAL = 80 };
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

/* "1.4 M rows/s"; "" for what no one counts. */
static void rate_text(double rate, const char *unit, char *out, size_t size)
{
    if (strcmp(unit, "bytes") == 0) {
        char amount[16];
        snprintf(out, size, "%s/s", text_bytes((int64_t)rate, amount, sizeof(amount)));
    } else if (strcmp(unit, "iterations") == 0) {
        char each[24];
        snprintf(out, size, "%s each", text_seconds(1 / rate, each, sizeof(each)));
    } else if (strcmp(unit, "rows") != 0 && strcmp(unit, "users") != 0) {
        out[0] = '\0';
    } else if (rate >= 999.5e3) {
        snprintf(out, size, "%.1f M %s/s", rate / 1e6, unit);
    } else if (rate >= 9950) {
        snprintf(out, size, "%.0f k %s/s", rate / 1e3, unit);
    } else {
        snprintf(out, size, "%.0f %s/s", rate, unit);
    }
}

/* What stands after the bar, in the order of the screen. */
enum { TIME, RATE, LOSS, RECALL, FIELDS };

static void make_fields(const struct progress_bar *bar, bool done, char fields[FIELDS][40])
{
    char time[24], rate[32] = "";
    const struct progress_update *update = &bar->last;
    const double elapsed = clock_seconds() - bar->phase_start;
    const double share = update->total > 0 ? update->done / update->total : 0;
    const double so_far = done && update->total > 0 ? update->total : update->done;
    if (!done && share > 0.02 && share < 1 && elapsed > 0.3)
        snprintf(fields[TIME], 40, "%s left",
                 text_seconds(elapsed / share - elapsed, time, sizeof(time)));
    else
        snprintf(fields[TIME], 40, "%s", text_seconds(elapsed, time, sizeof(time)));
    if (so_far > 0 && elapsed > 0.05)
        rate_text(so_far / elapsed, update->unit, rate, sizeof(rate));
    snprintf(fields[RATE], 40, "%s", rate);
    fields[LOSS][0] = fields[RECALL][0] = '\0';
    if (!isnan(bar->loss))
        snprintf(fields[LOSS], 40, "loss %.5g", bar->loss);
    if (!isnan(bar->recall))
        snprintf(fields[RECALL], 40, "recall %.4f", bar->recall);
}

/* Put into `out` as many fields as fit `width` columns; the rate goes first, the time stays. */
static int join_fields(char fields[FIELDS][40], int width, char *out, size_t size)
{
    static const int dropped[] = {-1, RATE, LOSS, RECALL, TIME};
    for (size_t drop = 0; drop < sizeof(dropped) / sizeof(dropped[0]); drop++) {
        int used = 0;
        if (dropped[drop] >= 0)
            fields[dropped[drop]][0] = '\0';
        out[0] = '\0';
        for (int i = 0; i < FIELDS; i++)
            if (fields[i][0] != '\0' && used < (int)size)
                used += snprintf(out + used, size - (size_t)used, "  %s", fields[i]);
        if (used <= width)
            return used;
    }
    return 0;
}

static int terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return COLUMNS_USUAL;
    return size.ws_col < PROGRESS_LINE_MAX ? size.ws_col : PROGRESS_LINE_MAX;
}

/* The line in one write, with spaces over what is left of the one before. */
static void draw(struct progress_bar *bar, bool done)
{
    char line[1024], tail[PROGRESS_LINE_MAX + 1], fields[FIELDS][40];
    const struct progress_update *update = &bar->last;
    const int columns = terminal_columns() - 1; /* the last one would make some terminals wrap */
    double share = update->total > 0 ? update->done / update->total : 0;
    share = done || share > 1 ? 1 : share;

    int left = columns - 9 - 6; /* the name and "  99 %" */
    int cells = left < CELLS_MIN + 1 ? 0 : left - 45;
    cells = left < CELLS_MIN + 1 ? 0 : cells < CELLS_MIN ? CELLS_MIN : cells;
    cells = cells > CELLS_MAX ? CELLS_MAX : cells;
    make_fields(bar, done, fields);
    left -= cells + 1;
    const int tail_columns = left > 0 ? join_fields(fields, left, tail, sizeof(tail)) : 0;

    int used = snprintf(line, sizeof(line), "\r%-9s ", phase_names[update->phase]);
    for (int i = 0; i < cells; i++) {
        const bool full = i < (int)(share * cells + 0.5);
        used += snprintf(line + used, sizeof(line) - (size_t)used, "%s",
                         bar->blocks ? (full ? "█" : "░") : (full ? "#" : "."));
    }
    snprintf(line + used, sizeof(line) - (size_t)used, " %3.0f %%%s", floor(100 * share),
             tail_columns > 0 ? tail : "");
    const int drawn = 10 + cells + 6 + tail_columns;
    int blanks = bar->drawn - drawn;
    blanks = blanks > columns - drawn ? columns - drawn : blanks;
    fprintf(stderr, "%s%*s", line, blanks > 0 ? blanks : 0, "");
    fflush(stderr);
    bar->drawn = drawn;
}

static void warn(struct progress_bar *bar, const char *message)
{
    char text[1024]; /* which may quote a file */
    snprintf(text, sizeof(text), "%s", message);
    text_make_printable(text);
    if (bar->drawn > 0) /* the line goes on below */
        fprintf(stderr, "\r%*s\r", bar->drawn, "");
    bar->drawn = 0;
    bar->last_draw = 0;
    fprintf(stderr, "%swarning:%s %s\n", bar->colors ? "\033[33m" : "",
            bar->colors ? "\033[0m" : "", text);
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
    if (!bar->begun || update->phase != bar->last.phase) {
        progress_bar_finish(bar, true);
        bar->begun = true;
        bar->phase_start = now;
        bar->last_draw = 0;
        bar->loss = bar->recall = NAN;
    }
    bar->last = *update;
    if (update->iteration > 0) {
        bar->loss = update->loss;
        bar->recall = isnan(update->recall) ? bar->recall : update->recall;
    }
    if (now - bar->last_draw < REDRAW_SECONDS)
        return;
    bar->last_draw = now;
    draw(bar, false);
}

/* Whether the language settings, by the first of them that is there, promise UTF-8. */
static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && value[0] != '\0')
            return strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL;
    }
    return false;
}

void progress_bar_init(struct progress_bar *bar, bool quiet, struct progress *ret_progress)
{
    const bool terminal = isatty(STDERR_FILENO) != 0;
    const char *no_color = getenv("NO_COLOR"), *kind = getenv("TERM");
    *bar = (struct progress_bar){
        .draws = terminal && !quiet,
        .colors = terminal && (no_color == NULL || no_color[0] == '\0') && kind != NULL &&
                  strcmp(kind, "dumb") != 0,
        .blocks = is_utf8(),
        .loss = NAN,
        .recall = NAN,
    };
    atomic_store(&cancelled, false);
    struct sigaction before;
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* nohup */
        sigaction(SIGHUP, &action, NULL);
    *ret_progress = (struct progress){.report = report, .context = bar, .cancel = &cancelled};
}

void progress_bar_finish(struct progress_bar *bar, bool done)
{
    if (bar->begun && (bar->drawn > 0 || done)) {
        draw(bar, done);
        fputc('\n', stderr);
    }
    bar->begun = false;
    bar->drawn = 0;
}
