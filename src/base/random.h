#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

/*
 * Random numbers that are a pure function of (seed, stream, index), so that threads can draw any
 * part of a sequence in any order and the result does not depend on how many there are. The
 * function is SplitMix64's finalizer over a Weyl sequence (Steele, Lea, Flood, "Fast Splittable
 * Pseudorandom Number Generators", OOPSLA 2014). Not for secrets.
 */
#include <stdint.h>

static inline uint64_t random_mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* 64 random bits: the index-th of a stream. Distinct streams are independent. */
static inline uint64_t random_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
    uint64_t key = random_mix(seed + 0x9E3779B97F4A7C15u * (stream + 1));
    return random_mix(key + 0x9E3779B97F4A7C15u * (index + 1));
}

/* Uniform in [0, 1), with 53 or 24 random bits. */
static inline double random_double(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}
static inline float random_float(uint64_t bits)
{
    return (float)(bits >> 40) * 0x1p-24f;
}

#endif
