/*
 * How fast are the best k items found, against the plain product of the same factors by OpenBLAS,
 * which only computes the scores? One JSON object on stdout.
 *
 *   bench_topk [--users N] [--items N] [--factors N] [--k N] [--threads N] [--tail X] [--seen N]
 *              [--block N] [--repeats N]
 *
 * Factors are normal; the norm of the item at place i of a random order is scaled by
 * (i + 1)^-tail, so 0 is a flat catalogue. A user has seen `seen` items, rather those of great
 * norm. Each way is run `repeats` times in turn, and the median is reported, so that a machine
 * that others use as well disturbs all of them alike.
 */
#include <cblas-openblas.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/text.h"
#include "linalg/cpu.h"
#include "linalg/topk.h"
#include "linalg/topk_keys.h"

enum { WAYS = 3, REPEATS_MAX = 99 };

struct bench {
    int64_t users, items, factors, k, threads, seen_each, block, repeats;
    double tail;
    float *x, *y;  /* [users × factors], [items × factors] */
    float *scores; /* [threads × block × items], of the plain product */
    struct csr seen;
    int32_t *columns; /* [users × k] */
    double scored_share, create_seconds;
};

static float normal(uint64_t stream, uint64_t index)
{
    const double u = random_double(random_bits(1, stream, 2 * index));
    const double v = random_double(random_bits(1, stream, 2 * index + 1));
    return (float)(sqrt(-2 * log(1 - u)) * cos(2 * 3.14159265358979 * v));
}

static void fill_rows(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct bench *b = context;
    (void)worker;
    for (int64_t row = begin; row < end; row++) {
        const int64_t f = b->factors;
        /* An odd multiplier spreads the ranks over the columns. */
        const int64_t rank = row * 7919 % b->items;
        const double scale = pow((double)rank + 1, -b->tail);
        for (int64_t j = 0; j < f; j++) {
            if (row < b->users)
                b->x[row * f + j] = normal(1, (uint64_t)(row * f + j));
            if (row < b->items)
                b->y[row * f + j] = normal(2, (uint64_t)(row * f + j)) * (float)scale;
        }
    }
}

/* `seen_each` draws a user, skewed to the first ranks; doubles are dropped. */
static enum err fill_seen(struct bench *b, struct error *err)
{
    enum err rc;
    int64_t nnz = 0;
    uint64_t *drawn = NULL;
    TRY(csr_init(&b->seen, (int32_t)b->users, (int32_t)b->items, b->users * b->seen_each, err));
    TRY_PTR(drawn = mem_array((size_t)b->seen_each, sizeof(*drawn), err));
    for (int64_t user = 0; user < b->users; user++) {
        for (int64_t i = 0; i < b->seen_each; i++) {
            const double u = random_double(random_bits(1, 3, (uint64_t)(user * b->seen_each + i)));
            drawn[i] = (uint64_t)(u * u * u * (double)b->items);
        }
        /* The column of a rank: the inverse of the multiplier is not needed for a benchmark, so
         * the draws are columns themselves. Falling order, read from the end. */
        keys_sort(drawn, b->seen_each);
        for (int64_t i = b->seen_each - 1; i >= 0; i--)
            if (i == b->seen_each - 1 || drawn[i] != drawn[i + 1])
                b->seen.indices[nnz++] = (int32_t)drawn[i];
        b->seen.indptr[user + 1] = nnz;
    }
done:
    mem_free(drawn);
    return rc;
}

static void multiply_block(void *context, int64_t begin, int64_t end, int32_t worker)
{
    const struct bench *b = context;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(end - begin), (int)b->items,
                (int)b->factors, 1, b->x + begin * b->factors, (int)b->factors, b->y,
                (int)b->factors, 0, b->scores + worker * b->block * b->items, (int)b->items);
}

/* Seconds of one pass over all users; way 0 is the plain product. */
static enum err run_way(struct bench *b, int32_t way, const struct topk_items *items,
                        double *ret_seconds, struct error *err)
{
    const double start = clock_seconds();
    enum err rc = ERR_OK;
    if (way == 0) {
        parallel_for((int32_t)b->threads, b->users, b->block, multiply_block, b);
    } else {
        struct topk_stats stats;
        const struct topk_query query = {
            .users = b->x,
            .user_stride = b->factors,
            .count = (int32_t)b->users,
            .seen = &b->seen,
            .k = (int32_t)b->k,
            .threads = (int32_t)b->threads,
            .prune = way == 2,
        };
        rc = topk_select(items, &query, b->columns, NULL, &stats, err);
        if (rc == ERR_OK)
            b->scored_share = stats.scored / stats.total;
    }
    *ret_seconds = clock_seconds() - start;
    return rc;
}

static double median(double *values, int64_t count)
{
    for (int64_t i = 1; i < count; i++)
        for (int64_t at = i; at > 0 && values[at] < values[at - 1]; at--) {
            const double swapped = values[at];
            values[at] = values[at - 1];
            values[at - 1] = swapped;
        }
    return values[count / 2];
}

static void print_result(const struct bench *b, double seconds[WAYS][REPEATS_MAX])
{
    double rate[WAYS];
    for (int32_t way = 0; way < WAYS; way++)
        rate[way] = (double)b->users / median(seconds[way], b->repeats);
    printf("{\"users\": %ld, \"items\": %ld, \"factors\": %ld, \"k\": %ld, \"threads\": %ld, "
           "\"tail\": %g, \"seen\": %ld, \"block\": %ld, \"cpu\": \"%s\", \"repeats\": %ld, "
           "\"create_seconds\": %.4f,\n \"sgemm_users_per_second\": %.0f, "
           "\"topk_users_per_second\": %.0f, \"pruned_users_per_second\": %.0f, "
           "\"topk_to_sgemm\": %.3f, \"pruned_to_sgemm\": %.3f, \"scored_share\": %.4f}\n",
           b->users, b->items, b->factors, b->k, b->threads, b->tail, b->seen_each, b->block,
           cpu_level_name(cpu_level()), b->repeats, b->create_seconds, rate[0], rate[1], rate[2],
           rate[1] / rate[0], rate[2] / rate[0], b->scored_share);
}

static enum err bench_run(struct bench *b, struct error *err)
{
    enum err rc;
    struct topk_items *items = NULL;
    double seconds[WAYS][REPEATS_MAX];
    const size_t f = (size_t)b->factors, users = (size_t)b->users, count = (size_t)b->items;

    TRY_PTR(b->x = mem_array(users * f, sizeof(float), err));
    TRY_PTR(b->y = mem_array(count * f, sizeof(float), err));
    TRY_PTR(b->columns = mem_array(users * (size_t)b->k, sizeof(int32_t), err));
    TRY_PTR(b->scores = mem_array((size_t)(b->threads * b->block) * count, sizeof(float), err));
    parallel_for((int32_t)b->threads, b->users > b->items ? b->users : b->items, 256, fill_rows, b);
    TRY(fill_seen(b, err));
    const double start = clock_seconds();
    TRY(topk_items_create(b->y, (int32_t)b->items, (int32_t)b->factors, b->factors,
                          (int32_t)b->threads, &items, err));
    b->create_seconds = clock_seconds() - start;
    for (int64_t repeat = 0; repeat < b->repeats; repeat++)
        for (int32_t way = 0; way < WAYS; way++)
            TRY(run_way(b, way, items, &seconds[way][repeat], err));
    print_result(b, seconds);
done:
    topk_items_free(items);
    mem_free(b->x);
    mem_free(b->y);
    mem_free(b->columns);
    mem_free(b->scores);
    csr_release(&b->seen);
    return rc;
}

static bool parse(int argc, char **argv, struct bench *b)
{
    static const struct option options[] = {
        {"users", 1, NULL, 'u'}, {"items", 1, NULL, 'i'}, {"factors", 1, NULL, 'f'},
        {"k", 1, NULL, 'k'},     {"tail", 1, NULL, 'a'},  {"threads", 1, NULL, 't'},
        {"seen", 1, NULL, 's'},  {"block", 1, NULL, 'b'}, {"repeats", 1, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    int64_t *const integers[256] = {
        ['u'] = &b->users,   ['i'] = &b->items,     ['f'] = &b->factors, ['k'] = &b->k,
        ['t'] = &b->threads, ['s'] = &b->seen_each, ['b'] = &b->block,   ['r'] = &b->repeats};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'a' ? !text_real(optarg, &b->tail)
                          : option == '?' || !text_int(optarg, integers[option]))
            return false;
    }
    return b->users >= 1 && b->items >= 1 && b->factors >= 1 && b->k >= 1 && b->k <= b->items &&
           b->threads >= 1 && b->threads <= PARALLEL_THREADS_MAX && b->seen_each >= 1 &&
           b->block >= 1 && b->repeats >= 1 && b->repeats <= REPEATS_MAX;
}

int main(int argc, char **argv)
{
    struct error err;
    struct bench b = {.users = 4096,
                      .items = 20000,
                      .factors = 60,
                      .k = 40,
                      .threads = parallel_processors(),
                      .seen_each = 100,
                      .block = 100,
                      .repeats = 5};
    if (!parse(argc, argv, &b)) {
        fprintf(stderr, "bench_topk: an option is not known, not a number or out of range\n");
        return 2;
    }
    const enum err rc = bench_run(&b, &err);
    if (rc != ERR_OK)
        fprintf(stderr, "bench_topk: %s\n", err.message);
    return error_exit_status(rc);
}
