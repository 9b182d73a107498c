#include "unit/model/corrupt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/file_format.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define POISON(at, size) __asan_poison_memory_region(at, size)
#define UNPOISON(at, size) __asan_unpoison_memory_region(at, size)
#endif
#endif
#if !defined(POISON)
#define POISON(at, size) ((void)(at))
#define UNPOISON(at, size) ((void)(at))
#endif

enum { GUARD_BYTES = 256 };

static volatile double sink; /* so that no reading is optimized away */

static void use_ids(const struct idmap *ids)
{
    char text[64];
    for (int32_t i = 0; i < ids->count; i++)
        sink += (double)strlen(idmap_text(ids, i, text, sizeof(text)));
    if (ids->count > 0)
        sink += idmap_find_text(ids, idmap_text(ids, ids->count - 1, text, sizeof(text)));
}

static void use(const struct model_record *record)
{
    struct error err;
    const struct model *model = record->model;
    const struct csr *matrix = record->matrix;
    use_ids(record->users);
    use_ids(record->items);
    for (int32_t user = 0; user < matrix->rows; user++)
        for (int64_t at = matrix->indptr[user]; at < matrix->indptr[user + 1]; at++)
            sink += (double)matrix->values[at] + (double)record->popularity[matrix->indices[at]];
    float *scores = mem_array((size_t)model->items, sizeof(*scores), &err);
    for (int32_t user = 0; scores != NULL && user < model->users; user++)
        model->kind->score(model, user, scores);
    mem_free(scores);
    sink += (double)json_object_size(record->params) + (double)json_object_size(record->metrics) +
            (double)json_object_size(record->data) + (double)record->seed +
            (double)strlen(record->version);
}

enum err corrupt_open(const unsigned char *bytes, size_t size, bool verify, struct error *err)
{
    struct model_file *file = NULL;
    unsigned char *copy = mem_array(size + GUARD_BYTES, 1, err);
    if (copy == NULL)
        return ERR_NOMEM;
    if (size > 0)
        memcpy(copy, bytes, size);
    POISON(copy + size, GUARD_BYTES);
    const enum err rc = model_file_open_memory(copy, size, verify, &file, err);
    if (rc == ERR_OK)
        use(model_file_record(file));
    model_file_close(file);
    UNPOISON(copy + size, GUARD_BYTES);
    mem_free(copy);
    return rc;
}

void corrupt_reseal(unsigned char *bytes, size_t size)
{
    struct error err;
    struct hash *hash;
    unsigned char sum[HASH_BYTES];
    char hex[HASH_HEX_SIZE];
    if (size < CHECKSUM_FROM_END)
        return;
    const size_t at = size - CHECKSUM_FROM_END;
    if (hash_create(&hash, &err) != ERR_OK)
        abort();
    hash_add(hash, bytes, at);
    hash_add(hash, bytes + at + CHECKSUM_DIGITS, size - at - CHECKSUM_DIGITS);
    hash_finish(hash, sum);
    hash_free(hash);
    hash_hex(sum, hex);
    memcpy(bytes + at, hex, CHECKSUM_DIGITS);
}
