#include "http/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK_BYTES = 1024, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(ALIGNMENT) char bytes[];
};

void arena_init(struct arena *arena, size_t cap_bytes)
{
    *arena = (struct arena){.cap_bytes = cap_bytes};
}

void arena_release(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        mem_free(block);
    }
    arena->held_bytes = 0;
}

static struct arena_block *add_block(struct arena *arena, size_t need, struct error *err)
{
    const size_t usual = BLOCK_BYTES - sizeof(struct arena_block);
    const size_t size = need > usual ? need : usual;
    if (size > arena->cap_bytes - arena->held_bytes) {
        (void)!FAIL(err, ERR_NOMEM, "a request needs more than %zu bytes", arena->cap_bytes);
        return NULL;
    }
    struct arena_block *block = mem_plain(sizeof(*block) + size, err);
    if (block == NULL)
        return NULL;
    *block = (struct arena_block){.next = arena->blocks, .size = size};
    memset(block->bytes, 0, size);
    arena->blocks = block;
    arena->held_bytes += size;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size, struct error *err)
{
    if (size > SIZE_MAX / 2) {
        (void)!FAIL(err, ERR_NOMEM, "a request asks for %zu bytes", size);
        return NULL;
    }
    const size_t need = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < need)
        block = add_block(arena, need, err);
    if (block == NULL)
        return NULL;
    void *at = block->bytes + block->used;
    block->used += need;
    return at;
}

char *arena_text(struct arena *arena, const char *bytes, size_t len, struct error *err)
{
    char *copy = arena_alloc(arena, len + 1, err);
    if (copy != NULL && len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

char *arena_textf(struct arena *arena, struct error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int need = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, need < 0 ? 1 : (size_t)need + 1, err);
    if (text == NULL || need < 0)
        return text;
    va_start(args, format);
    vsnprintf(text, (size_t)need + 1, format, args);
    va_end(args);
    return text;
}
