#include "worker/recorder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

/* Where each phase ends, as a share of the run: with iterations, most of it is the fit. */
static const double ends[COURSES][PHASE_SAVE + 1] = {
    [COURSE_PLAIN] = {[PHASE_LOAD] = 0.60,
                      [PHASE_SPLIT] = 0.75,
                      [PHASE_TRAIN] = 0.80,
                      [PHASE_EVALUATE] = 0.97,
                      [PHASE_SAVE] = 1},
    [COURSE_ITERATIONS] = {[PHASE_LOAD] = 0.20,
                           [PHASE_SPLIT] = 0.25,
                           [PHASE_TRAIN] = 0.90,
                           [PHASE_EVALUATE] = 0.97,
                           [PHASE_SAVE] = 1},
    [COURSE_PREDICTION] = {[PHASE_LOAD] = 0.10,
                           [PHASE_SPLIT] = 0.10,
                           [PHASE_TRAIN] = 0.10,
                           [PHASE_EVALUATE] = 0.98,
                           [PHASE_SAVE] = 1},
};

static const char *const phase_words[] = {
    [PHASE_LOAD] = "Reading the data", [PHASE_SPLIT] = "Splitting by time",
    [PHASE_TRAIN] = "Training",        [PHASE_EVALUATE] = "Judging on what was held out",
    [PHASE_SAVE] = "Saving the model",
};

static const char *const prediction_words[] = {
    [PHASE_LOAD] = "Reading the model",
    [PHASE_SPLIT] = "Reading the users",
    [PHASE_TRAIN] = "Preparing",
    [PHASE_EVALUATE] = "Predicting",
    [PHASE_SAVE] = "Saving the predictions",
};

static const char *words_of(const struct recorder *recorder, enum progress_phase phase)
{
    return recorder->course == COURSE_PREDICTION ? prediction_words[phase] : phase_words[phase];
}

double recorder_share(enum recorder_course course, enum progress_phase phase, double done,
                      double total)
{
    const double *end = ends[course];
    const double begin = phase == PHASE_LOAD ? 0 : end[phase - 1];
    const double part = total > 0 ? fmin(done / total, 1) : 0;
    return begin + part * (end[phase] - begin);
}

enum err recorder_init(struct recorder *recorder, struct store *store, struct fence fence,
                       enum recorder_course course, struct error *err)
{
    enum err rc = ERR_OK;
    *recorder = (struct recorder){.store = store, .fence = fence, .course = course};
    TRY_PTR(recorder->points = mem_array(RECORDER_POINTS_MAX, sizeof(*recorder->points), err));
    TRY_PTR(recorder->notes = mem_array(RECORDER_NOTES_MAX, sizeof(*recorder->notes), err));
done:
    return rc;
}

void recorder_release(struct recorder *recorder)
{
    mem_free(recorder->points);
    mem_free(recorder->notes);
    *recorder = (struct recorder){0};
}

/* A run has at most 1,000 iterations; a child that tells more is not believed. */
static void add_point(struct recorder *recorder, const char *name, int64_t step, double value)
{
    if (!isfinite(value))
        return;
    if (recorder->point_done > 0 && recorder->point_done == recorder->point_count)
        recorder->point_done = recorder->point_count = 0;
    if (recorder->point_count < RECORDER_POINTS_MAX)
        recorder->points[recorder->point_count++] = (struct recorder_point){name, step, value};
}

static void take_iteration(struct recorder *recorder, const struct child_line *line)
{
    char loss[32] = "";
    add_point(recorder, "loss", line->iteration, line->loss);
    add_point(recorder, "seconds", line->iteration, line->seconds);
    add_point(recorder, "recall_at_k", line->iteration, line->recall);
    if (isfinite(line->loss))
        snprintf(loss, sizeof(loss), ", loss %.5g", line->loss);
    if (line->total > 0)
        snprintf(recorder->message, sizeof(recorder->message), "Iteration %d of %.0f%s",
                 line->iteration, line->total, loss);
    else
        snprintf(recorder->message, sizeof(recorder->message), "Iteration %d%s", line->iteration,
                 loss);
    recorder->iteration = line->iteration;
    recorder->progress =
        recorder_share(recorder->course, PHASE_TRAIN, line->iteration, line->total);
    recorder->progress_due = true;
}

static void take_progress(struct recorder *recorder, const struct child_line *line)
{
    char done[32], total[32];
    recorder->progress = recorder_share(recorder->course, line->phase, line->done, line->total);
    recorder->progress_due = true;
    const bool predicts = recorder->course == COURSE_PREDICTION && line->phase == PHASE_EVALUATE;
    if ((line->phase != PHASE_LOAD && !predicts) || line->total <= 0 || line->total > 1e15)
        return;
    snprintf(recorder->message, sizeof(recorder->message),
             predicts ? "Predicted for %s of %s users" : "Read %s of %s rows",
             text_grouped((int64_t)fmin(line->done, line->total), done, sizeof(done)),
             text_grouped((int64_t)line->total, total, sizeof(total)));
}

static void take_phase(struct recorder *recorder, const struct child_line *line)
{
    recorder->phase = line->phase;
    recorder->phases_due |= 1u << line->phase;
    recorder->progress = recorder_share(recorder->course, line->phase, 0, 0);
    recorder->progress_due = true;
    snprintf(recorder->message, sizeof(recorder->message), "%s", words_of(recorder, line->phase));
}

void recorder_take(struct recorder *recorder, const struct child_line *line)
{
    switch (line->event) {
    case CHILD_PHASE:
        take_phase(recorder, line);
        break;
    case CHILD_ITERATION:
        take_iteration(recorder, line);
        break;
    case CHILD_PROGRESS:
        take_progress(recorder, line);
        break;
    case CHILD_WARNING:
        if (line->message[0] != '\0' && recorder->note_count < RECORDER_NOTES_MAX)
            snprintf(recorder->notes[recorder->note_count++], sizeof(recorder->notes[0]), "%s",
                     line->message);
        break;
    default: /* not for the store */
        break;
    }
}

double recorder_due_in(const struct recorder *recorder)
{
    const bool waits = recorder->progress_due || recorder->point_done < recorder->point_count ||
                       recorder->note_done < recorder->note_count;
    if (recorder->phases_due != 0)
        return 0;
    return waits ? fmax(0, recorder->next_flush - clock_seconds()) : -1;
}

/* Each phase that was told has its place in the timeline, however many came in one look. */
static enum err flush_phases(struct recorder *recorder, struct error *err)
{
    enum err rc = ERR_OK;
    for (int i = PHASE_LOAD; i <= PHASE_SAVE && recorder->phases_due != 0; i++) {
        const enum progress_phase phase = (enum progress_phase)i;
        const char *message =
            phase == recorder->phase ? recorder->message : words_of(recorder, phase);
        if ((recorder->phases_due & 1u << phase) == 0)
            continue;
        TRY(job_advance(recorder->store, recorder->fence, phase, message, err));
        recorder->phases_due &= ~(1u << phase);
    }
done:
    return rc;
}

enum err recorder_flush(struct recorder *recorder, bool all, struct error *err)
{
    enum err rc = ERR_OK;
    struct store *store = recorder->store;
    const struct fence fence = recorder->fence;
    const double due = recorder_due_in(recorder);
    if (due < 0 || (due > 0 && !all))
        return ERR_OK;
    TRY(flush_phases(recorder, err));
    for (; recorder->point_done < recorder->point_count; recorder->point_done++) {
        const struct recorder_point *point = &recorder->points[recorder->point_done];
        TRY(job_add_point(store, fence, point->name, point->step, point->value, err));
    }
    for (; recorder->note_done < recorder->note_count; recorder->note_done++)
        TRY(job_note(store, fence, recorder->notes[recorder->note_done], err));
    if (recorder->progress_due)
        TRY(job_progress(store, fence, recorder->progress, recorder->iteration, recorder->message,
                         err));
    recorder->progress_due = false;
    recorder->next_flush = clock_seconds() + RECORDER_INTERVAL_MS / 1000.0;
done:
    return rc;
}
