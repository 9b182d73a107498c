#include "base/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64 };

/* Larger arrays are mapped; under AddressSanitizer none is, since it knows the heap alone. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MAPS_NOTHING 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(MAPS_NOTHING)
static const size_t MAP_FROM_BYTES = SIZE_MAX;
#else
static const size_t MAP_FROM_BYTES = (size_t)4 << 20;
#endif

/* Stands right before each array; before an aligned one at the end of a cache line of its own. */
struct block {
    size_t size_bytes; /* of the array */
    size_t kind;       /* HEAP_ALIGNED, HEAP_PLAIN, or the bytes of the whole mapping */
};
enum { HEAP_ALIGNED = 0, HEAP_PLAIN = 1 };
static_assert(sizeof(struct block) == 16, "what follows a header is as aligned as malloc's");

static atomic_llong fail_at, asked;

/*
 * Threads count in shards of a cache line each, and carry over to the common sum only what has come
 * together: small blocks are many, and one counter for all would be fought over. The peak is of the
 * common sum, so it may miss CARRY_BYTES of small blocks a shard; a large block is carried at once.
 */
enum { SHARDS = 32, CARRY_BYTES = 64 << 10, LINE_BYTES = 64 };
struct shard {
    alignas(LINE_BYTES) atomic_llong bytes;
};
static struct shard shards[SHARDS];
static alignas(LINE_BYTES) atomic_llong held_bytes, peak_bytes;
static atomic_uint threads_seen;
static _Thread_local struct shard *own_shard;

static struct block *header(void *array)
{
    return (struct block *)array - 1;
}

static bool made_to_fail(void)
{
    long long limit = atomic_load(&fail_at);
    return limit > 0 && atomic_fetch_add(&asked, 1) + 1 >= limit;
}

static void count(long long bytes)
{
    if (own_shard == NULL)
        own_shard = &shards[atomic_fetch_add(&threads_seen, 1) % SHARDS];
    const long long own =
        atomic_fetch_add_explicit(&own_shard->bytes, bytes, memory_order_relaxed) + bytes;
    if (own < CARRY_BYTES && own > -CARRY_BYTES)
        return;
    bytes = atomic_exchange_explicit(&own_shard->bytes, 0, memory_order_relaxed);
    long long held = atomic_fetch_add(&held_bytes, bytes) + bytes;
    long long peak = atomic_load(&peak_bytes);
    while (held > peak && !atomic_compare_exchange_weak(&peak_bytes, &peak, held))
        ;
}

static void *map_block(size_t total)
{
    void *at = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    madvise(at, total, MADV_HUGEPAGE); /* a wish: kernels without it are only slower */
    return at;
}

void *mem_array(size_t items, size_t size, struct error *err)
{
    size_t bytes, total;
    if (__builtin_mul_overflow(items, size, &bytes) ||
        __builtin_add_overflow(bytes, (size_t)2 * ALIGNMENT, &total)) {
        (void)FAIL(err, ERR_NOMEM, "an array of %zu x %zu bytes is too large", items, size);
        return NULL;
    }
    total -= total % ALIGNMENT; /* still at least one line for the header and all of the array */
    char *start = NULL;
    const bool mapped = total >= MAP_FROM_BYTES;
    if (!made_to_fail())
        start = mapped ? map_block(total) : aligned_alloc(ALIGNMENT, total);
    if (start == NULL) {
        (void)FAIL(err, ERR_NOMEM, "out of memory: could not get %zu bytes", bytes);
        return NULL;
    }
    if (!mapped)
        memset(start, 0, total);
    void *array = start + ALIGNMENT;
    *header(array) = (struct block){bytes, mapped ? total : HEAP_ALIGNED};
    count((long long)bytes);
    return array;
}

void *mem_plain(size_t size, struct error *err)
{
    size_t total;
    struct block *block = NULL;
    if (!__builtin_add_overflow(size, sizeof(*block), &total) && !made_to_fail())
        block = malloc(total);
    if (block == NULL) {
        (void)FAIL(err, ERR_NOMEM, "out of memory: could not get %zu bytes", size);
        return NULL;
    }
    *block = (struct block){size, HEAP_PLAIN};
    count((long long)size);
    return block + 1;
}

void *mem_resize(void *array, size_t items, size_t size, struct error *err)
{
    if (array == NULL)
        return mem_array(items, size, err);
    void *grown = mem_array(items, size, err);
    if (grown == NULL)
        return NULL;
    size_t old = header(array)->size_bytes, new = items *size;
    memcpy(grown, array, old < new ? old : new);
    mem_free(array);
    return grown;
}

void *mem_dup(const void *bytes, size_t size, struct error *err)
{
    void *copy = mem_plain(size, err);
    if (copy != NULL && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

char *mem_dup_string(const char *text, struct error *err)
{
    return mem_dup(text, strlen(text) + 1, err);
}

void mem_free(void *array)
{
    if (array == NULL)
        return;
    struct block *block = header(array);
    count(-(long long)block->size_bytes);
    if (block->kind == HEAP_PLAIN)
        free(block);
    else if (block->kind == HEAP_ALIGNED)
        free((char *)array - ALIGNMENT);
    else
        munmap((char *)array - ALIGNMENT, block->kind);
}

int64_t mem_held_bytes(void)
{
    long long held = atomic_load(&held_bytes);
    for (int i = 0; i < SHARDS; i++)
        held += atomic_load(&shards[i].bytes);
    return held;
}

int64_t mem_peak_bytes(void)
{
    const long long peak = atomic_load(&peak_bytes), held = mem_held_bytes();
    return peak > held ? peak : held;
}

void mem_reset_peak(void)
{
    atomic_store(&peak_bytes, atomic_load(&held_bytes));
}

void mem_fail_after(int64_t n)
{
    atomic_store(&asked, 0);
    atomic_store(&fail_at, n);
}

int64_t mem_fail_count(void)
{
    return atomic_load(&asked);
}

/* A line of /proc/self/status such as "VmHWM:    1234 kB". Not getrusage: its peak is inherited
 * from the process that started this one. */
static int64_t status_bytes(const char *name)
{
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL)
        return 0;
    char line[256];
    int64_t bytes = 0;
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            bytes = strtoll(line + strlen(name), NULL, 10) * 1024;
    fclose(file);
    return bytes;
}

int64_t mem_rss_bytes(void)
{
    return status_bytes("VmRSS:");
}

int64_t mem_peak_rss_bytes(void)
{
    return status_bytes("VmHWM:");
}
