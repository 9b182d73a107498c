#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

/*
 * What a long piece of work tells while it runs, and how it is asked to stop. Reports come from
 * the thread that called the work, at most a few times a second besides iterations and phases.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum progress_phase { PHASE_LOAD, PHASE_SPLIT, PHASE_TRAIN, PHASE_EVALUATE, PHASE_SAVE };

struct progress_update {
    enum progress_phase phase;
    double done, total;   /* in `unit`; total 0: not known */
    const char *unit;     /* "rows", "iterations", "users", "bytes" */
    int32_t iteration;    /* 1-based, of the fit; 0: this is not the end of an iteration */
    double loss, seconds; /* of that iteration; NAN where the kind has none */
    double recall;        /* on the fixed sample of holdout users, or NAN (--eval-every) */
    const char *message;  /* a warning for people, or NULL */
};

struct progress {
    void (*report)(void *context, const struct progress_update *update); /* NULL: nobody listens */
    void *context;
    const atomic_bool *cancel; /* polled often; NULL: never cancelled */
};

static inline bool progress_cancelled(const struct progress *progress)
{
    return progress != NULL && progress->cancel != NULL &&
           atomic_load_explicit(progress->cancel, memory_order_relaxed);
}

static inline void progress_report(const struct progress *progress,
                                   const struct progress_update *update)
{
    if (progress != NULL && progress->report != NULL)
        progress->report(progress->context, update);
}

static inline void progress_warn(const struct progress *progress, enum progress_phase phase,
                                 const char *message)
{
    const struct progress_update update = {
        .phase = phase, .loss = NAN, .seconds = NAN, .recall = NAN, .message = message};
    progress_report(progress, &update);
}

#endif
