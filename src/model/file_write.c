/* A record, key by key, as a pickle. The reader (model/file_read.c) follows the same order. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/file_format.h"
#include "model/output.h"
#include "model/pickle.h"

static enum err begin_dict(struct output *out, struct error *err)
{
    enum err rc;
    TRY(pickle_put_opcode(out, PICKLE_EMPTY_DICT, err));
    TRY(pickle_put_opcode(out, PICKLE_MARK, err));
done:
    return rc;
}

static enum err put_vector(struct output *out, const char *key, enum element element, int64_t count,
                           const void *data, struct error *err)
{
    enum err rc;
    const struct tensor vector = tensor_vector(element, count, data);
    TRY(pickle_put_name(out, key, err));
    TRY(pickle_put_array(out, &vector, err));
done:
    return rc;
}

static enum err put_model(struct output *out, const struct model *model, struct error *err)
{
    enum err rc;
    TRY(pickle_put_name(out, "model", err));
    TRY(begin_dict(out, err));
    TRY(pickle_put_name(out, "type", err));
    TRY(pickle_put_name(out, model->kind->name, err));
    for (int32_t i = 0; i < model->array_count; i++) {
        const struct tensor array = tensor_of_array(&model->arrays[i]);
        TRY(pickle_put_name(out, model->arrays[i].name, err));
        TRY(pickle_put_array(out, &array, err));
    }
    TRY(pickle_put_opcode(out, PICKLE_SETITEMS, err));
done:
    return rc;
}

static enum err put_strings(struct output *out, const char *key, const struct idmap *ids,
                            struct error *err)
{
    enum err rc;
    TRY(pickle_put_name(out, key, err));
    TRY(pickle_put_opcode(out, PICKLE_EMPTY_LIST, err));
    TRY(pickle_put_opcode(out, PICKLE_MARK, err));
    for (int32_t i = 0; i < ids->count; i++) {
        rc = pickle_put_text(out, idmap_string(ids, i), err);
        if (rc == ERR_DATA)
            error_prefix(err, "id %d of the %s: ", i, key);
        if (rc != ERR_OK)
            goto done;
    }
    TRY(pickle_put_opcode(out, PICKLE_APPENDS, err));
done:
    return rc;
}

static enum err put_ids(struct output *out, const char *key, const struct idmap *ids,
                        struct error *err)
{
    if (ids->kind == ID_STRING)
        return put_strings(out, key, ids, err);
    return put_vector(out, key, model_file_id_element(ids->kind), ids->count, ids->ints, err);
}

static enum err put_mappings(struct output *out, const struct model_record *record,
                             struct error *err)
{
    enum err rc;
    TRY(pickle_put_name(out, "mappings", err));
    TRY(begin_dict(out, err));
    TRY(put_ids(out, "users", record->users, err));
    TRY(put_ids(out, "items", record->items, err));
    TRY(pickle_put_opcode(out, PICKLE_SETITEMS, err));
done:
    return rc;
}

static enum err put_matrix(struct output *out, const struct csr *matrix, struct error *err)
{
    enum err rc;
    const int64_t nnz = csr_nnz(matrix);
    TRY(pickle_put_name(out, "matrix", err));
    TRY(begin_dict(out, err));
    TRY(put_vector(out, "indptr", ELEMENT_I64, (int64_t)matrix->rows + 1, matrix->indptr, err));
    TRY(put_vector(out, "indices", ELEMENT_I32, nnz, matrix->indices, err));
    TRY(put_vector(out, "data", ELEMENT_F32, nnz, matrix->values, err));
    TRY(pickle_put_name(out, "shape", err));
    TRY(pickle_put_int(out, matrix->rows, err));
    TRY(pickle_put_int(out, matrix->cols, err));
    TRY(pickle_put_opcode(out, PICKLE_TUPLE2, err));
    TRY(pickle_put_opcode(out, PICKLE_SETITEMS, err));
done:
    return rc;
}

static enum err put_json(struct output *out, const char *key, const json_t *value,
                         struct error *err)
{
    enum err rc;
    TRY(pickle_put_name(out, key, err));
    rc = pickle_put_json(out, value, err);
    if (rc == ERR_DATA)
        error_prefix(err, "%s: ", key);
done:
    return rc;
}

/* The digits stand last, so that one pass writes them; the two bytes after them are in the sum. */
static enum err put_checksum(struct output *out, struct error *err)
{
    enum err rc;
    char hex[HASH_HEX_SIZE];
    static const unsigned char tail[] = {PICKLE_SETITEMS, PICKLE_STOP};
    static const unsigned char head[] = {PICKLE_SHORT_BINUNICODE, HASH_HEX_SIZE - 1};

    TRY(pickle_put_name(out, "checksum", err));
    TRY(output_write(out, head, sizeof(head), err));
    TRY(output_sum_with(out, tail, sizeof(tail), hex, err));
    TRY(output_write(out, hex, sizeof(hex) - 1, err));
    TRY(output_write(out, tail, sizeof(tail), err));
done:
    return rc;
}

static enum err put_record(struct output *out, const struct model_record *record, struct error *err)
{
    enum err rc;
    static const unsigned char head[] = {PICKLE_PROTO, PICKLE_PROTOCOL};

    TRY(output_write(out, head, sizeof(head), err));
    TRY(begin_dict(out, err));
    TRY(pickle_put_name(out, "format", err));
    TRY(pickle_put_name(out, MODEL_FILE_FORMAT, err));
    TRY(put_model(out, record->model, err));
    TRY(put_mappings(out, record, err));
    TRY(put_matrix(out, record->matrix, err));
    TRY(put_vector(out, "popularity", ELEMENT_I64, record->matrix->cols, record->popularity, err));
    TRY(put_json(out, "params", record->params, err));
    TRY(put_json(out, "metrics", record->metrics, err));
    TRY(put_json(out, "data", record->data, err));
    TRY(pickle_put_name(out, "seed", err));
    TRY(pickle_put_uint(out, record->seed, err));
    TRY(pickle_put_name(out, "version", err));
    TRY(pickle_put_name(out, record->version, err));
    TRY(put_checksum(out, err));
done:
    return rc;
}

/* About what the file will have: the arrays without the little that stands between them. */
static double bytes_of(const struct model_record *record)
{
    double bytes = (double)csr_nnz(record->matrix) * 8 + (double)record->matrix->rows * 16 +
                   (double)record->matrix->cols * 16;
    for (int32_t i = 0; i < record->model->array_count; i++) {
        const struct tensor array = tensor_of_array(&record->model->arrays[i]);
        bytes += (double)tensor_bytes(&array);
    }
    return bytes;
}

enum err model_file_write(const struct model_record *record, const char *directory, int64_t job_id,
                          const char *stamp, const struct progress *progress, char **ret_path,
                          char ret_sha256[HASH_HEX_SIZE], struct error *err)
{
    enum err rc;
    struct output out = {0};
    char stem[128];

    const int length = snprintf(stem, sizeof(stem), "%s_model_%" PRId64 "_%s",
                                record->model->kind->name, job_id, stamp);
    if (length < 0 || (size_t)length >= sizeof(stem) || strchr(stem, '/') != NULL)
        return FAIL(err, ERR_INVALID, "the time stamp %s is not part of a file name", stamp);
    const struct output_spec spec = {.directory = directory,
                                     .stem = stem,
                                     .extension = ".pkl",
                                     .numbered = true,
                                     .hashed = true,
                                     .total_bytes = bytes_of(record),
                                     .progress = progress};
    TRY(output_open(&out, &spec, err));
    TRY(put_record(&out, record, err));
    TRY(output_commit(&out, ret_path, ret_sha256, err));
done:
    output_release(&out);
    return rc;
}
