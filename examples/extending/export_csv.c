/*
 * The factors as a text table, one row a user or item: "user",id,x_1,… and "item",id,y_1,…; numbers
 * with the nine digits that give the same float back. Ids that are strings are quoted, quotes in
 * them doubled, as RFC 4180 has it. For a look in a spreadsheet; large models want npz.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "model/export.h"
#include "model/export_tensors.h"

static enum err put_text(struct output *out, const char *text, size_t length, struct error *err)
{
    enum err rc;
    TRY(output_write(out, "\"", 1, err));
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            TRY(output_write(out, "\"", 1, err));
        TRY(output_write(out, &text[i], 1, err));
    }
    TRY(output_write(out, "\"", 1, err));
done:
    return rc;
}

static enum err put_id(struct output *out, const struct idmap *ids, int32_t index,
                       struct error *err)
{
    char text[24];
    if (ids->kind == ID_STRING) {
        const struct str id = idmap_string(ids, index);
        return put_text(out, id.ptr, id.len, err);
    }
    idmap_text(ids, index, text, sizeof(text));
    return output_write(out, text, strlen(text), err);
}

/* All rows of one table [ids × factors]. */
static enum err put_table(struct output *out, const char *side, const struct idmap *ids,
                          const struct model_array *table, struct error *err)
{
    enum err rc = ERR_OK;
    char text[32];
    for (int32_t row = 0; row < ids->count; row++) {
        const float *factors = (const float *)table->data + row * table->stride;
        TRY(output_write(out, side, strlen(side), err));
        TRY(put_id(out, ids, row, err));
        for (int64_t j = 0; j < table->shape[1]; j++) {
            const int length = snprintf(text, sizeof(text), ",%.9g", (double)factors[j]);
            TRY(output_write(out, text, (size_t)length, err));
        }
        TRY(output_write(out, "\n", 1, err));
    }
done:
    return rc;
}

static bool is_factors(const struct model_array *table)
{
    return table != NULL && table->dtype == DTYPE_F32 && table->ndim == 2;
}

enum err model_export_csv(const struct model_record *record, const char *path,
                          const struct progress *progress, struct error *err)
{
    enum err rc;
    struct output out = {0};
    char *directory = NULL;
    const struct model_array *users = model_find_array(record->model, "user_factors");
    const struct model_array *items = model_find_array(record->model, "item_factors");

    if (!is_factors(users) || !is_factors(items))
        return FAIL_REASON(err, ERR_INVALID, "no_factors",
                           "a model of type %s has no factors of users and items to write",
                           record->model->kind->name);
    TRY(export_open(&out, path, 0, progress, &directory, err)); /* 0: the size is not known */
    TRY(put_table(&out, "user,", record->users, users, err));
    TRY(put_table(&out, "item,", record->items, items, err));
    TRY(output_commit(&out, NULL, NULL, err));
done:
    output_release(&out);
    mem_free(directory);
    return rc;
}
