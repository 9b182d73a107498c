#include "linalg/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const names[CPU_LEVELS] = {"portable", "avx2", "avx512"};

enum cpu_level cpu_level_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    unsigned a, b, c = 0, d;
    const int f16c = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0; /* no builtin has it */
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && f16c;
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return CPU_AVX512;
    if (avx2)
        return CPU_AVX2;
#endif
    return CPU_PORTABLE;
}

enum cpu_level cpu_level(void)
{
    static atomic_int known = -1; /* the answer never changes, so a race only computes it twice */
    int level = atomic_load(&known);
    if (level >= 0)
        return (enum cpu_level)level;
    level = (int)cpu_level_best();
    const char *wish = getenv("RECTRAIN_CPU");
    for (int i = 0; wish != NULL && i < level; i++)
        if (strcmp(wish, names[i]) == 0)
            level = i;
    atomic_store(&known, level);
    return (enum cpu_level)level;
}

const char *cpu_level_name(enum cpu_level level)
{
    return names[level];
}
