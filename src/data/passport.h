#ifndef DATA_PASSPORT_H
#define DATA_PASSPORT_H

/* What identifies the data of a run: files with their sums, schema, time range. It holds no
 * absolute path and no time of reading, so equal data has an equal passport. */
#include "data/scan.h"

/*
 * {"source", "files": [{"name", "bytes", "rows", "fingerprint"}], "schema": [{"column", "type",
 * "role"}], "time": {"min", "max", "threshold", "unit"}, "eval_days"}. `bounds` has the time range.
 * The caller owns *ret_passport. ERR_IO, ERR_NOMEM, ERR_CANCELLED. Reads up to 64 MiB a file.
 */
MUST_CHECK enum err passport_make(const struct scan *scan, const struct file_set *events,
                                  const struct bounds *bounds, json_t **ret_passport,
                                  struct error *err);

/* "sha256:…" over the whole file, or for one above 64 MiB "sha256-footer:…" over the eight bytes of
 * its size and its Parquet footer (which holds sizes, places and statistics of all its pages), and
 * for large files of other kinds over the size and the first and last 1 MiB.
 * `out` of PASSPORT_SUM_SIZE. */
enum { PASSPORT_SUM_SIZE = 96 };
MUST_CHECK enum err file_fingerprint(const struct data_file *file, const struct progress *progress,
                                     char *out, struct error *err);

#endif
