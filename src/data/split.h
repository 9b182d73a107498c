#ifndef DATA_SPLIT_H
#define DATA_SPLIT_H

/* From the lists of a scan to train matrix, holdout and funnel: steps 4 to 7 of the split, in
 * plain C on the packed pairs. */
#include "data/scan.h"

/*
 * Fill train, users, items, popularity, holdout and funnel (but its event counts of the file).
 * Empties the scan's lists. ERR_NOMEM, ERR_CANCELLED, ERR_DATA (too_many_ids, train_empty and the
 * reasons of an empty holdout). The dataset is the caller's to free, also after a failure.
 */
MUST_CHECK enum err split_rows(struct scan *scan, struct dataset *dataset, struct error *err);

#endif
