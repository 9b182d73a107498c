#include "predict/answer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

json_t *answer_id(const struct idmap *map, int32_t index)
{
    if (map->kind == ID_INT64)
        return json_integer(map->ints[index]);
    if (map->kind == ID_STRING) {
        const struct str text = idmap_string(map, index);
        return json_stringn(text.ptr, text.len);
    }
    char text[24]; /* above what a JSON integer holds in most readers */
    return json_string(idmap_text(map, index, text, sizeof(text)));
}

enum err answer_list(const struct model_record *record, const struct recommendation *list,
                     int32_t count, json_t **ret_json, struct error *err)
{
    enum err rc = ERR_OK;
    json_t *items = json_array();
    if (items == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for the answer");
    for (int32_t i = 0; i < count; i++) {
        json_t *entry = json_object();
        TRY(json_append(items, entry, err));
        TRY(json_set(entry, "item", answer_id(record->items, list[i].item), err));
        TRY(json_set(entry, "score", json_number((double)list[i].score), err));
    }
    *ret_json = json_incref(items);
done:
    json_decref(items);
    return rc;
}

const char *answer_words(const struct explanation *explanation, int32_t k,
                         char out[ANSWER_WORDS_SIZE])
{
    switch (explanation->kept_out) {
    case KEPT_OUT_NOT:
        snprintf(out, ANSWER_WORDS_SIZE, "place %d of the list", explanation->rank);
        break;
    case KEPT_OUT_SEEN:
        snprintf(out, ANSWER_WORDS_SIZE, "in no list: already touched by the user");
        break;
    case KEPT_OUT_BELOW:
        snprintf(out, ANSWER_WORDS_SIZE, "place %d: its score %.4g is below that of place %d, %.4g",
                 explanation->rank, (double)explanation->list_score, k,
                 (double)explanation->cutoff);
        break;
    case KEPT_OUT_DENIED:
        snprintf(out, ANSWER_WORDS_SIZE, "in no list: the question denies it");
        break;
    case KEPT_OUT_ALLOWED:
        snprintf(out, ANSWER_WORDS_SIZE, "in no list: the question does not allow it");
        break;
    }
    return out;
}

static enum err add_reasons(const struct model_record *record,
                            const struct explanation *explanation, int32_t most, json_t *object,
                            struct error *err)
{
    enum err rc;
    double rest = 0;
    json_t *reasons = json_array();
    for (int32_t i = 0; i < explanation->count; i++) {
        const struct reason *reason = &explanation->reasons[i];
        if (i >= most) {
            rest += reason->part;
            continue;
        }
        json_t *entry = json_object();
        TRY(json_append(reasons, entry, err));
        TRY(json_set(entry, "item", answer_id(record->items, reason->item), err));
        TRY(json_set(entry, "count", json_number((double)reason->count), err));
        TRY(json_set(entry, "part", json_number(reason->part), err));
    }
    TRY(json_set(object, "reasons", json_incref(reasons), err));
    TRY(json_set(object, "reasons_total", json_integer(explanation->count), err));
    TRY(json_set(object, "rest", json_number(rest), err));
done:
    json_decref(reasons);
    return rc;
}

enum err answer_explanation(const struct model_record *record, int32_t item, int32_t k,
                            const struct explanation *explanation, int32_t most, json_t **ret_json,
                            struct error *err)
{
    enum err rc;
    char words[ANSWER_WORDS_SIZE];
    const char *kept_out = kept_out_name(explanation->kept_out);
    json_t *object = json_object();
    TRY(json_set(object, "item", answer_id(record->items, item), err));
    TRY(json_set(object, "basis", json_string(basis_name(explanation->basis)), err));
    TRY(json_set(object, "score", json_number(explanation->score), err));
    TRY(json_set(object, "list_score", json_number((double)explanation->list_score), err));
    TRY(json_set(object, "rank",
                 explanation->rank > 0 ? json_integer(explanation->rank) : json_null(), err));
    TRY(json_set(object, "cutoff", json_number((double)explanation->cutoff), err));
    TRY(json_set(object, "kept_out", kept_out != NULL ? json_string(kept_out) : json_null(), err));
    TRY(json_set(object, "words", json_string(answer_words(explanation, k, words)), err));
    TRY(add_reasons(record, explanation, most, object, err));
    *ret_json = json_incref(object);
done:
    json_decref(object);
    return rc;
}

/* ---- lists of items ---- */

void item_list_init(struct item_list *list)
{
    *list = (struct item_list){0};
}

void item_list_release(struct item_list *list)
{
    mem_free(list->items);
    mem_free(list->counts);
    *list = (struct item_list){0};
}

static enum err grow(struct item_list *list, struct error *err)
{
    enum err rc = ERR_OK;
    const int32_t capacity = list->capacity > 0 ? 2 * list->capacity : 64;
    int32_t *items;
    float *counts = NULL;
    TRY_PTR(items = mem_array((size_t)capacity, sizeof(*items), err));
    TRY_PTR(counts = mem_array((size_t)capacity, sizeof(*counts), err));
    if (list->count > 0) {
        memcpy(items, list->items, (size_t)list->count * sizeof(*items));
        memcpy(counts, list->counts, (size_t)list->count * sizeof(*counts));
    }
    mem_free(list->items);
    mem_free(list->counts);
    list->items = items;
    list->counts = counts;
    list->capacity = capacity;
    items = NULL;
    counts = NULL;
done:
    mem_free(items);
    mem_free(counts);
    return rc;
}

enum err item_list_add(struct item_list *list, const struct model_record *record, const char *id,
                       double count, struct error *err)
{
    if (!(count > 0) || !isfinite((float)count))
        return FAIL_REASON(err, ERR_INVALID, "count",
                           "item %s has count %g, but a count must be above 0", id, count);
    const int32_t item = idmap_find_text(record->items, id);
    if (item < 0) {
        list->unknown++;
        return ERR_OK;
    }
    if (list->count >= ITEM_LIST_MAX)
        return FAIL_REASON(err, ERR_INVALID, "too_many_items", "more than %d items were given",
                           (int)ITEM_LIST_MAX);
    if (list->count == list->capacity && grow(list, err) != ERR_OK)
        return ERR_NOMEM;
    list->items[list->count] = item;
    list->counts[list->count++] = (float)count;
    return ERR_OK;
}

/* A heap sorts both arrays in place. */
static void swap(struct item_list *list, int32_t a, int32_t b)
{
    const int32_t item = list->items[a];
    const float count = list->counts[a];
    list->items[a] = list->items[b];
    list->counts[a] = list->counts[b];
    list->items[b] = item;
    list->counts[b] = count;
}

static void sift_down(struct item_list *list, int32_t root, int32_t end)
{
    for (int32_t child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && list->items[child + 1] > list->items[child])
            child++;
        if (list->items[root] >= list->items[child])
            return;
        swap(list, root, child);
    }
}

static void sort(struct item_list *list)
{
    for (int32_t root = list->count / 2 - 1; root >= 0; root--)
        sift_down(list, root, list->count);
    for (int32_t end = list->count - 1; end > 0; end--) {
        swap(list, 0, end);
        sift_down(list, 0, end);
    }
}

void item_list_finish(struct item_list *list)
{
    int32_t used = 0;
    sort(list);
    for (int32_t i = 0; i < list->count; i++) {
        if (used > 0 && list->items[used - 1] == list->items[i]) {
            list->counts[used - 1] += list->counts[i];
        } else {
            list->items[used] = list->items[i];
            list->counts[used++] = list->counts[i];
        }
    }
    list->count = used;
}
