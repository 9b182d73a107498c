#include "eval/paired.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"

enum { SEED = 20241201, GRAIN = 16 };

struct drawing {
    const double *differences;
    int32_t count;
    double *means; /* [PAIRED_RESAMPLES] */
};

/* The place of 32 random bits among `count`, by multiplication (Lemire 2019). Its bias, below
 * count / 2^32, is far under what 2,000 resamples can see. */
static uint32_t place_of(uint32_t bits, uint32_t count)
{
    return (uint32_t)(((uint64_t)bits * count) >> 32);
}

static double draw_mean(const struct drawing *drawing, int64_t resample)
{
    const uint32_t count = (uint32_t)drawing->count;
    double even = 0, odd = 0;
    uint32_t i = 0;
    for (; i + 1 < count; i += 2) {
        const uint64_t bits = random_bits(SEED, (uint64_t)resample, i / 2);
        even += drawing->differences[place_of((uint32_t)bits, count)];
        odd += drawing->differences[place_of((uint32_t)(bits >> 32), count)];
    }
    if (i < count) {
        const uint64_t bits = random_bits(SEED, (uint64_t)resample, i / 2);
        even += drawing->differences[place_of((uint32_t)bits, count)];
    }
    return (even + odd) / drawing->count;
}

static void draw(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct drawing *drawing = context;
    (void)worker;
    for (int64_t i = begin; i < end; i++)
        drawing->means[i] = draw_mean(drawing, i);
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Between the two order statistics that the share falls between (R's type 7). */
static double quantile(const double *sorted, double share)
{
    const double at = share * (PAIRED_RESAMPLES - 1);
    const int32_t below = (int32_t)at;
    const int32_t above = below + 1 < PAIRED_RESAMPLES ? below + 1 : below;
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

enum err paired_bootstrap(const double *differences, int32_t count, int32_t threads,
                          struct paired_interval *ret_interval, struct error *err)
{
    enum err rc = ERR_OK;
    double sum = 0;
    struct drawing drawing = {.differences = differences, .count = count};
    assert(count >= 1);
    TRY_PTR(drawing.means = mem_array(PAIRED_RESAMPLES, sizeof(*drawing.means), err));
    for (int32_t i = 0; i < count; i++)
        sum += differences[i];
    parallel_for(threads, PAIRED_RESAMPLES, GRAIN, draw, &drawing);
    qsort(drawing.means, PAIRED_RESAMPLES, sizeof(*drawing.means), ascending);
    ret_interval->difference = sum / count;
    ret_interval->low = quantile(drawing.means, 0.025);
    ret_interval->high = quantile(drawing.means, 0.975);
done:
    mem_free(drawing.means);
    return rc;
}
