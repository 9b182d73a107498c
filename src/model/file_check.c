#include <string.h>

#include "model/file_format.h"

/* What linalg and the kinds find wrong, at a place of the file. */
static enum err corrupt_at(size_t at, struct error *err)
{
    err->code = ERR_CORRUPT;
    error_prefix(err, "byte %zu: ", at);
    return ERR_CORRUPT;
}

static int compare_text(struct str a, struct str b)
{
    const size_t shorter = a.len < b.len ? a.len : b.len;
    const int order = shorter > 0 ? memcmp(a.ptr, b.ptr, shorter) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool ascends(const struct idmap *ids, int32_t i)
{
    switch (ids->kind) {
    case ID_INT64:
        return ids->ints[i - 1] < ids->ints[i];
    case ID_UINT64:
        return ids->uints[i - 1] < ids->uints[i];
    case ID_STRING:
        break;
    }
    return compare_text(idmap_string(ids, i - 1), idmap_string(ids, i)) < 0;
}

enum err model_file_check_ids(const struct idmap *ids, const char *what, size_t at,
                              struct error *err)
{
    for (int32_t i = 1; i < ids->count; i++)
        if (!ascends(ids, i))
            return FAIL(err, ERR_CORRUPT,
                        "byte %zu: expected %s ids that ascend, but number %d does not", at, what,
                        i);
    return ERR_OK;
}

enum err model_file_check_matrix(const struct csr *matrix, int64_t nnz, size_t at,
                                 struct error *err)
{
    /* First the offsets, since csr_check relies on their end. */
    if (matrix->indptr[0] != 0 || csr_nnz(matrix) != nnz)
        return FAIL(err, ERR_CORRUPT, "byte %zu: expected matrix offsets from 0 to %lld", at,
                    (long long)nnz);
    for (int32_t row = 0; row < matrix->rows; row++)
        if (matrix->indptr[row + 1] < matrix->indptr[row])
            return FAIL(err, ERR_CORRUPT,
                        "byte %zu: expected matrix offsets that never fall, but row %d starts at "
                        "%lld and ends at %lld",
                        at, row, (long long)matrix->indptr[row],
                        (long long)matrix->indptr[row + 1]);
    if (csr_check(matrix, "matrix", err) != ERR_OK)
        return corrupt_at(at, err);
    return ERR_OK;
}

enum err model_file_check_popularity(const int64_t *popularity, int32_t items, size_t at,
                                     struct error *err)
{
    for (int32_t i = 0; i < items; i++)
        if (popularity[i] < 0)
            return FAIL(err, ERR_CORRUPT,
                        "byte %zu: expected counts from 0, but item %d has popularity %lld", at, i,
                        (long long)popularity[i]);
    return ERR_OK;
}

/* By the bits, without a branch, so that the compiler makes vector code of it. */
static bool all_finite(const float *values, int64_t count)
{
    uint32_t bad = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof(bits));
        bad |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return bad == 0;
}

enum err model_file_check_finite(const struct model *model, size_t at, struct error *err)
{
    for (int32_t i = 0; i < model->array_count; i++) {
        const struct model_array *array = &model->arrays[i];
        if (array->dtype == DTYPE_F32 &&
            !all_finite(array->data, array->shape[0] * array->shape[1]))
            return FAIL(err, ERR_CORRUPT, "byte %zu: expected only finite numbers in %s", at,
                        array->name);
    }
    return ERR_OK;
}
