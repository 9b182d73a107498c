#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/*
 * The only place that allocates. Arrays are zeroed, 64-byte aligned and checked for overflow of
 * their size; large ones come from the kernel directly, in huge pages where it has them, since
 * factor tables are read in random order and would else spend their time in page-table walks.
 *
 * What is allocated is counted, so that a run can report its peak, and tests can make the n-th
 * allocation fail. All functions may be called from any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* count × size zeroed bytes, 64-byte aligned; count or size 0 gives a valid pointer. NULL: *err is
 * ERR_NOMEM. The caller owns it: mem_free. */
void *mem_array(size_t count, size_t size, struct error *err);

/* `size` bytes of anything, aligned as malloc's: for many small things (nodes of a tree, strings),
 * where a whole cache line before each would cost more than the thing. NULL and mem_free as above.
 */
void *mem_plain(size_t size, struct error *err);

/* Grow or shrink an array to count × size bytes: what is new is zeroed. On failure NULL, and the
 * old array stays valid and owned. */
void *mem_resize(void *array, size_t count, size_t size, struct error *err);

/* A copy of `size` bytes, or of a string; as mem_plain. */
void *mem_dup(const void *bytes, size_t size, struct error *err);
char *mem_dup_string(const char *text, struct error *err);

void mem_free(void *array); /* NULL is allowed */

/* Bytes now held, and the most ever held since mem_reset_peak (small blocks to within some 64 KiB a
 * thread). Exact while no other thread allocates. */
int64_t mem_held_bytes(void);
int64_t mem_peak_bytes(void);
void mem_reset_peak(void);

/* For tests: let the n-th allocation from now (1 is the next) fail, and all after it until
 * mem_fail_after(0) ends that. mem_fail_count() is how many were asked for since. */
void mem_fail_after(int64_t n);
int64_t mem_fail_count(void);

/* The process: bytes resident now and at the peak, from the kernel; 0 when it does not say. */
int64_t mem_rss_bytes(void);
int64_t mem_peak_rss_bytes(void);

#endif
