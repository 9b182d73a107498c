#ifndef LINALG_CPU_H
#define LINALG_CPU_H

/*
 * Which kernels this processor can run. A source file that ends in _level.c is compiled once per
 * level, from the same text (linalg/vec.h gives it the vector type of the level), and the best
 * level is chosen at run time. RECTRAIN_CPU=portable|avx2|avx512 in the environment chooses a
 * lower one, for tests and for comparing machines.
 */

enum cpu_level { CPU_PORTABLE, CPU_AVX2, CPU_AVX512, CPU_LEVELS };

/* The level in use. The first call looks at processor and environment; later ones are free. */
enum cpu_level cpu_level(void);
/* The best level that the processor has, whatever the environment says. */
enum cpu_level cpu_level_best(void);
const char *cpu_level_name(enum cpu_level level); /* "avx2" */

#endif
