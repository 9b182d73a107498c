/*
 * model_samples DIRECTORY: writes model files, exports and this program's own lists of the best
 * items, for tests/python/model_file_test.py to open and to agree with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/export.h"
#include "model/file.h"
#include "unit/model/sample.h"

enum { K = 40, LISTS = 1000 };

static void must(enum err rc, const struct error *err)
{
    if (rc == ERR_OK)
        return;
    fprintf(stderr, "%s\n", err->message);
    exit(1);
}

static bool is_seen(const struct csr *seen, int32_t user, int32_t item)
{
    for (int64_t at = seen->indptr[user]; at < seen->indptr[user + 1]; at++)
        if (seen->indices[at] == item)
            return true;
    return false;
}

/* By the plainest means: k times the best that is left, the first of equals. */
static void write_list(FILE *out, const struct model_record *record, int32_t user, float *scores,
                       bool *taken)
{
    const struct model *model = record->model;
    model->kind->score(model, user, scores);
    for (int32_t item = 0; item < model->items; item++)
        taken[item] = model->kind->personal && is_seen(record->matrix, user, item);
    fprintf(out, "%d", user);
    for (int32_t place = 0; place < K; place++) {
        int32_t best = -1;
        for (int32_t item = 0; item < model->items; item++)
            if (!taken[item] && (best < 0 || scores[item] > scores[best]))
                best = item;
        if (best < 0)
            break;
        taken[best] = true;
        fprintf(out, " %d:%.9g", best, (double)scores[best]);
    }
    fprintf(out, "\n");
}

static void write_lists(const char *directory, const char *name, const struct model_record *record)
{
    struct error err;
    char path[512];
    snprintf(path, sizeof(path), "%s/%s.lists", directory, name);
    FILE *out = fopen(path, "we");
    float *scores = mem_array((size_t)record->model->items, sizeof(*scores), &err);
    bool *taken = mem_array((size_t)record->model->items, sizeof(*taken), &err);
    if (out == NULL || scores == NULL || taken == NULL) {
        perror(path);
        exit(1);
    }
    for (int32_t user = 0; user < record->model->users && user < LISTS; user++)
        write_list(out, record, user, scores, taken);
    mem_free(taken);
    mem_free(scores);
    if (fclose(out) != 0)
        exit(1);
}

/* DIRECTORY/name.pkl, .lists, .safetensors and, of a model with factors, .npz. */
static void write_sample(const char *directory, const char *name, const struct sample_shape *shape)
{
    struct error err;
    struct sample sample;
    struct model_file *file;
    char *written, path[512], sum[HASH_HEX_SIZE];

    sample_init(&sample, shape);
    must(model_file_write(&sample.record, directory, 0, "20241201_143022", NULL, &written, sum,
                          &err),
         &err);
    snprintf(path, sizeof(path), "%s/%s.pkl", directory, name);
    if (rename(written, path) != 0)
        exit(1);
    must(model_file_open(path, true, &file, &err), &err);
    const struct model_record *record = model_file_record(file);
    write_lists(directory, name, record);
    snprintf(path, sizeof(path), "%s/%s.safetensors", directory, name);
    must(model_export_safetensors(record, path, NULL, &err), &err);
    if (strcmp(shape->kind, "als") == 0) {
        snprintf(path, sizeof(path), "%s/%s.npz", directory, name);
        must(model_export_npz(record, path, NULL, &err), &err);
    }
    printf("%s %s\n", name, sum);
    model_file_close(file);
    mem_free(written);
    sample_release(&sample);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        struct sample_shape shape;
    } samples[] = {
        {"als", {"als", 1200, 700, 60, 64, ID_INT64, ID_INT64}},
        {"als_strings", {"als", 50, 60, 8, 8, ID_STRING, ID_STRING}},
        {"als_few", {"als", 3, 9, 2, 2, ID_UINT64, ID_STRING}},
        {"popular", {"popular", 90, 70, 1, 1, ID_INT64, ID_UINT64}},
    };
    if (argc != 2) {
        fprintf(stderr, "usage: model_samples DIRECTORY\n");
        return 2;
    }
    json_init();
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        write_sample(argv[1], samples[i].name, &samples[i].shape);
    return 0;
}
