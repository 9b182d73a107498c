#ifndef DATA_SINK_H
#define DATA_SINK_H

/* What is done with each vector of rows during a scan: the inside of data/scan.h. */
#include "data/scan.h"

/* Consume a chunk whose vectors are the four columns and, in SCAN_FAULTS, row numbers. Called by
 * any thread, with a lane that no other thread uses. */
MUST_CHECK enum err sink_chunk(struct scan *scan, struct scan_lane *lane, duckdb_data_chunk chunk,
                               struct error *err);

#endif
