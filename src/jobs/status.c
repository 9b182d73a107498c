#include "jobs/status.h"

#include <stddef.h>
#include <string.h>

#define BIT(status) (1u << (status))

static const struct {
    const char *name;
    unsigned next; /* bits of the statuses that it may become */
} statuses[JOB_STATUS_COUNT] = {
    [JOB_PENDING] = {"pending", BIT(JOB_PENDING) | BIT(JOB_LOADING_DATA) | BIT(JOB_FAILED)},
    [JOB_LOADING_DATA] = {"loading_data", BIT(JOB_LOADING_DATA) | BIT(JOB_PREPROCESSING) |
                                              BIT(JOB_TRAINING) | BIT(JOB_PENDING) |
                                              BIT(JOB_FAILED)},
    [JOB_PREPROCESSING] = {"preprocessing", BIT(JOB_PREPROCESSING) | BIT(JOB_TRAINING) |
                                                BIT(JOB_PENDING) | BIT(JOB_FAILED)},
    [JOB_TRAINING] = {"training",
                      BIT(JOB_TRAINING) | BIT(JOB_COMPLETED) | BIT(JOB_PENDING) | BIT(JOB_FAILED)},
    [JOB_COMPLETED] = {"completed", 0},
    [JOB_FAILED] = {"failed", 0},
};

static const struct {
    const char *name;
    enum job_status status;
} phases[] = {
    [PHASE_LOAD] = {"load", JOB_LOADING_DATA}, [PHASE_SPLIT] = {"split", JOB_PREPROCESSING},
    [PHASE_TRAIN] = {"train", JOB_TRAINING},   [PHASE_EVALUATE] = {"evaluate", JOB_TRAINING},
    [PHASE_SAVE] = {"save", JOB_TRAINING},
};
enum { PHASE_COUNT = sizeof(phases) / sizeof(phases[0]) };

static const char *const tasks[JOB_TASK_COUNT] = {
    [JOB_ANY_TASK] = "",
    [JOB_TRAIN] = "train",
    [JOB_PREDICT] = "predict",
    [JOB_IMPORT] = "import",
};

const char *job_task_name(enum job_task task)
{
    return tasks[task];
}

bool job_task_find(const char *name, enum job_task *ret_task)
{
    for (int i = JOB_ANY_TASK + 1; i < JOB_TASK_COUNT; i++) {
        if (strcmp(tasks[i], name) == 0) {
            *ret_task = (enum job_task)i;
            return true;
        }
    }
    return false;
}

const char *job_status_name(enum job_status status)
{
    return statuses[status].name;
}

bool job_status_find(const char *name, enum job_status *ret_status)
{
    for (int i = 0; i < JOB_STATUS_COUNT; i++) {
        if (strcmp(statuses[i].name, name) == 0) {
            *ret_status = (enum job_status)i;
            return true;
        }
    }
    return false;
}

bool job_status_is_terminal(enum job_status status)
{
    return statuses[status].next == 0;
}

bool job_status_is_active(enum job_status status)
{
    return status != JOB_PENDING && !job_status_is_terminal(status);
}

bool job_status_may_become(enum job_status from, enum job_status to)
{
    return (statuses[from].next & BIT(to)) != 0;
}

const char *job_phase_name(enum progress_phase phase)
{
    return phases[phase].name;
}

bool job_phase_find(const char *name, enum progress_phase *ret_phase)
{
    for (size_t i = 0; i < PHASE_COUNT; i++) {
        if (strcmp(phases[i].name, name) == 0) {
            *ret_phase = (enum progress_phase)i;
            return true;
        }
    }
    return false;
}

enum job_status job_phase_status(enum progress_phase phase)
{
    return phases[phase].status;
}
