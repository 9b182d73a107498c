/*
 * The grammar of the model file, key by key in the order of model/file_write.c. Arrays are left
 * where they lie; only string ids and JSON are copied.
 */
#include <string.h>

#include "base/memory.h"
#include "model/file_format.h"
#include "model/file_open.h"
#include "model/pickle.h"

static enum err begin_dict(struct pickle_reader *in, struct error *err)
{
    enum err rc;
    TRY(pickle_get_opcode(in, PICKLE_EMPTY_DICT, "a dict", err));
    TRY(pickle_get_opcode(in, PICKLE_MARK, "the items of a dict", err));
done:
    return rc;
}

static enum err end_dict(struct pickle_reader *in, struct error *err)
{
    return pickle_get_opcode(in, PICKLE_SETITEMS, "the end of a dict", err);
}

/* A key and its vector; length -1 allows any. */
static enum err get_vector(struct pickle_reader *in, const char *key, enum element element,
                           int64_t length, struct tensor *ret_vector, struct error *err)
{
    enum err rc;
    struct tensor vector;
    TRY(pickle_get_name(in, key, err));
    const size_t begin = in->at;
    TRY(pickle_get_array(in, &vector, err));
    if (vector.element != element || vector.ndim != 1 || (length >= 0 && vector.shape[0] != length))
        return FAIL(err, ERR_CORRUPT, "byte %zu: expected %s to be %lld elements of type %s", begin,
                    key, (long long)(length >= 0 ? length : vector.shape[0]),
                    element_numpy(element));
    *ret_vector = vector;
done:
    return rc;
}

static bool is_array_name(struct str name)
{
    if (name.len == 0 || name.len >= MODEL_ARRAY_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || c == '_' || (i > 0 && c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

static enum err get_model_array(struct pickle_reader *in, struct model *model, struct error *err)
{
    enum err rc;
    struct str name;
    struct tensor tensor;
    struct model_array array = {0};

    const size_t begin = in->at;
    TRY(pickle_get_text(in, &name, err));
    if (model->array_count == MODEL_ARRAYS_MAX || !is_array_name(name))
        return pickle_expected(in, begin, "the name of one of the arrays of the model", err);
    memcpy(array.name, name.ptr, name.len);
    if (model_find_array(model, array.name) != NULL || strcmp(array.name, "type") == 0)
        return pickle_expected(in, begin, "an array that the model does not have yet", err);
    const size_t array_begin = in->at;
    TRY(pickle_get_array(in, &tensor, err));
    if (!element_to_dtype(tensor.element, &array.dtype))
        return pickle_expected(in, array_begin, "an array of <f4, <i4 or <i8", err);
    array.ndim = tensor.ndim;
    memcpy(array.shape, tensor.shape, sizeof(array.shape));
    array.stride = tensor.stride;
    array.data = (void *)tensor.data; /* never written through: the model is borrowed */
    model->arrays[model->array_count++] = array;
done:
    return rc;
}

static enum err get_model(struct pickle_reader *in, struct model_file *file, struct error *err)
{
    enum err rc;
    struct str type;
    char name[MODEL_ARRAY_NAME_MAX] = "";

    TRY(pickle_get_name(in, "model", err));
    TRY(begin_dict(in, err));
    TRY(pickle_get_name(in, "type", err));
    const size_t begin = in->at;
    TRY(pickle_get_text(in, &type, err));
    if (type.len < sizeof(name))
        memcpy(name, type.ptr, type.len);
    const struct model_kind *kind = strlen(name) == type.len ? model_kind_find(name) : NULL;
    if (kind == NULL)
        return FAIL_REASON(err, ERR_CORRUPT, "model_type",
                           "byte %zu: expected the name of a model type that this program knows",
                           begin);
    TRY(model_create(kind, 0, 0, &file->model, err));
    file->model->borrowed = true;
    while (pickle_peek(in) != PICKLE_SETITEMS)
        TRY(get_model_array(in, file->model, err));
    in->at++;
done:
    return rc;
}

/* How many strings stand up to APPENDS, and their bytes; the cursor stays. */
static enum err measure_strings(struct pickle_reader in, int32_t *ret_count, size_t *ret_bytes,
                                struct error *err)
{
    enum err rc = ERR_OK;
    int32_t count = 0;
    size_t bytes = 0;
    while (pickle_peek(&in) != PICKLE_APPENDS) {
        struct str text;
        if (count == INT32_MAX)
            return pickle_expected(&in, in.at, "fewer ids", err);
        TRY(pickle_get_text(&in, &text, err));
        bytes += text.len;
        count++;
    }
    *ret_count = count;
    *ret_bytes = bytes;
done:
    return rc;
}

static enum err get_strings(struct pickle_reader *in, struct idmap *ids, struct error *err)
{
    enum err rc;
    int32_t count = 0;
    size_t bytes = 0;

    TRY(pickle_get_opcode(in, PICKLE_EMPTY_LIST, "ids: an array or a list", err));
    TRY(pickle_get_opcode(in, PICKLE_MARK, "the ids of a list", err));
    TRY(measure_strings(*in, &count, &bytes, err));
    ids->kind = ID_STRING;
    TRY_PTR(ids->offsets = mem_array((size_t)count + 1, sizeof(*ids->offsets), err));
    TRY_PTR(ids->bytes = mem_array(bytes, 1, err));
    for (int32_t i = 0; i < count; i++) {
        struct str text;
        TRY(pickle_get_text(in, &text, err));
        memcpy(ids->bytes + ids->offsets[i], text.ptr, text.len);
        ids->offsets[i + 1] = ids->offsets[i] + (int64_t)text.len;
    }
    ids->count = count;
    in->at++; /* APPENDS, seen by measure_strings */
done:
    return rc;
}

static enum err get_ids(struct pickle_reader *in, const char *key, const char *what, bool check,
                        struct idmap *ids, struct error *err)
{
    enum err rc;
    struct tensor array;

    TRY(pickle_get_name(in, key, err));
    const size_t begin = in->at;
    if (pickle_peek(in) != PICKLE_GLOBAL) {
        TRY(get_strings(in, ids, err));
    } else {
        TRY(pickle_get_array(in, &array, err));
        const bool is_int = array.element == ELEMENT_I64;
        if (array.ndim != 1 || (!is_int && array.element != ELEMENT_U64) ||
            array.shape[0] > INT32_MAX)
            return pickle_expected(in, begin, "ids: one row of <i8 or <u8", err);
        ids->kind = is_int ? ID_INT64 : ID_UINT64;
        ids->count = (int32_t)array.shape[0];
        ids->ints = (int64_t *)array.data;
    }
    if (check)
        TRY(model_file_check_ids(ids, what, begin, err));
done:
    return rc;
}

static enum err get_mappings(struct pickle_reader *in, bool check, struct model_file *file,
                             struct error *err)
{
    enum err rc;
    TRY(pickle_get_name(in, "mappings", err));
    TRY(begin_dict(in, err));
    TRY(get_ids(in, "users", "user", check, &file->users, err));
    TRY(get_ids(in, "items", "item", check, &file->items, err));
    TRY(end_dict(in, err));
    file->model->users = file->users.count;
    file->model->items = file->items.count;
done:
    return rc;
}

static enum err get_matrix(struct pickle_reader *in, bool check, struct model_file *file,
                           struct error *err)
{
    enum err rc;
    struct tensor indptr, indices, values;
    int64_t rows, cols;
    const size_t begin = in->at;

    TRY(pickle_get_name(in, "matrix", err));
    TRY(begin_dict(in, err));
    TRY(get_vector(in, "indptr", ELEMENT_I64, (int64_t)file->users.count + 1, &indptr, err));
    TRY(get_vector(in, "indices", ELEMENT_I32, -1, &indices, err));
    TRY(get_vector(in, "data", ELEMENT_F32, indices.shape[0], &values, err));
    TRY(pickle_get_name(in, "shape", err));
    const size_t shape_begin = in->at;
    TRY(pickle_get_int(in, &rows, err));
    TRY(pickle_get_int(in, &cols, err));
    TRY(pickle_get_opcode(in, PICKLE_TUPLE2, "the end of a shape of two lengths", err));
    TRY(end_dict(in, err));
    if (rows != file->users.count || cols != file->items.count)
        return FAIL(err, ERR_CORRUPT, "byte %zu: expected the shape %d x %d", shape_begin,
                    file->users.count, file->items.count);
    file->matrix = (struct csr){.rows = file->users.count,
                                .cols = file->items.count,
                                .indptr = (int64_t *)indptr.data,
                                .indices = (int32_t *)indices.data,
                                .values = (float *)values.data};
    if (check)
        TRY(model_file_check_matrix(&file->matrix, indices.shape[0], begin, err));
done:
    return rc;
}

static enum err get_object(struct pickle_reader *in, const char *key, json_t **ret_object,
                           struct error *err)
{
    enum err rc;
    TRY(pickle_get_name(in, key, err));
    if (pickle_peek(in) != PICKLE_EMPTY_DICT)
        return pickle_expected(in, in->at, "a dict", err);
    TRY(pickle_get_json(in, ret_object, err));
done:
    return rc;
}

static enum err get_version(struct pickle_reader *in, struct model_file *file, struct error *err)
{
    enum err rc;
    struct str text;
    TRY(pickle_get_name(in, "version", err));
    const size_t begin = in->at;
    TRY(pickle_get_text(in, &text, err));
    if (memchr(text.ptr, '\0', text.len) != NULL)
        return pickle_expected(in, begin, "a version without a zero byte", err);
    TRY_PTR(file->version = mem_array(text.len + 1, 1, err));
    memcpy(file->version, text.ptr, text.len);
done:
    return rc;
}

/* Compare the sums: the file's own is over all bytes but its 64 digits at `begin`, the other over
 * all of them. */
static enum err check_sums(const struct pickle_reader *in, size_t begin, struct str digits,
                           const char *sha256, struct error *err)
{
    enum err rc;
    struct hash *inner = NULL, *whole = NULL;
    unsigned char sum[HASH_BYTES];
    char hex[HASH_HEX_SIZE];

    TRY(hash_create(&inner, err));
    hash_add(inner, in->bytes, begin);
    if (sha256 != NULL) {
        TRY(hash_dup(inner, &whole, err));
        hash_add(whole, in->bytes + begin, in->size - begin);
        hash_finish(whole, sum);
        hash_hex(sum, hex);
        if (strcmp(hex, sha256) != 0) {
            rc = FAIL_REASON(err, ERR_CORRUPT, "model_file_changed",
                             "the file is not the one that was saved: its SHA-256 is %s, that of "
                             "the model %s",
                             hex, sha256);
            goto done;
        }
    }
    hash_add(inner, in->bytes + begin + digits.len, in->size - begin - digits.len);
    hash_finish(inner, sum);
    hash_hex(sum, hex);
    if (memcmp(hex, digits.ptr, digits.len) != 0)
        rc = FAIL_REASON(err, ERR_CORRUPT, "checksum",
                         "byte %zu: expected the checksum %s: some byte of the file has changed",
                         begin, hex);
done:
    hash_free(inner);
    hash_free(whole);
    return rc;
}

static enum err get_checksum(struct pickle_reader *in, const struct model_file_look *look,
                             struct error *err)
{
    enum err rc;
    struct str digits;

    TRY(pickle_get_name(in, "checksum", err));
    TRY(pickle_get_text(in, &digits, err));
    const size_t begin = in->at - digits.len;
    if (digits.len != HASH_HEX_SIZE - 1)
        return pickle_expected(in, begin, "a checksum of 64 digits", err);
    TRY(end_dict(in, err));
    TRY(pickle_get_opcode(in, PICKLE_STOP, "the end of the pickle", err));
    if (in->at != in->size)
        return pickle_expected(in, in->at, "the end of the file", err);
    if (look->checks == MODEL_FILE_VERIFIED)
        rc = check_sums(in, begin, digits, look->sha256, err);
done:
    return rc;
}

static enum err get_format(struct pickle_reader *in, struct error *err)
{
    enum err rc;
    static const char family[] = "rectrain/";
    struct str format;

    TRY(pickle_get_opcode(in, PICKLE_PROTO, "a model file: a pickle", err));
    if (pickle_peek(in) != PICKLE_PROTOCOL)
        return pickle_expected(in, in->at, "pickle protocol 5", err);
    in->at++;
    TRY(begin_dict(in, err));
    TRY(pickle_get_name(in, "format", err));
    const size_t begin = in->at;
    TRY(pickle_get_text(in, &format, err));
    if (format.len == strlen(MODEL_FILE_FORMAT) &&
        memcmp(format.ptr, MODEL_FILE_FORMAT, format.len) == 0)
        return ERR_OK;
    if (format.len > strlen(family) && memcmp(format.ptr, family, strlen(family)) == 0)
        return FAIL_REASON(err, ERR_CORRUPT, "format_version",
                           "byte %zu: expected the format %s; this is %.*s, of another version of "
                           "this program",
                           begin, MODEL_FILE_FORMAT, (int)(format.len < 32 ? format.len : 32),
                           format.ptr);
    rc = pickle_expected(in, begin, "the format " MODEL_FILE_FORMAT, err);
done:
    return rc;
}

enum err model_file_read(const void *bytes, size_t size, const struct model_file_look *look,
                         struct model_file *file, struct error *err)
{
    enum err rc;
    struct tensor popularity;
    uint64_t seed;
    struct pickle_reader reader = {bytes, size, 0}, *in = &reader;
    const bool check = look->checks >= MODEL_FILE_CHECKED;

    TRY(get_format(in, err));
    const size_t model_begin = in->at;
    TRY(get_model(in, file, err));
    TRY(get_mappings(in, check, file, err));
    rc = file->model->kind->check(file->model, err);
    if (rc == ERR_OK && look->checks == MODEL_FILE_VERIFIED)
        TRY(model_file_check_finite(file->model, model_begin, err));
    if (rc == ERR_CORRUPT)
        error_prefix(err, "byte %zu: ", model_begin);
    if (rc != ERR_OK)
        goto done;
    TRY(get_matrix(in, check, file, err));
    const size_t popularity_begin = in->at;
    TRY(get_vector(in, "popularity", ELEMENT_I64, file->items.count, &popularity, err));
    if (check)
        TRY(model_file_check_popularity(popularity.data, file->items.count, popularity_begin, err));
    TRY(get_object(in, "params", &file->params, err));
    TRY(get_object(in, "metrics", &file->metrics, err));
    TRY(get_object(in, "data", &file->data, err));
    TRY(pickle_get_name(in, "seed", err));
    TRY(pickle_get_uint(in, &seed, err));
    TRY(get_version(in, file, err));
    TRY(get_checksum(in, look, err));
    file->model->train = &file->matrix;
    file->record = (struct model_record){.model = file->model,
                                         .users = &file->users,
                                         .items = &file->items,
                                         .matrix = &file->matrix,
                                         .popularity = popularity.data,
                                         .params = file->params,
                                         .metrics = file->metrics,
                                         .data = file->data,
                                         .seed = seed,
                                         .version = file->version};
done:
    return rc;
}
