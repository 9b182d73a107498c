#ifndef JOBS_PROBLEM_H
#define JOBS_PROBLEM_H

/*
 * Why a job failed, as codes that never change: for programs, for the entry of
 * docs/troubleshooting.md that a page links to, and to decide whether another try can help. The
 * message beside a code is for a person.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct job_problem {
    const char *code;  /* "cancelled", "worker_died", "file_missing" … */
    const char *title; /* "The data was not found" */
    bool may_retry;    /* the same job may go well another time */
};

/* The codes that the platform itself gives. */
#define JOB_CANCELLED "cancelled"     /* somebody asked for it */
#define JOB_WORKER_DIED "worker_died" /* JOB_DEATHS_MAX times */
#define JOB_OUT_OF_MEMORY "nomem"     /* the child had no memory left, or was killed for it */
#define JOB_CRASHED "crashed"         /* the child ended by a signal that it did not expect */
#define JOB_TIME_LIMIT "time_limit"   /* it ran longer than it may */

enum { JOB_DEATHS_MAX = 3 };

/* The table. A code that it lacks is told as "internal". */
int32_t job_problem_count(void);
const struct job_problem *job_problem_at(int32_t index);
const struct job_problem *job_problem_find(const char *code);

/* The code to store for an error of a run: its reason where the table has it, else the name of its
 * code in lower case, which the table has for every one. */
const char *job_problem_code(const struct error *err);

#endif
