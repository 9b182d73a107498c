#ifndef DATA_CSV_IDS_H
#define DATA_CSV_IDS_H

/*
 * Lists of ids as people write them.
 *
 * A CSV file (RFC 4180): the first line names the columns, and ids stand in one of them. Commas,
 * semicolons or tabs divide the fields, whichever comes first in that line. A file of one column
 * may go without a name: when its first line is not the column's name, that line is an id too.
 *
 * A text that was pasted: ids on lines of their own, or with commas, semicolons or tabs between.
 *
 * Nothing is trusted: every limit is checked, and a fault is told with its line.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum { CSV_ID_MAX = 4096, CSV_COLUMNS_MAX = 10000 }; /* bytes of a field; fields of a line */

/* What is done with each id: without spaces around it, never empty, valid during the call. */
typedef enum err id_taker(void *context, struct str id, struct error *err);

struct csv_ids {
    const char *name, *column; /* of the file, for messages, and of the ids; borrowed */
    id_taker *take;
    void *context;
    char divider; /* '\0': not known yet */
    bool is_quoted, was_quoted, quote_closed, has_text;
    int32_t field, ids_field; /* of the line; where the ids stand, -1: not known */
    int64_t line;             /* from 1 */
    int32_t bom;              /* bytes of a byte order mark that were met */
    size_t length;
    char text[CSV_ID_MAX + 1];           /* the field */
    char found[200], id[CSV_ID_MAX + 1]; /* names in the first line; the id of the line */
    bool has_id;
};

void csv_ids_init(struct csv_ids *csv, const char *name, const char *column, id_taker *take,
                  void *context);
/* The next bytes of the file. ERR_DATA: csv_row, not_csv, column_missing, null_values; and whatever
 * `take` returns. After an error it must not be called again. */
MUST_CHECK enum err csv_ids_add(struct csv_ids *csv, const char *bytes, size_t size,
                                struct error *err);
/* The file is over: its last line may lack an end. */
MUST_CHECK enum err csv_ids_end(struct csv_ids *csv, struct error *err);

/* The ids of a text that was pasted; `column` alone on the first line is no id. ERR_DATA
 * (csv_row): one is longer than CSV_ID_MAX. */
MUST_CHECK enum err pasted_ids(const char *text, const char *column, id_taker *take, void *context,
                               struct error *err);

#endif
