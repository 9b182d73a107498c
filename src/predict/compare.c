#include "predict/compare.h"

#include <string.h>

#include "base/memory.h"

enum { NUMBER_SIZE = 24 };

/* The index of the same id in another map, or -1. */
static enum err translate(const struct idmap *from, int32_t index, const struct idmap *to,
                          int32_t *ret_index, struct error *err)
{
    enum err rc = ERR_OK;
    char number[NUMBER_SIZE], *text = NULL;
    if (from->kind != ID_STRING) {
        *ret_index = idmap_find_text(to, idmap_text(from, index, number, sizeof(number)));
        return ERR_OK;
    }
    const struct str id = idmap_string(from, index);
    TRY_PTR(text = mem_plain(id.len + 1, err));
    memcpy(text, id.ptr, id.len);
    text[id.len] = '\0';
    *ret_index = idmap_find_text(to, text);
done:
    mem_free(text);
    return rc;
}

enum err lists_compare(const struct compared_list *left, const struct compared_list *right,
                       int32_t *ret_common, struct error *err)
{
    enum err rc = ERR_OK;
    int32_t index, common = 0;
    for (int32_t j = 0; j < right->count; j++)
        right->places[j] = 0;
    for (int32_t i = 0; i < left->count; i++) {
        left->places[i] = 0;
        TRY(translate(left->record->items, left->list[i].item, right->record->items, &index, err));
        for (int32_t j = 0; j < right->count && index >= 0; j++) {
            if (right->list[j].item != index)
                continue;
            left->places[i] = j + 1;
            right->places[j] = i + 1;
            common++;
        }
    }
    *ret_common = common;
done:
    return rc;
}
