#ifndef MODEL_ZIP_H
#define MODEL_ZIP_H

/*
 * A zip file of stored members (nothing is compressed: factors are noise to a compressor), with
 * 64-bit sizes throughout, as numpy.savez writes them. Source: PKWARE's APPNOTE 6.3.9, sections
 * 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 4.3.16 (its end), 4.5.3 (64-bit fields).
 * The times in it are those of 1980-01-01, so equal members make equal files.
 */
#include <stdint.h>

#include "base/error.h"
#include "model/output.h"

enum { ZIP_MEMBERS_MAX = 32, ZIP_NAME_MAX = 64 };

struct zip_member {
    char name[ZIP_NAME_MAX];
    uint32_t crc; /* CRC-32 of its bytes */
    uint64_t size, offset;
};

struct zip {
    struct output *out; /* borrowed; the zip is all that is in it */
    int32_t count;
    struct zip_member members[ZIP_MEMBERS_MAX];
};

/* The header of a member, whose `size` bytes with the sum `crc` the caller writes next. */
MUST_CHECK enum err zip_begin_member(struct zip *zip, const char *name, uint64_t size, uint32_t crc,
                                     struct error *err);
/* The directory, after the last member. */
MUST_CHECK enum err zip_end(struct zip *zip, struct error *err);

#endif
