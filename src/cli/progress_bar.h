#ifndef CLI_PROGRESS_BAR_H
#define CLI_PROGRESS_BAR_H

/*
 * Progress on the terminal: one line a phase on stderr, redrawn in place, with rate, loss and the
 * time left. Where stderr is no terminal only warnings are written.
 */
#include <stdbool.h>

#include "base/progress.h"

struct progress_bar {
    bool draws, colors;
    bool open; /* a line is on the screen without its end */
    enum progress_phase phase;
    double phase_start, last_draw;
    double loss, recall;
};

/* Ready the bar, with ctrl-c and SIGTERM setting *cancel (a second one kills). `quiet`: nothing but
 * warnings. The result is for progress->report and borrows the bar. */
void progress_bar_init(struct progress_bar *bar, bool quiet, struct progress *ret_progress);
/* End the open line, if there is one. */
void progress_bar_finish(struct progress_bar *bar);

#endif
