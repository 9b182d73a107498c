/*
 * The archive of .npy files that implicit's AlternatingLeastSquares.save would write
 * (implicit/cpu/als.py, 0.7.3). A .npy file is a header in the words of a Python dict, filled up
 * with blanks to 64 bytes, and the array (numpy/lib/format.py, version 1.0).
 */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "model/export.h"
#include "model/export_tensors.h"
#include "model/zip.h"

enum { NPY_HEADER_MAX = 192, NPY_ALIGNMENT = 64 };

/* Writes the header for a shape such as "(3, 2)"; returns its size. */
static size_t npy_header(char header[NPY_HEADER_MAX], const char *dtype, const char *shape)
{
    static const char magic[] = "\x93NUMPY\x01"; /* and a zero byte: version 1.0 */
    enum { FIXED = sizeof(magic) + 2 };          /* and the 16-bit length of the rest */
    const int words =
        snprintf(header + FIXED, NPY_HEADER_MAX - FIXED,
                 "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", dtype, shape);
    size_t size = FIXED + (size_t)words;
    while ((size + 1) % NPY_ALIGNMENT != 0)
        header[size++] = ' ';
    header[size++] = '\n';
    const uint16_t rest = (uint16_t)(size - FIXED);
    memcpy(header, magic, sizeof(magic));
    memcpy(header + sizeof(magic), &rest, sizeof(rest));
    return size;
}

static enum err add_to_crc(void *context, const void *bytes, size_t size, struct error *err)
{
    uLong *crc = context;
    (void)err;
    *crc = crc32_z(*crc, bytes, size);
    return ERR_OK;
}

static enum err put_array(struct zip *zip, const struct export_tensor *array, struct error *err)
{
    enum err rc;
    const struct tensor *t = &array->tensor;
    char name[ZIP_NAME_MAX], shape[48], header[NPY_HEADER_MAX];

    snprintf(name, sizeof(name), "%s.npy", array->name);
    if (t->ndim == 1)
        snprintf(shape, sizeof(shape), "(%lld,)", (long long)t->shape[0]);
    else
        snprintf(shape, sizeof(shape), "(%lld, %lld)", (long long)t->shape[0],
                 (long long)t->shape[1]);
    const size_t size = npy_header(header, element_numpy(t->element), shape);
    /* The sum stands before the bytes, hence a pass for it alone. */
    uLong crc = crc32_z(0, (const Bytef *)header, size);
    TRY(tensor_walk(t, add_to_crc, &crc, err));
    TRY(zip_begin_member(zip, name, size + tensor_bytes(t), (uint32_t)crc, err));
    TRY(output_write(zip->out, header, size, err));
    TRY(tensor_write(t, zip->out, err));
done:
    return rc;
}

/* An array without dimensions: one value. */
static enum err put_scalar(struct zip *zip, const char *key, const char *dtype, const void *value,
                           size_t value_size, struct error *err)
{
    enum err rc;
    char name[ZIP_NAME_MAX], member[NPY_HEADER_MAX + 32];
    size_t size = npy_header(member, dtype, "()");

    snprintf(name, sizeof(name), "%s.npy", key);
    memcpy(member + size, value, value_size);
    size += value_size;
    const uLong crc = crc32_z(0, (const Bytef *)member, size);
    TRY(zip_begin_member(zip, name, size, (uint32_t)crc, err));
    TRY(output_write(zip->out, member, size, err));
done:
    return rc;
}

static enum err put_int(struct zip *zip, const char *key, int64_t value, struct error *err)
{
    return put_scalar(zip, key, "<i8", &value, sizeof(value), err);
}

static enum err put_bool(struct zip *zip, const char *key, bool value, struct error *err)
{
    const unsigned char byte = value ? 1 : 0;
    return put_scalar(zip, key, "|b1", &byte, 1, err);
}

/* A number of the run's parameters, where it has one: else implicit keeps its default. */
static enum err put_param(struct zip *zip, const json_t *params, const char *key, struct error *err)
{
    const json_t *value = json_object_get(params, key);
    if (json_is_integer(value))
        return put_int(zip, key, json_integer_value(value), err);
    if (!json_is_real(value))
        return ERR_OK;
    const double real = json_real_value(value);
    return put_scalar(zip, key, "<f8", &real, sizeof(real), err);
}

/* The attributes of implicit's class. "dtype" is a string to it: 7 characters of 32 bits. */
static enum err put_settings(struct zip *zip, const struct model_record *record, int64_t factors,
                             struct error *err)
{
    enum err rc;
    static const uint32_t dtype[7] = {'f', 'l', 'o', 'a', 't', '3', '2'};
    const json_t *params = record->params;
    const json_t *solver = json_object_get(params, "solver");

    TRY(put_int(zip, "factors", factors, err));
    TRY(put_param(zip, params, "regularization", err));
    TRY(put_param(zip, params, "alpha", err));
    TRY(put_param(zip, params, "iterations", err));
    TRY(put_param(zip, params, "cg_steps", err));
    if (json_is_string(solver))
        TRY(put_bool(zip, "use_cg", strcmp(json_string_value(solver), "cg") == 0, err));
    TRY(put_bool(zip, "use_native", true, err));
    TRY(put_bool(zip, "calculate_training_loss", false, err));
    TRY(put_int(zip, "num_threads", 0, err)); /* all there are */
    TRY(put_scalar(zip, "dtype", "<U7", dtype, sizeof(dtype), err));
done:
    return rc;
}

static bool is_factors(const struct model_array *array)
{
    return array != NULL && array->dtype == DTYPE_F32 && array->ndim == 2;
}

enum err model_export_npz(const struct model_record *record, const char *path,
                          const struct progress *progress, struct error *err)
{
    enum err rc;
    struct output out = {0};
    struct zip zip = {.out = &out};
    struct export_list list = {0};
    char *directory = NULL;
    const struct model_array *users = model_find_array(record->model, "user_factors");
    const struct model_array *items = model_find_array(record->model, "item_factors");

    if (!is_factors(users) || !is_factors(items))
        return FAIL_REASON(err, ERR_INVALID, "no_factors",
                           "a model of type %s has no factors of users and items, which is all "
                           "that implicit's format can hold",
                           record->model->kind->name);
    export_list_add(&list, users->name, tensor_of_array(users));
    export_list_add(&list, items->name, tensor_of_array(items));
    export_list_add_ids(&list, "user_ids", record->users);
    export_list_add_ids(&list, "item_ids", record->items);
    TRY(export_open(&out, path, export_list_bytes(&list), progress, &directory, err));
    for (int32_t i = 0; i < list.count; i++)
        TRY(put_array(&zip, &list.tensors[i], err));
    TRY(put_settings(&zip, record, items->shape[1], err));
    TRY(zip_end(&zip, err));
    TRY(output_commit(&out, NULL, NULL, err));
done:
    output_release(&out);
    mem_free(directory);
    return rc;
}
