#ifndef TESTS_UNIT_MODEL_SAMPLE_H
#define TESTS_UNIT_MODEL_SAMPLE_H

/* A made-up run to write into a model file: every number is a function of the shape. */
#include "data/idmap.h"
#include "linalg/csr.h"
#include "model/file.h"
#include "model/model.h"

struct sample_shape {
    const char *kind; /* "als" or "popular" */
    int32_t users, items, factors;
    int64_t stride; /* of the factors' rows in memory: at least factors */
    enum id_kind user_ids, item_ids;
};

struct sample {
    struct model *model;
    struct idmap users, items;
    struct csr matrix;
    int64_t *popularity;
    json_t *params, *metrics, *data;
    struct model_record record; /* of all of the above */
};

/* Makes it; a failure to do so ends the program with a message. */
void sample_init(struct sample *sample, const struct sample_shape *shape);
void sample_release(struct sample *sample);

/* A directory of its own for the files of a test, made at the first call; and its removal with
 * all files in it. */
const char *sample_directory(void);
void sample_directory_remove(void);
/* How many files, hidden ones too, it has. */
int sample_directory_count(void);

/* A whole file, 64-byte aligned, owned by the caller (mem_free). */
unsigned char *sample_read_file(const char *path, size_t *ret_size);

#endif
