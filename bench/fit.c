/*
 * Times the fit alone: reads a matrix that tools/npz_to_csr or bench/bench_als.py wrote as plain
 * binary (int64 rows, cols, nnz; int64 indptr; int32 indices; float values) and prints one JSON
 * line. Not a program for users; bench/README.md says how it is run beside a peer.
 *
 *   bench_fit matrix.bin name=value …   the parameters of als, threads, seed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "linalg/cpu.h"
#include "model/model.h"

struct timing {
    double seconds[1000], last_loss;
    int32_t count;
};

static enum err on_iteration(void *context, int32_t iteration, double loss, double seconds,
                             const struct model *current, struct error *err)
{
    struct timing *timing = context;
    (void)current;
    (void)err;
    timing->seconds[iteration - 1] = seconds;
    timing->count = iteration;
    timing->last_loss = loss;
    return ERR_OK;
}

static bool read_exactly(FILE *file, void *to, size_t size, size_t count)
{
    return fread(to, size, count, file) == count;
}

static enum err read_matrix(const char *path, struct csr *m, struct error *err)
{
    int64_t head[3];
    FILE *file = fopen(path, "rbe");
    if (file == NULL || !read_exactly(file, head, sizeof(*head), 3))
        return FAIL(err, ERR_IO, "cannot read %s", path);
    enum err rc = csr_init(m, (int32_t)head[0], (int32_t)head[1], head[2], err);
    if (rc == ERR_OK && (!read_exactly(file, m->indptr, sizeof(int64_t), (size_t)head[0] + 1) ||
                         !read_exactly(file, m->indices, sizeof(int32_t), (size_t)head[2]) ||
                         !read_exactly(file, m->values, sizeof(float), (size_t)head[2])))
        rc = FAIL(err, ERR_IO, "%s is too short", path);
    fclose(file);
    return rc == ERR_OK ? csr_check(m, path, err) : rc;
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static enum err run(int count, char **arguments, struct error *err)
{
    enum err rc;
    static struct timing timing;
    struct param_set params;
    struct csr train = {0};
    struct model *model = NULL;
    struct fit_input input = {.train = &train,
                              .params = &params,
                              .seed = 1,
                              .threads = 2,
                              .on_iteration = on_iteration,
                              .context = &timing};
    const struct model_kind *kind = model_kind_find("als");

    params_init(&params, &kind->params);
    for (int i = 2; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL)
            return FAIL(err, ERR_INVALID, "%s is not name=value", arguments[i]);
        *value++ = '\0';
        if (strcmp(arguments[i], "threads") == 0)
            input.threads = (int32_t)strtol(value, NULL, 10);
        else if (strcmp(arguments[i], "seed") == 0)
            input.seed = (uint64_t)strtoll(value, NULL, 10);
        else
            TRY(params_set(&params, arguments[i], value, err));
    }
    TRY(read_matrix(arguments[1], &train, err));
    const int64_t before = mem_held_bytes();
    mem_reset_peak();
    const double start = clock_seconds();
    TRY(kind->fit(&input, &model, err));
    const double seconds = clock_seconds() - start;
    qsort(timing.seconds, (size_t)timing.count, sizeof(double), by_value);
    printf("{\"cpu\": \"%s\", \"threads\": %d, \"iter_s\": %.4f, \"iter_min_s\": %.4f, "
           "\"fit_s\": %.3f, \"loss\": %.9g, \"input_bytes\": %lld, \"fit_peak_bytes\": %lld, "
           "\"peak_rss_bytes\": %lld}\n",
           cpu_level_name(cpu_level()), input.threads, timing.seconds[timing.count / 2],
           timing.seconds[0], seconds, timing.last_loss, (long long)before,
           (long long)(mem_peak_bytes() - before), (long long)mem_peak_rss_bytes());
done:
    model_free(model);
    csr_release(&train);
    return rc;
}

int main(int count, char **arguments)
{
    struct error err;
    if (count < 2) {
        fputs("usage: bench_fit matrix.bin name=value …\n", stderr);
        return 2;
    }
    if (run(count, arguments, &err) == ERR_OK)
        return 0;
    fprintf(stderr, "bench_fit: %s\n", err.message);
    return error_exit_status(err.code);
}
