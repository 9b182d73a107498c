#ifndef DATA_ID_LIST_H
#define DATA_ID_LIST_H

/* The ids in one column of a file, Parquet or CSV, that somebody has opened. */
#include "base/progress.h"
#include "data/csv_ids.h"

struct id_list_spec {
    int fd;
    const char *name;           /* of the file: its end says what it is (.parquet, .pq, .csv) */
    const char *column;         /* that the ids stand in */
    int32_t threads;            /* of the reading engine */
    int64_t memory_limit_bytes; /* 0: its default */
    const struct progress *progress; /* polled for cancel; NULL allowed */
    id_taker *take;
    void *context;
};

/* Each id as text, in the order of the rows; numbers in decimal digits. ERR_DATA: file_kind (the
 * name ends otherwise), file_empty, not_regular, column_missing, column_type, null_values, and what
 * a damaged file is called elsewhere (data/source.h, csv_ids.h). ERR_IO, ERR_NOMEM, ERR_CANCELLED.
 */
MUST_CHECK enum err id_list_read(const struct id_list_spec *spec, struct error *err);

#endif
