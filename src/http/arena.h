#ifndef HTTP_ARENA_H
#define HTTP_ARENA_H

/*
 * Memory with the life of one request: taken piece by piece, given back all at once. Whatever a
 * request_… function returns lies here, so nobody frees it, and nobody keeps it after the handler.
 * One thread at a time.
 */
#include <stddef.h>

#include "base/error.h"

struct arena_block;

struct arena {
    struct arena_block *blocks; /* the newest first */
    size_t held_bytes, cap_bytes;
};

/* An empty arena that refuses to hold more than cap_bytes. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t cap_bytes);
void arena_release(struct arena *arena);

/* `size` zeroed bytes, 16-byte aligned. NULL: *err is ERR_NOMEM (also over the cap). */
void *arena_alloc(struct arena *arena, size_t size, struct error *err);

/* A terminated copy of `len` bytes, or text by a format. NULL as above. */
char *arena_text(struct arena *arena, const char *bytes, size_t len, struct error *err);
char *arena_textf(struct arena *arena, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
