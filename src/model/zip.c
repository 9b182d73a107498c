#include "model/zip.h"

#include <assert.h>
#include <string.h>

enum {
    LOCAL_SIGNATURE = 0x04034b50,
    ENTRY_SIGNATURE = 0x02014b50,
    END64_SIGNATURE = 0x06064b50,
    LOCATOR64_SIGNATURE = 0x07064b50,
    END_SIGNATURE = 0x06054b50,
    VERSION_64 = 45,          /* 4.5: the version of the format that has 64-bit sizes */
    DATE_1980 = (1 << 5) | 1, /* 1 January, year 0 */
    EXTRA_64 = 1,             /* the extra field with the 64-bit sizes */
};

/* A record is put together here and then written at once. */
struct record {
    unsigned char bytes[256];
    size_t size;
};

static void add(struct record *record, const void *bytes, size_t size)
{
    assert(record->size + size <= sizeof(record->bytes));
    memcpy(record->bytes + record->size, bytes, size);
    record->size += size;
}

static void add16(struct record *record, uint16_t value)
{
    add(record, &value, sizeof(value));
}

static void add32(struct record *record, uint32_t value)
{
    add(record, &value, sizeof(value));
}

static void add64(struct record *record, uint64_t value)
{
    add(record, &value, sizeof(value));
}

/* What a local header and an entry of the directory have in common. */
static void add_common(struct record *record, const struct zip_member *member, uint16_t extra_size)
{
    add16(record, VERSION_64); /* needed to read it */
    add16(record, 0);          /* flags */
    add16(record, 0);          /* stored */
    add16(record, 0);          /* midnight */
    add16(record, DATE_1980);
    add32(record, member->crc);
    add32(record, UINT32_MAX); /* both sizes: see the extra field */
    add32(record, UINT32_MAX);
    add16(record, (uint16_t)strlen(member->name));
    add16(record, extra_size);
}

enum err zip_begin_member(struct zip *zip, const char *name, uint64_t size, uint32_t crc,
                          struct error *err)
{
    assert(zip->count < ZIP_MEMBERS_MAX && strlen(name) < ZIP_NAME_MAX);
    struct zip_member *member = &zip->members[zip->count++];
    *member = (struct zip_member){.crc = crc, .size = size, .offset = zip->out->written};
    memcpy(member->name, name, strlen(name) + 1);

    struct record record = {.size = 0};
    add32(&record, LOCAL_SIGNATURE);
    add_common(&record, member, 4 + 16);
    add(&record, name, strlen(name));
    add16(&record, EXTRA_64);
    add16(&record, 16);
    add64(&record, size); /* as it is, and as it is stored */
    add64(&record, size);
    return output_write(zip->out, record.bytes, record.size, err);
}

static enum err write_entry(struct zip *zip, const struct zip_member *member, struct error *err)
{
    struct record record = {.size = 0};
    add32(&record, ENTRY_SIGNATURE);
    add16(&record, VERSION_64); /* written by it */
    add_common(&record, member, 4 + 24);
    add16(&record, 0); /* no comment */
    add16(&record, 0); /* on the first disk */
    add16(&record, 0); /* no attributes, inner or outer */
    add32(&record, 0);
    add32(&record, UINT32_MAX); /* where it is: see the extra field */
    add(&record, member->name, strlen(member->name));
    add16(&record, EXTRA_64);
    add16(&record, 24);
    add64(&record, member->size);
    add64(&record, member->size);
    add64(&record, member->offset);
    return output_write(zip->out, record.bytes, record.size, err);
}

static enum err write_end(struct zip *zip, uint64_t begin, uint64_t end, struct error *err)
{
    struct record record = {.size = 0};
    add32(&record, END64_SIGNATURE);
    add64(&record, 44); /* the size of the rest of it */
    add16(&record, VERSION_64);
    add16(&record, VERSION_64);
    add32(&record, 0); /* this disk, and that of the directory */
    add32(&record, 0);
    add64(&record, (uint64_t)zip->count); /* here, and in all */
    add64(&record, (uint64_t)zip->count);
    add64(&record, end - begin);
    add64(&record, begin);

    add32(&record, LOCATOR64_SIGNATURE);
    add32(&record, 0);
    add64(&record, end);
    add32(&record, 1); /* disks */

    add32(&record, END_SIGNATURE);
    add16(&record, 0);
    add16(&record, 0);
    add16(&record, UINT16_MAX); /* all that follows: see the record before */
    add16(&record, UINT16_MAX);
    add32(&record, UINT32_MAX);
    add32(&record, UINT32_MAX);
    add16(&record, 0); /* no comment */
    return output_write(zip->out, record.bytes, record.size, err);
}

enum err zip_end(struct zip *zip, struct error *err)
{
    enum err rc;
    const uint64_t begin = zip->out->written;
    for (int32_t i = 0; i < zip->count; i++)
        TRY(write_entry(zip, &zip->members[i], err));
    TRY(write_end(zip, begin, zip->out->written, err));
done:
    return rc;
}
