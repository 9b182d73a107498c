#ifndef DATA_SYNTH_FILE_H
#define DATA_SYNTH_FILE_H

/* A plan's rows as a Parquet file, by DuckDB's writer. */
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "data/synth_plan.h"

/* Write all rows to `path`, which is replaced. ERR_IO, ERR_NOMEM, ERR_CANCELLED; a file begun may
 * be left behind. */
MUST_CHECK enum err synth_file_clickstream(const struct synth_plan *plan, int32_t threads,
                                           const char *path, const struct progress *progress,
                                           struct error *err);
/* The shape's events and which are contacts. */
MUST_CHECK enum err synth_file_events(const struct synth_plan *plan, const char *path,
                                      struct error *err);

#endif
