#ifndef STORE_RECORD_H
#define STORE_RECORD_H

/* Inside of store/ only: rows as the structs that its callers get. A record is one block: the
 * struct and the texts that it points to, so that freeing it is one mem_free. */
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

enum field_type { FIELD_INT, FIELD_BOOL, FIELD_REAL, FIELD_TEXT, FIELD_STATUS, FIELD_TASK };

/* Where column i of a query goes: the i-th field. */
struct field {
    enum field_type type;
    size_t offset;
};
struct record_type {
    size_t size;
    const struct field *fields;
    int32_t count;
};

/* One row as a record that the caller owns. Columns beyond the type's are let be. */
MUST_CHECK enum err record_of(const struct rows *rows, int32_t row, const struct record_type *type,
                              void **ret_record, struct error *err);

/* All rows, up to `limit`: *ret_list [*ret_count] of records; record_list_free. */
MUST_CHECK enum err record_list(const struct rows *rows, int32_t limit,
                                const struct record_type *type, void ***ret_list,
                                int32_t *ret_count, struct error *err);
void record_list_free(void **list, int32_t count); /* NULL is allowed */

/* How many rows a page has that was asked for `limit`: 1 to STORE_LIST_MAX. */
int32_t list_limit(int32_t limit);

/* ERR_INVALID unless 1 ≤ length ≤ max bytes (least 0 lets it be empty). */
MUST_CHECK enum err check_text(const char *what, const char *text, size_t least, size_t max,
                               struct error *err);

#endif
