#ifndef MODEL_FILE_OPEN_H
#define MODEL_FILE_OPEN_H

/* What an open model file owns, for model/file_open.c and model/file_read.c. */
#include "model/file.h"

struct model_file {
    struct model_record record;
    struct model *model; /* its arrays lie in the map */
    struct idmap users, items;
    struct csr matrix; /* lies in the map */
    json_t *params, *metrics, *data;
    char *version;
    void *map; /* NULL: the bytes are the caller's */
    size_t map_size;
};

/* Fill `file` (all zero before) from bytes; on failure what was made stays in it. */
MUST_CHECK enum err model_file_read(const void *bytes, size_t size,
                                    const struct model_file_look *look, struct model_file *file,
                                    struct error *err);

#endif
