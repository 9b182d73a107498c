#ifndef LINALG_SCORE_H
#define LINALG_SCORE_H

/*
 * The inner products of one vector with the rows of a table as it lies in memory (in a mapped file,
 * say), with nothing arranged before: for one user at a time. For many at once linalg/topk.h is
 * several times faster.
 *
 * Every score is one chain over the factors in ascending order, as those of topk.h are: equal
 * inputs give equal bits in both on one level of the processor.
 */
#include <stdint.h>

/* Write x . row to ret_scores[count]; `x` [factors]; rows [count × factors], `stride` floats apart,
 * aligned as floats are. Time O(count × factors): the table is read once. */
void score_rows(const float *x, const float *rows, int64_t count, int64_t stride, int32_t factors,
                float *ret_scores);

#endif
