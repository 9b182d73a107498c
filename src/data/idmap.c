#include "data/idmap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void idmap_release(struct idmap *map)
{
    mem_free(map->kind == ID_STRING ? NULL : map->ints);
    mem_free(map->offsets);
    mem_free(map->bytes);
    *map = (struct idmap){0};
}

struct str idmap_string(const struct idmap *map, int32_t index)
{
    const int64_t begin = map->offsets[index];
    return (struct str){map->bytes + begin, (size_t)(map->offsets[index + 1] - begin)};
}

const char *idmap_text(const struct idmap *map, int32_t index, char *out, size_t out_size)
{
    if (map->kind == ID_INT64)
        snprintf(out, out_size, "%" PRId64, map->ints[index]);
    else if (map->kind == ID_UINT64)
        snprintf(out, out_size, "%" PRIu64, map->uints[index]);
    else {
        struct str text = idmap_string(map, index);
        snprintf(out, out_size, "%.*s", (int)text.len, text.ptr);
    }
    return out;
}

/* The id that is looked for, in the map's own kind. */
struct wanted {
    int64_t integer;
    uint64_t natural;
    struct str text;
};

static int compare(const struct idmap *map, int32_t index, const struct wanted *wanted)
{
    if (map->kind == ID_INT64)
        return (map->ints[index] > wanted->integer) - (map->ints[index] < wanted->integer);
    if (map->kind == ID_UINT64)
        return (map->uints[index] > wanted->natural) - (map->uints[index] < wanted->natural);
    const struct str have = idmap_string(map, index), want = wanted->text;
    int order = memcmp(have.ptr, want.ptr, have.len < want.len ? have.len : want.len);
    return order != 0 ? order : (have.len > want.len) - (have.len < want.len);
}

static bool parse(const struct idmap *map, const char *id, struct wanted *wanted)
{
    char *end;
    wanted->text = (struct str){id, strlen(id)};
    if (map->kind == ID_INT64)
        return text_int(id, &wanted->integer);
    if (map->kind == ID_STRING)
        return true;
    errno = 0;
    wanted->natural = strtoull(id, &end, 10);
    return id[0] >= '0' && id[0] <= '9' && *end == '\0' && errno == 0;
}

int32_t idmap_find_text(const struct idmap *map, const char *id)
{
    struct wanted wanted;
    if (!parse(map, id, &wanted))
        return -1;
    int32_t low = 0, high = map->count;
    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (compare(map, middle, &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < map->count && compare(map, low, &wanted) == 0 ? low : -1;
}
