#ifndef WORKER_RECORDER_H
#define WORKER_RECORDER_H

/*
 * What a child tells, on its way into the store: phases at once, curves, warnings and progress a
 * few times a second. While the store is away all is held and written later, so that a run loses
 * nothing of its curves by it.
 */
#include "store/work.h"
#include "worker/protocol.h"

enum { RECORDER_POINTS_MAX = 4096, RECORDER_NOTES_MAX = 32, RECORDER_INTERVAL_MS = 200 };

/* What takes the time of a run. */
enum recorder_course {
    COURSE_PLAIN,      /* reading, mostly */
    COURSE_ITERATIONS, /* the fit, which goes in iterations */
    COURSE_PREDICTION, /* the lists of users: PHASE_EVALUATE */
    COURSES
};

struct recorder {
    struct store *store;
    struct fence fence;
    enum recorder_course course;
    enum progress_phase phase; /* the newest */
    unsigned phases_due;       /* bit i: phase i was told and is not in the store yet */
    bool progress_due;
    double progress;
    int64_t iteration;
    char message[CHILD_TEXT_MAX + 1];
    struct recorder_point {
        const char *name; /* static */
        int64_t step;
        double value;
    } * points; /* [RECORDER_POINTS_MAX] */
    int32_t point_count, point_done;
    char (*notes)[CHILD_TEXT_MAX + 1]; /* [RECORDER_NOTES_MAX] */
    int32_t note_count, note_done;
    double next_flush; /* by clock_seconds */
};

MUST_CHECK enum err recorder_init(struct recorder *recorder, struct store *store,
                                  struct fence fence, enum recorder_course course,
                                  struct error *err);
void recorder_release(struct recorder *recorder);

/* Take in a phase, an iteration, how far it is, or a warning. */
void recorder_take(struct recorder *recorder, const struct child_line *line);

/* Write what is due; `all`: also what could wait a little. Errors of the store, after which it goes
 * on where it stopped; ERR_CONFLICT: fenced off. */
MUST_CHECK enum err recorder_flush(struct recorder *recorder, bool all, struct error *err);

/* Seconds until there is something to write; below 0: nothing is held. */
double recorder_due_in(const struct recorder *recorder);

/* The share of a whole run, 0 to 1, that is done when a phase has done `done` of `total`. */
double recorder_share(enum recorder_course course, enum progress_phase phase, double done,
                      double total);

#endif
