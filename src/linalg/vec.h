#ifndef LINALG_VEC_H
#define LINALG_VEC_H

/*
 * The vector type of the CPU level that a _level.c file is being compiled for. Its code is written
 * once, in the compiler's own vector arithmetic (a * b + c becomes one fused instruction where the
 * level has it), and works for any VEC_LANES that divides 16.
 *
 * LEVEL_NAME(x) is the name of a function or table at this level: x_avx2.
 */
#include <stdint.h>

#if defined(KERNEL_LEVEL_AVX512)
#define VEC_LANES 16
#define LEVEL_NAME(name) name##_avx512
#elif defined(KERNEL_LEVEL_AVX2)
#define VEC_LANES 8
#define LEVEL_NAME(name) name##_avx2
#elif defined(KERNEL_LEVEL_PORTABLE)
#define VEC_LANES 4
#define LEVEL_NAME(name) name##_portable
#else
#error "compile this file through add_cpu_levels (cmake/rooms.cmake)"
#endif

typedef float vec __attribute__((vector_size(4 * VEC_LANES), may_alias));
typedef float vec_unaligned __attribute__((vector_size(4 * VEC_LANES), may_alias, aligned(4)));

static inline vec vec_load(const float *at) /* aligned to its own size */
{
    return *(const vec *)(const void *)at;
}

static inline vec vec_load_any(const float *at)
{
    return *(const vec_unaligned *)(const void *)at;
}

static inline void vec_store(float *at, vec value)
{
    *(vec *)(void *)at = value;
}

static inline vec vec_all(float value)
{
    return value - (vec){0}; /* a broadcast; minus, since -0 + 0 would lose the sign */
}

#endif
