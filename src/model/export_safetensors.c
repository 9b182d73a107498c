/*
 * Safetensors: 8 bytes with the length of a header, the header in JSON, the arrays one after the
 * other without a gap. The arrays with the widest elements come first and the header is filled up
 * with blanks to a multiple of 64 bytes, so that every array is aligned to its elements.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "model/export.h"
#include "model/export_tensors.h"
#include "model/file_format.h"

/* The format's own limit. */
static const size_t HEADER_BYTES_MAX = 100 * 1000 * 1000;
enum { HEADER_ALIGNMENT = 64 };

/* A stable sort of a dozen entries. */
static void sort_widest_first(struct export_list *list)
{
    for (int32_t i = 1; i < list->count; i++) {
        const struct export_tensor moved = list->tensors[i];
        int32_t at = i;
        for (; at > 0 && element_size(list->tensors[at - 1].tensor.element) <
                             element_size(moved.tensor.element);
             at--)
            list->tensors[at] = list->tensors[at - 1];
        list->tensors[at] = moved;
    }
}

static void list_all(const struct model_record *record, struct export_list *list)
{
    const struct csr *matrix = record->matrix;
    const int64_t nnz = csr_nnz(matrix);
    export_list_add_model(list, record->model);
    export_list_add_ids(list, "user_ids", record->users);
    export_list_add_ids(list, "item_ids", record->items);
    export_list_add(list, "matrix_indptr",
                    tensor_vector(ELEMENT_I64, (int64_t)matrix->rows + 1, matrix->indptr));
    export_list_add(list, "matrix_indices", tensor_vector(ELEMENT_I32, nnz, matrix->indices));
    export_list_add(list, "matrix_data", tensor_vector(ELEMENT_F32, nnz, matrix->values));
    export_list_add(list, "popularity",
                    tensor_vector(ELEMENT_I64, matrix->cols, record->popularity));
    sort_widest_first(list);
}

/* The format allows text only, so numbers and objects are JSON within it. */
static enum err add_json_text(json_t *metadata, const char *key, const json_t *value,
                              struct error *err)
{
    enum err rc;
    struct strbuf text;
    strbuf_init(&text, HEADER_BYTES_MAX);
    TRY(json_write(value, 0, &text, err));
    TRY(json_set(metadata, key, json_text(text.ptr), err));
done:
    strbuf_release(&text);
    return rc;
}

static enum err add_metadata(json_t *header, const struct model_record *record, struct error *err)
{
    enum err rc;
    char seed[24];
    json_t *metadata = json_object();

    snprintf(seed, sizeof(seed), "%" PRIu64, record->seed);
    TRY(json_set(metadata, "format", json_text(MODEL_FILE_FORMAT), err));
    TRY(json_set(metadata, "model_type", json_text(record->model->kind->name), err));
    TRY(add_json_text(metadata, "params", record->params, err));
    TRY(add_json_text(metadata, "metrics", record->metrics, err));
    TRY(add_json_text(metadata, "data", record->data, err));
    TRY(json_set(metadata, "seed", json_text(seed), err));
    TRY(json_set(metadata, "version", json_text(record->version), err));
    TRY(json_set(header, "__metadata__", json_incref(metadata), err));
done:
    json_decref(metadata);
    return rc;
}

/* {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 24]} */
static enum err add_tensor(json_t *header, const struct export_tensor *tensor, uint64_t begin,
                           struct error *err)
{
    enum err rc;
    const struct tensor *t = &tensor->tensor;
    json_t *entry = json_object(), *shape = json_array(), *offsets = json_array();

    for (int32_t i = 0; i < t->ndim; i++)
        TRY(json_append(shape, json_integer(t->shape[i]), err));
    TRY(json_append(offsets, json_integer((int64_t)begin), err));
    TRY(json_append(offsets, json_integer((int64_t)(begin + tensor_bytes(t))), err));
    TRY(json_set(entry, "dtype", json_text(element_safetensors(t->element)), err));
    TRY(json_set(entry, "shape", json_incref(shape), err));
    TRY(json_set(entry, "data_offsets", json_incref(offsets), err));
    TRY(json_set(header, tensor->name, json_incref(entry), err));
done:
    json_decref(offsets);
    json_decref(shape);
    json_decref(entry);
    return rc;
}

static enum err make_header(const struct model_record *record, const struct export_list *list,
                            struct strbuf *text, struct error *err)
{
    enum err rc;
    uint64_t begin = 0;
    json_t *header = json_object();

    TRY(add_metadata(header, record, err));
    for (int32_t i = 0; i < list->count; i++) {
        TRY(add_tensor(header, &list->tensors[i], begin, err));
        begin += tensor_bytes(&list->tensors[i].tensor);
    }
    TRY(json_write(header, 0, text, err));
    while ((sizeof(uint64_t) + text->len) % HEADER_ALIGNMENT != 0)
        TRY(strbuf_add(text, " ", 1, err));
done:
    json_decref(header);
    return rc;
}

enum err model_export_safetensors(const struct model_record *record, const char *path,
                                  const struct progress *progress, struct error *err)
{
    enum err rc;
    struct output out = {0};
    struct export_list list = {0};
    struct strbuf header;
    char *directory = NULL;
    strbuf_init(&header, HEADER_BYTES_MAX);

    list_all(record, &list);
    TRY(make_header(record, &list, &header, err));
    TRY(export_open(&out, path, export_list_bytes(&list), progress, &directory, err));
    const uint64_t length = header.len;
    TRY(output_write(&out, &length, sizeof(length), err));
    TRY(output_write(&out, header.ptr, header.len, err));
    for (int32_t i = 0; i < list.count; i++)
        TRY(tensor_write(&list.tensors[i].tensor, &out, err));
    TRY(output_commit(&out, NULL, NULL, err));
done:
    output_release(&out);
    mem_free(directory);
    strbuf_release(&header);
    return rc;
}
