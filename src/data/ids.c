#include "data/ids.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

static const int64_t RANGE_ALWAYS = INT64_C(1) << 20, RANGE_MAX = INT64_C(1) << 27;
enum { ROOM_FIRST = 256 };

bool ids_range_is_small(int64_t min, int64_t max, int64_t rows)
{
    int64_t span;
    if (min > max || __builtin_sub_overflow(max, min, &span) || span >= RANGE_MAX)
        return false;
    return span < RANGE_ALWAYS || span / 4 < rows;
}

enum err ids_check_count(int64_t count, const char *what, struct error *err)
{
    if (count > INT32_MAX)
        return FAIL_REASON(err, ERR_DATA, "too_many_ids",
                           "there are more than %d distinct %s, the most that an index can number. "
                           "Choose another column, or sample the users.",
                           INT32_MAX, what);
    return ERR_OK;
}

enum err ids_init(struct ids *ids, enum ids_mode mode, bool flipped, int64_t min, int64_t max,
                  struct error *err)
{
    enum err rc = ERR_OK;
    *ids = (struct ids){.mode = mode, .flipped = flipped};
    if (mode != IDS_DIRECT)
        return ERR_OK;
    ids->base = min;
    ids->range = max - min + 1;
    TRY_PTR(ids->in_train = mem_array((size_t)ids->range, 1, err));
    TRY_PTR(ids->dense = mem_array((size_t)ids->range, sizeof(*ids->dense), err));
done:
    return rc;
}

void ids_release(struct ids *ids)
{
    mem_free((void *)ids->in_train);
    mem_free(ids->dense);
    *ids = (struct ids){0};
}

void id_lane_init(struct id_lane *lane, struct ids *ids)
{
    *lane = (struct id_lane){.ids = ids};
}

void id_lane_release(struct id_lane *lane)
{
    mem_free(lane->slots);
    mem_free(lane->keys);
    mem_free(lane->train);
    mem_free(lane->bytes);
    mem_free(lane->offsets);
    mem_free(lane->dense);
    *lane = (struct id_lane){.ids = lane->ids};
}

/* Room for one more code, and the hash table at most half full. */
static enum err reserve(struct id_lane *lane, const char *what, struct error *err)
{
    enum err rc = ERR_OK;
    if (lane->count < lane->room)
        return ERR_OK;
    TRY(ids_check_count(lane->count + 1, what, err));
    const int64_t room = lane->room == 0 ? ROOM_FIRST : 2 * lane->room;
    uint32_t *slots;
    void *grown;
    TRY_PTR(grown = mem_resize(lane->keys, (size_t)room, sizeof(*lane->keys), err));
    lane->keys = grown;
    TRY_PTR(grown = mem_resize(lane->train, (size_t)room, 1, err));
    lane->train = grown;
    if (lane->ids->mode == IDS_TEXT) {
        TRY_PTR(grown = mem_resize(lane->offsets, (size_t)room + 1, sizeof(int64_t), err));
        lane->offsets = grown;
    }
    TRY_PTR(slots = mem_array((size_t)room * 2, sizeof(*slots), err));
    for (int64_t code = 0; code < lane->count; code++) {
        uint64_t at = random_mix((uint64_t)lane->keys[code]) & (uint64_t)(2 * room - 1);
        while (slots[at] != 0)
            at = (at + 1) & (uint64_t)(2 * room - 1);
        slots[at] = (uint32_t)code + 1;
    }
    mem_free(lane->slots);
    lane->slots = slots;
    lane->capacity = 2 * room;
    lane->room = room; /* last: the other arrays may be larger, never smaller */
done:
    return rc;
}

static enum err hashed_code(struct id_lane *lane, int64_t key, const char *what, uint32_t *ret_code,
                            struct error *err)
{
    enum err rc;
    TRY(reserve(lane, what, err));
    const uint64_t mask = (uint64_t)lane->capacity - 1;
    uint64_t at = random_mix((uint64_t)key) & mask;
    for (; lane->slots[at] != 0; at = (at + 1) & mask) {
        if (lane->keys[lane->slots[at] - 1] == key) {
            *ret_code = lane->slots[at] - 1;
            return ERR_OK;
        }
    }
    lane->keys[lane->count] = key;
    *ret_code = (uint32_t)lane->count++;
    lane->slots[at] = *ret_code + 1;
done:
    return rc;
}

enum err id_lane_keys(struct id_lane *lane, const int64_t *keys, int64_t count, const char *what,
                      uint32_t *ret_codes, bool *ret_inside, struct error *err)
{
    enum err rc = ERR_OK;
    *ret_inside = true;
    if (lane->ids->mode == IDS_DIRECT) {
        const uint64_t base = (uint64_t)lane->ids->base, range = (uint64_t)lane->ids->range;
        bool inside = true;
        for (int64_t i = 0; i < count; i++) {
            const uint64_t code = (uint64_t)keys[i] - base;
            inside &= code < range;
            ret_codes[i] = (uint32_t)code;
        }
        *ret_inside = inside;
        return ERR_OK;
    }
    for (int64_t i = 0; i < count; i++)
        TRY(hashed_code(lane, keys[i], what, &ret_codes[i], err));
done:
    return rc;
}

static enum err keep_text(struct id_lane *lane, struct str text, struct error *err)
{
    enum err rc = ERR_OK;
    const int64_t begin = lane->offsets[lane->count], end = begin + (int64_t)text.len;
    if (end > lane->bytes_room) {
        const int64_t room = 2 * end + 4096;
        char *grown;
        TRY_PTR(grown = mem_resize(lane->bytes, (size_t)room, 1, err));
        lane->bytes = grown;
        lane->bytes_room = room;
    }
    if (text.len > 0)
        memcpy(lane->bytes + begin, text.ptr, text.len);
    lane->offsets[lane->count + 1] = end;
done:
    return rc;
}

static struct str text_of(const struct id_lane *lane, int64_t code)
{
    const int64_t begin = lane->offsets[code];
    return (struct str){lane->bytes + begin, (size_t)(lane->offsets[code + 1] - begin)};
}

enum err id_lane_text(struct id_lane *lane, struct str text, const char *what, uint32_t *ret_code,
                      struct error *err)
{
    enum err rc;
    const int64_t key = (int64_t)text_hash(text); /* is mixed further where it is used */
    TRY(reserve(lane, what, err));
    const uint64_t mask = (uint64_t)lane->capacity - 1;
    uint64_t at = random_mix((uint64_t)key) & mask;
    for (; lane->slots[at] != 0; at = (at + 1) & mask) {
        const uint32_t code = lane->slots[at] - 1;
        const struct str have = text_of(lane, code);
        if (lane->keys[code] == key && have.len == text.len &&
            (text.len == 0 || memcmp(have.ptr, text.ptr, text.len) == 0)) {
            *ret_code = code;
            return ERR_OK;
        }
    }
    TRY(keep_text(lane, text, err));
    lane->keys[lane->count] = key;
    *ret_code = (uint32_t)lane->count++;
    lane->slots[at] = *ret_code + 1;
done:
    return rc;
}

static int compare_keys(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int compare_texts(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    const size_t common = x->len < y->len ? x->len : y->len;
    const int order = common > 0 ? memcmp(x->ptr, y->ptr, common) : 0;
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* Sort `count` things and drop repeats; returns how many are left. */
static int64_t sort_unique(void *things, int64_t count, size_t size,
                           int (*compare)(const void *, const void *))
{
    char *at = things;
    int64_t kept = 0;
    qsort(things, (size_t)count, size, compare);
    for (int64_t i = 0; i < count; i++) {
        if (kept > 0 && compare(at + (size_t)(kept - 1) * size, at + (size_t)i * size) == 0)
            continue;
        if (kept != i)
            memcpy(at + (size_t)kept * size, at + (size_t)i * size, size);
        kept++;
    }
    return kept;
}

/* Turn ascending keys into the map; takes *keys over. */
static void take_keys(const struct ids *ids, int64_t **keys, int64_t count, struct idmap *map)
{
    const uint64_t flip = ids->flipped ? UINT64_C(1) << 63 : 0;
    int64_t *ints = *keys;
    for (int64_t i = 0; i < count; i++)
        ints[i] = (int64_t)((uint64_t)ints[i] ^ flip);
    /* The last is the greatest; as signed it is below zero when it exceeds INT64_MAX. */
    const bool large = ids->flipped && count > 0 && ints[count - 1] < 0;
    *map = (struct idmap){.kind = large ? ID_UINT64 : ID_INT64, .count = (int32_t)count};
    map->ints = ints; /* the same bits for either kind */
    *keys = NULL;
}

static enum err finish_direct(struct ids *ids, const char *what, struct idmap *ret_map,
                              struct error *err)
{
    enum err rc;
    int64_t count = 0, *keys = NULL;
    for (int64_t code = 0; code < ids->range; code++)
        count += atomic_load_explicit(&ids->in_train[code], memory_order_relaxed);
    TRY(ids_check_count(count, what, err));
    TRY_PTR(keys = mem_array((size_t)count, sizeof(*keys), err));
    count = 0;
    for (int64_t code = 0; code < ids->range; code++) {
        const bool met = atomic_load_explicit(&ids->in_train[code], memory_order_relaxed) != 0;
        ids->dense[code] = met ? (int32_t)count : -1;
        if (met)
            keys[count++] = ids->base + code;
    }
    take_keys(ids, &keys, count, ret_map);
done:
    return rc;
}

static int64_t marked(struct id_lane *const *lanes, int32_t lane_count)
{
    int64_t total = 0;
    for (int32_t i = 0; i < lane_count; i++)
        for (int64_t code = 0; code < lanes[i]->count; code++)
            total += lanes[i]->train[code];
    return total;
}

/* Fill a lane's table by looking each of its marked ids up among the sorted ones. */
static enum err number_lane(struct id_lane *lane, const void *sorted, int64_t count, size_t size,
                            struct error *err)
{
    enum err rc = ERR_OK;
    const bool text = lane->ids->mode == IDS_TEXT;
    TRY_PTR(lane->dense = mem_array((size_t)lane->count, sizeof(*lane->dense), err));
    for (int64_t code = 0; code < lane->count; code++) {
        const struct str name = text ? text_of(lane, code) : (struct str){0};
        const char *found =
            bsearch(text ? (const void *)&name : (const void *)&lane->keys[code], sorted,
                    (size_t)count, size, text ? compare_texts : compare_keys);
        lane->dense[code] =
            found == NULL ? -1 : (int32_t)((size_t)(found - (const char *)sorted) / size);
    }
done:
    return rc;
}

static enum err finish_hashed(struct ids *ids, struct id_lane *const *lanes, int32_t lane_count,
                              const char *what, struct idmap *ret_map, struct error *err)
{
    enum err rc;
    int64_t count = 0, *keys = NULL;
    TRY_PTR(keys = mem_array((size_t)marked(lanes, lane_count), sizeof(*keys), err));
    for (int32_t i = 0; i < lane_count; i++)
        for (int64_t code = 0; code < lanes[i]->count; code++)
            if (lanes[i]->train[code] != 0)
                keys[count++] = lanes[i]->keys[code];
    count = sort_unique(keys, count, sizeof(*keys), compare_keys);
    TRY(ids_check_count(count, what, err));
    for (int32_t i = 0; i < lane_count; i++)
        TRY(number_lane(lanes[i], keys, count, sizeof(*keys), err));
    take_keys(ids, &keys, count, ret_map);
done:
    mem_free(keys);
    return rc;
}

static enum err copy_texts(const struct str *texts, int64_t count, struct idmap *ret_map,
                           struct error *err)
{
    enum err rc = ERR_OK;
    struct idmap map = {.kind = ID_STRING, .count = (int32_t)count};
    size_t bytes = 0;
    for (int64_t i = 0; i < count; i++)
        bytes += texts[i].len;
    TRY_PTR(map.offsets = mem_array((size_t)count + 1, sizeof(*map.offsets), err));
    TRY_PTR(map.bytes = mem_array(bytes, 1, err));
    for (int64_t i = 0; i < count; i++) {
        if (texts[i].len > 0)
            memcpy(map.bytes + map.offsets[i], texts[i].ptr, texts[i].len);
        map.offsets[i + 1] = map.offsets[i] + (int64_t)texts[i].len;
    }
    *ret_map = map;
    map = (struct idmap){.kind = ID_STRING};
done:
    idmap_release(&map);
    return rc;
}

static enum err finish_text(struct id_lane *const *lanes, int32_t lane_count, const char *what,
                            struct idmap *ret_map, struct error *err)
{
    enum err rc;
    int64_t count = 0;
    struct str *texts = NULL;
    TRY_PTR(texts = mem_array((size_t)marked(lanes, lane_count), sizeof(*texts), err));
    for (int32_t i = 0; i < lane_count; i++)
        for (int64_t code = 0; code < lanes[i]->count; code++)
            if (lanes[i]->train[code] != 0)
                texts[count++] = text_of(lanes[i], code);
    count = sort_unique(texts, count, sizeof(*texts), compare_texts);
    TRY(ids_check_count(count, what, err));
    for (int32_t i = 0; i < lane_count; i++)
        TRY(number_lane(lanes[i], texts, count, sizeof(*texts), err));
    TRY(copy_texts(texts, count, ret_map, err));
done:
    mem_free(texts);
    return rc;
}

enum err ids_finish(struct ids *ids, struct id_lane *const *lanes, int32_t lane_count,
                    const char *what, struct idmap *ret_map, struct error *err)
{
    if (ids->mode == IDS_DIRECT)
        return finish_direct(ids, what, ret_map, err);
    if (ids->mode == IDS_HASHED)
        return finish_hashed(ids, lanes, lane_count, what, ret_map, err);
    return finish_text(lanes, lane_count, what, ret_map, err);
}
