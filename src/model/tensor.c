#include "model/tensor.h"

#include <assert.h>

/* Files are little-endian, and arrays are written and mapped as they lie in memory. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a big-endian machine needs swapping");

static const struct {
    size_t size;
    const char *numpy, *safetensors;
} elements[ELEMENTS] = {
    [ELEMENT_F32] = {4, "<f4", "F32"}, [ELEMENT_I32] = {4, "<i4", "I32"},
    [ELEMENT_I64] = {8, "<i8", "I64"}, [ELEMENT_U64] = {8, "<u8", "U64"},
    [ELEMENT_U8] = {1, "|u1", "U8"},
};

size_t element_size(enum element element)
{
    return elements[element].size;
}

const char *element_numpy(enum element element)
{
    return elements[element].numpy;
}

const char *element_safetensors(enum element element)
{
    return elements[element].safetensors;
}

enum element element_of_dtype(enum dtype dtype)
{
    return dtype == DTYPE_F32 ? ELEMENT_F32 : dtype == DTYPE_I32 ? ELEMENT_I32 : ELEMENT_I64;
}

bool element_to_dtype(enum element element, enum dtype *ret_dtype)
{
    for (enum dtype dtype = DTYPE_F32; dtype <= DTYPE_I64; dtype++)
        if (element_of_dtype(dtype) == element) {
            *ret_dtype = dtype;
            return true;
        }
    return false;
}

struct tensor tensor_vector(enum element element, int64_t count, const void *data)
{
    return (struct tensor){
        .element = element, .ndim = 1, .shape = {count, 1}, .stride = 1, .data = data};
}

struct tensor tensor_of_array(const struct model_array *array)
{
    return (struct tensor){.element = element_of_dtype(array->dtype),
                           .ndim = array->ndim,
                           .shape = {array->shape[0], array->shape[1]},
                           .stride = array->stride,
                           .data = array->data};
}

uint64_t tensor_bytes(const struct tensor *tensor)
{
    return (uint64_t)tensor->shape[0] * (uint64_t)tensor->shape[1] * element_size(tensor->element);
}

enum err tensor_walk(const struct tensor *tensor,
                     enum err (*body)(void *context, const void *bytes, size_t size,
                                      struct error *err),
                     void *context, struct error *err)
{
    enum err rc = ERR_OK;
    const size_t width = (size_t)tensor->shape[1] * element_size(tensor->element);
    const size_t step = (size_t)tensor->stride * element_size(tensor->element);
    const char *row = tensor->data;

    if (step == width)
        return body(context, row, (size_t)tensor_bytes(tensor), err);
    for (int64_t i = 0; i < tensor->shape[0]; i++, row += step)
        TRY(body(context, row, width, err));
done:
    return rc;
}

static enum err write_bytes(void *context, const void *bytes, size_t size, struct error *err)
{
    return output_write(context, bytes, size, err);
}

enum err tensor_write(const struct tensor *tensor, struct output *out, struct error *err)
{
    return tensor_walk(tensor, write_bytes, out, err);
}
