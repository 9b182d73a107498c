#include "model/model.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

size_t dtype_size(enum dtype dtype)
{
    return dtype == DTYPE_I64 ? 8 : 4;
}

enum err model_create(const struct model_kind *kind, int32_t users, int32_t items,
                      struct model **ret_model, struct error *err)
{
    struct model *model = mem_array(1, sizeof(*model), err);
    if (model == NULL)
        return ERR_NOMEM;
    *model = (struct model){.kind = kind, .users = users, .items = items};
    *ret_model = model;
    return ERR_OK;
}

enum err model_add_array(struct model *model, const char *name, enum dtype dtype, int32_t ndim,
                         int64_t rows, int64_t columns, int64_t stride, void **ret_data,
                         struct error *err)
{
    assert(model->array_count < MODEL_ARRAYS_MAX && strlen(name) < MODEL_ARRAY_NAME_MAX);
    assert(ndim == 1 ? columns == 1 && stride == 1 : stride >= columns);
    struct model_array array = {
        .dtype = dtype, .ndim = ndim, .shape = {rows, columns}, .stride = stride};
    memcpy(array.name, name, strlen(name) + 1);
    array.data = mem_array((size_t)rows * (size_t)stride, dtype_size(dtype), err);
    if (array.data == NULL)
        return ERR_NOMEM;
    model->arrays[model->array_count++] = array;
    *ret_data = array.data;
    return ERR_OK;
}

void model_free(struct model *model)
{
    if (model == NULL)
        return;
    for (int32_t i = 0; i < model->array_count && !model->borrowed; i++)
        mem_free(model->arrays[i].data);
    mem_free(model);
}

const struct model_array *model_find_array(const struct model *model, const char *name)
{
    for (int32_t i = 0; i < model->array_count; i++)
        if (strcmp(model->arrays[i].name, name) == 0)
            return &model->arrays[i];
    return NULL;
}
