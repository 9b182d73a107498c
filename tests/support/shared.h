#ifndef TESTS_SUPPORT_SHARED_H
#define TESTS_SUPPORT_SHARED_H

/* The shared real data, which no clone brings along: cmake -DRECTRAIN_SHARED=DIRECTORY says where
 * it lies; without that, in a directory "shared" beside the checkout. */
#include <stddef.h>

#include "data/dataset.h"

/* The path of a shared data set, "gowalla" say, into `out`. Where there is none the test fails and
 * says which directory it misses. */
void need_shared(const char *name, char *out, size_t out_size);

/* How the shared data sets are loaded: their columns, and 14 days of evaluation. `path` is
 * borrowed. */
struct load_spec shared_load_spec(const char *path);

#endif
