#ifndef MODEL_TENSOR_H
#define MODEL_TENSOR_H

/*
 * An array as files know it: little-endian elements, one or two dimensions, packed rows in the
 * file whatever the stride in memory. The model file and both exports are lists of these.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/model.h"
#include "model/output.h"

enum element { ELEMENT_F32, ELEMENT_I32, ELEMENT_I64, ELEMENT_U64, ELEMENT_U8, ELEMENTS };

struct tensor {
    enum element element;
    int32_t ndim;     /* 1 or 2 */
    int64_t shape[2]; /* shape[1] is 1 where ndim is 1 */
    int64_t stride;   /* elements from one row to the next: at least shape[1] */
    const void *data; /* borrowed */
};

size_t element_size(enum element element);
const char *element_numpy(enum element element);       /* "<f4" */
const char *element_safetensors(enum element element); /* "F32" */
/* The element of a model's array, and back: false when no model array has such elements. */
enum element element_of_dtype(enum dtype dtype);
bool element_to_dtype(enum element element, enum dtype *ret_dtype);

/* A vector of `count` elements. */
struct tensor tensor_vector(enum element element, int64_t count, const void *data);
struct tensor tensor_of_array(const struct model_array *array);

/* Bytes in a file: elements × their size. */
uint64_t tensor_bytes(const struct tensor *tensor);

/* Call body(context, bytes, size) for each run of bytes of the packed rows, in order; stops at the
 * first error and returns it. */
MUST_CHECK enum err tensor_walk(const struct tensor *tensor,
                                enum err (*body)(void *context, const void *bytes, size_t size,
                                                 struct error *err),
                                void *context, struct error *err);
/* Add the packed rows to a file: the errors of output_write. */
MUST_CHECK enum err tensor_write(const struct tensor *tensor, struct output *out,
                                 struct error *err);

#endif
