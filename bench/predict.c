/*
 * What one question to a model costs without a server: opening its file, a user, a history that is
 * folded in, why, and what is alike. One JSON object on stdout, times in milliseconds.
 *
 *   bench_predict MODEL.pkl [--history N] [--rounds N]
 *
 * `open_verified_ms` reads every byte of the file, `open_unchanged_ms` opens it as one that was
 * verified before, and `ready_ms` is that and the first answer. Histories are random items of the
 * model, `--history` of them; medians and 99th percentiles over the rounds.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/text.h"
#include "predict/predictor.h"

enum { K = 40, HISTORY_MAX = 10000, ROUNDS_MAX = 100000 };

struct bench {
    const char *path;
    int64_t history, rounds;
    struct model_file *file;
    struct predictor *predictor;
    const struct model_record *record;
    double *times; /* [rounds] */
    int32_t *items;
    float *counts;
};

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static int ascending_items(const void *left, const void *right)
{
    const int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

static void tell(const char *name, struct bench *b)
{
    qsort(b->times, (size_t)b->rounds, sizeof(*b->times), ascending);
    printf(", \"%s_ms\": %.3f, \"%s_p99_ms\": %.3f", name, b->times[b->rounds / 2] * 1e3, name,
           b->times[b->rounds * 99 / 100] * 1e3);
}

static enum err open_model(struct bench *b, enum model_file_checks checks, struct error *err)
{
    enum err rc;
    const struct model_file_look look = {.checks = checks};
    const int fd = open(b->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return FAIL(err, ERR_IO, "cannot open %s: %m", b->path);
    TRY(model_file_open_fd(fd, b->path, &look, &b->file, err));
    b->record = model_file_record(b->file);
    TRY(predictor_create(b->record, parallel_processors(), &b->predictor, err));
done:
    close(fd);
    return rc;
}

static void close_model(struct bench *b)
{
    predictor_free(b->predictor);
    model_file_close(b->file);
    b->predictor = NULL;
    b->file = NULL;
}

/* A history of distinct items; another one each round. */
static struct history draw(struct bench *b, int64_t round)
{
    int32_t count = 0;
    for (int64_t i = 0; i < b->history; i++)
        b->items[i] = (int32_t)(random_bits(1, (uint64_t)round, (uint64_t)i) %
                                (uint64_t)b->record->model->items);
    qsort(b->items, (size_t)b->history, sizeof(*b->items), ascending_items);
    for (int64_t i = 0; i < b->history; i++)
        if (count == 0 || b->items[count - 1] != b->items[i])
            b->items[count++] = b->items[i];
    return (struct history){b->items, b->counts, count};
}

enum question { QUESTION_USER, QUESTION_HISTORY, QUESTION_WHY, QUESTION_SIMILAR, QUESTIONS };
static const char *const question_names[QUESTIONS] = {"user", "history", "why", "similar"};
static const char *const arranged_names[QUESTIONS] = {"arranged_user", "arranged_history"};

static enum err ask(struct bench *b, enum question question, int64_t round, struct error *err)
{
    enum err rc;
    int32_t count;
    enum basis basis;
    struct recommendation list[K];
    struct explanation why = {0};
    const struct history history = draw(b, round);
    struct recommend_query query = {.user = -1, .history = &history, .k = K};
    const double start = clock_seconds();
    switch (question) {
    case QUESTION_USER:
        query.history = NULL;
        query.user = (int32_t)(round * 7919 % b->record->model->users);
        rc = predict_recommend(b->predictor, &query, list, &count, &basis, err);
        break;
    case QUESTION_HISTORY:
        rc = predict_recommend(b->predictor, &query, list, &count, &basis, err);
        break;
    case QUESTION_WHY:
        rc = predict_explain(b->predictor, &query, history.items[0], &why, err);
        explanation_release(&why);
        break;
    case QUESTION_SIMILAR:
    case QUESTIONS:
    default:
        rc = predict_similar(b->predictor, history.items[0], K, list, &count, err);
    }
    b->times[round] = clock_seconds() - start;
    return rc;
}

/* The fold-in alone, with one item to score: the solution of the person's own system. */
static enum err fold(struct bench *b, int64_t round, struct error *err)
{
    enum err rc;
    void *state = NULL;
    const struct history history = draw(b, round);
    static void *kept;
    const struct fold_kind *kind = b->record->model->kind->fold;
    double *parts = NULL;
    if (kept == NULL)
        TRY(kind->open(b->record->model, b->record->params, parallel_processors(), &kept, err));
    state = kept;
    TRY_PTR(parts = mem_array((size_t)history.count, sizeof(*parts), err));
    const double start = clock_seconds();
    TRY(kind->explain(state, &history, history.items[0], parts, err));
    b->times[round] = clock_seconds() - start;
    if (round == b->rounds - 1) {
        kind->close(kept);
        kept = NULL;
    }
done:
    mem_free(parts);
    return rc;
}

/* Each question that has a name, in turn. */
static enum err ask_all(struct bench *b, const char *const *names, struct error *err)
{
    enum err rc = ERR_OK;
    for (int question = 0; question < QUESTIONS && names[question] != NULL; question++) {
        TRY(ask(b, (enum question)question, 0, err)); /* what is made once */
        for (int64_t round = 0; round < b->rounds; round++)
            TRY(ask(b, (enum question)question, round, err));
        tell(names[question], b);
    }
done:
    return rc;
}

static enum err measure(struct bench *b, struct error *err)
{
    enum err rc;
    double start = clock_seconds();
    TRY(open_model(b, MODEL_FILE_VERIFIED, err));
    printf("{\"bytes\": %lld, \"users\": %d, \"items\": %d, \"open_verified_ms\": %.2f",
           (long long)model_file_bytes(b->file), b->record->model->users, b->record->model->items,
           (clock_seconds() - start) * 1e3);
    close_model(b);
    start = clock_seconds();
    TRY(open_model(b, MODEL_FILE_UNCHANGED, err));
    printf(", \"open_unchanged_ms\": %.2f", (clock_seconds() - start) * 1e3);
    TRY(ask(b, QUESTION_USER, 0, err));
    printf(", \"ready_ms\": %.2f", (clock_seconds() - start) * 1e3);
    TRY(ask_all(b, question_names, err));
    start = clock_seconds();
    TRY(predictor_arrange(b->predictor, err));
    printf(", \"arrange_ms\": %.2f", (clock_seconds() - start) * 1e3);
    TRY(ask_all(b, arranged_names, err));
    for (int64_t round = 0; round < b->rounds; round++)
        TRY(fold(b, round, err));
    tell("fold", b);
    printf("}\n");
done:
    close_model(b);
    return rc;
}

static enum err run(struct bench *b, struct error *err)
{
    enum err rc;
    TRY_PTR(b->times = mem_array((size_t)b->rounds, sizeof(*b->times), err));
    TRY_PTR(b->items = mem_array((size_t)b->history, sizeof(*b->items), err));
    TRY_PTR(b->counts = mem_array((size_t)b->history, sizeof(*b->counts), err));
    for (int64_t i = 0; i < b->history; i++)
        b->counts[i] = (float)(1 + i % 5);
    TRY(measure(b, err));
done:
    mem_free(b->times);
    mem_free(b->items);
    mem_free(b->counts);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"history", required_argument, NULL, 'h'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    struct error err;
    struct bench bench = {.history = 100, .rounds = 1000};
    int letter;
    json_init();
    while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int64_t *value = letter == 'h' ? &bench.history : letter == 'r' ? &bench.rounds : NULL;
        if (value == NULL || !text_int(optarg, value) || *value < 1 ||
            *value > (letter == 'h' ? HISTORY_MAX : ROUNDS_MAX)) {
            fprintf(stderr, "usage: bench_predict MODEL.pkl [--history N] [--rounds N]\n");
            return 2;
        }
    }
    if (optind != argc - 1) {
        fprintf(stderr, "usage: bench_predict MODEL.pkl [--history N] [--rounds N]\n");
        return 2;
    }
    bench.path = argv[optind];
    const enum err rc = run(&bench, &err);
    if (rc != ERR_OK)
        fprintf(stderr, "bench_predict: %s\n", err.message);
    return rc == ERR_OK ? 0 : 1;
}
