#include "model/export_tensors.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "model/file_format.h"

void export_list_add(struct export_list *list, const char *name, struct tensor tensor)
{
    assert(list->count < EXPORT_TENSORS_MAX && strlen(name) < EXPORT_NAME_MAX);
    struct export_tensor *added = &list->tensors[list->count++];
    memcpy(added->name, name, strlen(name) + 1);
    added->tensor = tensor;
}

void export_list_add_model(struct export_list *list, const struct model *model)
{
    for (int32_t i = 0; i < model->array_count; i++)
        export_list_add(list, model->arrays[i].name, tensor_of_array(&model->arrays[i]));
}

void export_list_add_ids(struct export_list *list, const char *name, const struct idmap *ids)
{
    char part[EXPORT_NAME_MAX];
    if (ids->kind != ID_STRING) {
        export_list_add(list, name,
                        tensor_vector(model_file_id_element(ids->kind), ids->count, ids->ints));
        return;
    }
    snprintf(part, sizeof(part), "%s_offsets", name);
    export_list_add(list, part, tensor_vector(ELEMENT_I64, (int64_t)ids->count + 1, ids->offsets));
    snprintf(part, sizeof(part), "%s_bytes", name);
    export_list_add(list, part, tensor_vector(ELEMENT_U8, ids->offsets[ids->count], ids->bytes));
}

uint64_t export_list_bytes(const struct export_list *list)
{
    uint64_t bytes = 0;
    for (int32_t i = 0; i < list->count; i++)
        bytes += tensor_bytes(&list->tensors[i].tensor);
    return bytes;
}

enum err export_open(struct output *out, const char *path, uint64_t total_bytes,
                     const struct progress *progress, char **ret_directory, struct error *err)
{
    enum err rc;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return FAIL(err, ERR_INVALID, "%s does not name a file", path);

    char *directory = mem_dup_string(slash == NULL ? "." : path, err);
    if (directory == NULL)
        return ERR_NOMEM;
    if (slash != NULL)
        directory[slash == path ? 1 : slash - path] = '\0';
    const struct output_spec spec = {.directory = directory,
                                     .stem = name,
                                     .extension = "",
                                     .total_bytes = (double)total_bytes,
                                     .progress = progress};
    TRY(output_open(out, &spec, err));
    *ret_directory = directory;
    return ERR_OK;
done:
    output_release(out);
    mem_free(directory);
    return rc;
}
