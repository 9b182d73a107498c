#ifndef TESTS_UNIT_MODEL_CORRUPT_H
#define TESTS_UNIT_MODEL_CORRUPT_H

/* Model files in memory, whole and broken, for the tests of the reader and its fuzz target. */
#include <stdbool.h>
#include <stddef.h>

#include "model/file.h"

enum { CHECKSUM_FROM_END = 66, CHECKSUM_DIGITS = 64 };

/* Opens a copy of the bytes that ends where memory must not be read (ASan sees to that); what
 * opens is read in every part and closed. Returns what the opening returned. */
enum err corrupt_open(const unsigned char *bytes, size_t size, bool verify, struct error *err);

/* Put the right checksum over bytes of which some were changed; no digits are looked for. */
void corrupt_reseal(unsigned char *bytes, size_t size);

#endif
