#ifndef MODEL_EXPORT_TENSORS_H
#define MODEL_EXPORT_TENSORS_H

/* What both exports share: named arrays of a record, and the file that they go to. */
#include "model/file.h"
#include "model/output.h"
#include "model/tensor.h"

enum { EXPORT_TENSORS_MAX = MODEL_ARRAYS_MAX + 8, EXPORT_NAME_MAX = 40 };

struct export_tensor {
    char name[EXPORT_NAME_MAX];
    struct tensor tensor; /* its data is borrowed */
};

struct export_list {
    int32_t count;
    struct export_tensor tensors[EXPORT_TENSORS_MAX];
};

void export_list_add(struct export_list *list, const char *name, struct tensor tensor);
void export_list_add_model(struct export_list *list, const struct model *model);
/* name, or name_bytes and name_offsets for strings. */
void export_list_add_ids(struct export_list *list, const char *name, const struct idmap *ids);
uint64_t export_list_bytes(const struct export_list *list);

/* Start the file at `path`. `*ret_directory` keeps the parts of the path that `out` borrows, and
 * is the caller's to free after output_release. */
MUST_CHECK enum err export_open(struct output *out, const char *path, uint64_t total_bytes,
                                const struct progress *progress, char **ret_directory,
                                struct error *err);

#endif
