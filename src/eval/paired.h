#ifndef EVAL_PAIRED_H
#define EVAL_PAIRED_H

/*
 * Is one model better than another, or is it luck which users there were? Both were judged on the
 * same users, so each user gives a difference (of recall, say), and the bootstrap over users
 * (Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3, the percentile
 * interval; for rankings: Sakai, "Evaluating evaluation metrics based on the bootstrap", SIGIR
 * 2006) tells how far their mean would vary with other users like these: users are drawn with
 * replacement, as many as there are, PAIRED_RESAMPLES times, and the middle 95 % of the means are
 * the interval.
 *
 * Deterministic: equal differences in an equal order give the same bits, for any number of threads.
 */
#include <stdint.h>

#include "base/error.h"

enum { PAIRED_RESAMPLES = 2000 };

struct paired_interval {
    double difference; /* the mean, as it was measured */
    double low, high;  /* of 95 % */
};

/*
 * differences[count], count at least 1, all finite. Cost: PAIRED_RESAMPLES × count random reads,
 * about 0.3 s of one thread for 100,000 users; 16 KB. ERR_NOMEM.
 */
MUST_CHECK enum err paired_bootstrap(const double *differences, int32_t count, int32_t threads,
                                     struct paired_interval *ret_interval, struct error *err);

#endif
