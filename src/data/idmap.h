#ifndef DATA_IDMAP_H
#define DATA_IDMAP_H

/*
 * The ids of users or items by dense index: distinct, ascending (numbers by value, strings by
 * their bytes), so an id's index is found by bisection and the map is the array itself.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum id_kind { ID_INT64, ID_UINT64, ID_STRING };

struct idmap {
    enum id_kind kind;
    int32_t count;
    union {
        int64_t *ints;   /* [count] ID_INT64 */
        uint64_t *uints; /* [count] ID_UINT64: only where a value is above INT64_MAX's reach */
    };
    int64_t *offsets; /* [count + 1] ID_STRING: string i is bytes[offsets[i]] to offsets[i + 1] */
    char *bytes;
};

void idmap_release(struct idmap *map); /* leaves all zero */

/* The index of an id written as text ("42", "sku-7"), or -1 when the map has none such. */
int32_t idmap_find_text(const struct idmap *map, const char *id);

/* The id at an index as text, into `out` (cut when too small); strings are copied as they are. */
const char *idmap_text(const struct idmap *map, int32_t index, char *out, size_t out_size);

/* The string at an index of an ID_STRING map: borrowed. */
struct str idmap_string(const struct idmap *map, int32_t index);

#endif
