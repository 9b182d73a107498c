#ifndef CLI_PROGRESS_BAR_H
#define CLI_PROGRESS_BAR_H

/*
 * Progress on the terminal: one line a phase on stderr, redrawn in place, with rate, loss and the
 * time left. It is as wide as the terminal allows and never wraps. No escape codes but the color of
 * a warning, which NO_COLOR and a dumb terminal leave out. Where stderr is no terminal only
 * warnings are written.
 */
#include <stdbool.h>

#include "base/progress.h"

enum { PROGRESS_LINE_MAX = 160 }; /* columns */

struct progress_bar {
    bool draws, colors, blocks;  /* blocks: the terminal knows characters that are not ASCII */
    bool begun;                  /* there is a phase */
    int drawn;                   /* columns of the line that is on the screen without its end */
    struct progress_update last; /* of this phase, for its last drawing */
    double phase_start, last_draw;
    double loss, recall;
};

/* Ready the bar, with ctrl-c, SIGTERM and a hang-up setting *cancel (a second one kills). `quiet`:
 * nothing but warnings. The result is for progress->report and borrows the bar. */
void progress_bar_init(struct progress_bar *bar, bool quiet, struct progress *ret_progress);
/* End the open line, if there is one; `done` when its phase came to its end. */
void progress_bar_finish(struct progress_bar *bar, bool done);

#endif
