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
#if defined(KERNEL_LEVEL_AVX2) || defined(KERNEL_LEVEL_AVX512)
#include <immintrin.h>
#endif

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

/* sum + x * y with one rounding where the level has the instruction. The compiler fuses a sum that
 * is written out as it likes; where two kernels have to agree to the last bit, both say what is
 * meant. */
static inline vec vec_add_product(vec sum, vec x, vec y)
{
#if defined(KERNEL_LEVEL_AVX512) && defined(__AVX512F__)
    return (vec)_mm512_fmadd_ps((__m512)x, (__m512)y, (__m512)sum);
#elif defined(KERNEL_LEVEL_AVX2) && defined(__FMA__)
    return (vec)_mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)sum);
#else
    return sum + x * y;
#endif
}

/*
 * The sums across the lanes of eight vectors at once, out[e] = sum over sums[e]: a tree in which
 * each step adds two halves and packs two vectors into one, so that eight sums cost about as much
 * as two would one by one. VEC_JOIN(u, v, s) is in lane i: v_i + v_(i^s) where i has bit s, and
 * u_i + u_(i^s) elsewhere.
 */
#define VEC_JOIN(u, v, s)                                                                          \
    (__builtin_shufflevector((u), (v), VEC_KEEP_##s) +                                             \
     __builtin_shufflevector((u), (v), VEC_SWAP_##s))
#if VEC_LANES == 4
#define VEC_KEEP_1 0, 5, 2, 7
#define VEC_SWAP_1 1, 4, 3, 6
#define VEC_KEEP_2 0, 1, 6, 7
#define VEC_SWAP_2 2, 3, 4, 5
#elif VEC_LANES == 8
#define VEC_KEEP_1 0, 9, 2, 11, 4, 13, 6, 15
#define VEC_SWAP_1 1, 8, 3, 10, 5, 12, 7, 14
#define VEC_KEEP_2 0, 1, 10, 11, 4, 5, 14, 15
#define VEC_SWAP_2 2, 3, 8, 9, 6, 7, 12, 13
#define VEC_KEEP_4 0, 1, 2, 3, 12, 13, 14, 15
#define VEC_SWAP_4 4, 5, 6, 7, 8, 9, 10, 11
#else
#define VEC_KEEP_1 0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31
#define VEC_SWAP_1 1, 16, 3, 18, 5, 20, 7, 22, 9, 24, 11, 26, 13, 28, 15, 30
#define VEC_KEEP_2 0, 1, 18, 19, 4, 5, 22, 23, 8, 9, 26, 27, 12, 13, 30, 31
#define VEC_SWAP_2 2, 3, 16, 17, 6, 7, 20, 21, 10, 11, 24, 25, 14, 15, 28, 29
#define VEC_KEEP_4 0, 1, 2, 3, 20, 21, 22, 23, 8, 9, 10, 11, 28, 29, 30, 31
#define VEC_SWAP_4 4, 5, 6, 7, 16, 17, 18, 19, 12, 13, 14, 15, 24, 25, 26, 27
#endif

static inline void vec_sums8(const vec sums[8], float out[8])
{
    vec pairs[4], fours[2];
    for (int i = 0; i < 4; i++)
        pairs[i] = VEC_JOIN(sums[2 * i], sums[2 * i + 1], 1);
    for (int i = 0; i < 2; i++)
        fours[i] = VEC_JOIN(pairs[2 * i], pairs[2 * i + 1], 2);
#if VEC_LANES == 4
    __builtin_memcpy(out, fours, 8 * sizeof(float));
#else
    const vec all = VEC_JOIN(fours[0], fours[1], 4);
#if VEC_LANES == 8
    __builtin_memcpy(out, &all, 8 * sizeof(float));
#else
    typedef float half __attribute__((vector_size(32)));
    half low, high;
    __builtin_memcpy(&low, &all, sizeof(low));
    __builtin_memcpy(&high, (const char *)&all + sizeof(low), sizeof(high));
    low += high;
    __builtin_memcpy(out, &low, sizeof(low));
#endif
#endif
}

/*
 * Half floats (IEEE binary16): VEC_LANES of them to floats, and back with rounding to nearest even.
 * Every level gives the same bits; the portable one by arithmetic, for finite numbers up to 65504
 * (a half's exponent is moved into a float's place by a multiplication, which also makes subnormal
 * numbers come out right).
 */
#if VEC_LANES == 8 && defined(__F16C__)
static inline vec vec_from_half(const uint16_t *at)
{
    return (vec)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)at));
}

static inline void vec_to_half(uint16_t *at, vec value)
{
    _mm_storeu_si128((__m128i *)(void *)at, _mm256_cvtps_ph((__m256)value, 0));
}
#elif VEC_LANES == 16 && defined(__AVX512F__)
static inline vec vec_from_half(const uint16_t *at)
{
    return (vec)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)at));
}

static inline void vec_to_half(uint16_t *at, vec value)
{
    _mm256_storeu_si256((__m256i *)(void *)at, _mm512_cvtps_ph((__m512)value, 0));
}
#else
static inline vec vec_from_half(const uint16_t *at)
{
    typedef uint32_t bits __attribute__((vector_size(4 * VEC_LANES)));
    bits h;
    for (int i = 0; i < VEC_LANES; i++)
        h[i] = at[i];
    const vec magnitude = (vec)((h & 0x7fff) << 13) * vec_all(0x1p112f);
    return (vec)((bits)magnitude | ((h & 0x8000) << 16));
}

static inline void vec_to_half(uint16_t *at, vec value)
{
    for (int i = 0; i < VEC_LANES; i++) {
        const float size = __builtin_fabsf(value[i]);
        const int exponent = size < 0x1p-14f ? -14 : __builtin_ilogbf(size);
        const float unit = __builtin_ldexpf(1, exponent - 10);
        const uint32_t steps = (uint32_t)__builtin_nearbyintf(size / unit); /* 0 to 2048 */
        const uint32_t half = steps + ((uint32_t)(exponent + 14) << 10);
        at[i] = (uint16_t)(half | (__builtin_signbit(value[i]) ? 0x8000u : 0));
    }
}
#endif

#endif
