/* Any bytes as a CSV file of users, in two kinds of pieces: the same ids, or the same refusal. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "data/csv_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct sum {
    uint64_t hash;
    int64_t count;
};

static enum err take(void *context, struct str id, struct error *err)
{
    struct sum *sum = context;
    (void)err;
    if (id.len == 0 || id.len > CSV_ID_MAX)
        __builtin_trap();
    for (size_t i = 0; i < id.len; i++)
        sum->hash = (sum->hash ^ (unsigned char)id.ptr[i]) * 0x100000001B3u;
    sum->hash = (sum->hash ^ 0x1FFu) * 0x100000001B3u;
    sum->count++;
    return ERR_OK;
}

static enum err read_in(const uint8_t *bytes, size_t size, size_t piece, struct sum *sum,
                        struct error *err)
{
    static struct csv_ids csv;
    enum err rc = ERR_OK;
    csv_ids_init(&csv, "users.csv", "cookie", take, sum);
    for (size_t at = 0; rc == ERR_OK && at < size; at += piece)
        rc =
            csv_ids_add(&csv, (const char *)bytes + at, size - at < piece ? size - at : piece, err);
    return rc == ERR_OK ? csv_ids_end(&csv, err) : rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error err = {.message = ""}, again_err;
    struct sum once = {0}, again = {0}, pasted = {0};
    char text[4096];
    const enum err rc = read_in(bytes, size, size + 1, &once, &err);
    if (rc != ERR_OK && (rc != ERR_DATA || err.message[0] == '\0'))
        __builtin_trap();
    if (read_in(bytes, size, 3, &again, &again_err) != rc || once.hash != again.hash ||
        once.count != again.count)
        __builtin_trap();
    const size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (pasted_ids(text, "cookie", take, &pasted, &err) != ERR_OK)
        __builtin_trap(); /* nothing in 4 kB is longer than an id may be */
    return 0;
}
