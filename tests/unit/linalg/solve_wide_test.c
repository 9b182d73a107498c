/*
 * All of solve_test.c on the kernels of AVX-512, in whatever vectors this processor has: the
 * compiler takes each of their 16-lane operations apart.
 */
#define KERNEL_LEVEL_AVX512
#include "linalg/solve_level.c" /* takes the place of the library's own solve_kernels_avx512 */

#define SOLVE_TEST_LEVEL_FIRST CPU_AVX512
#define SOLVE_TEST_LEVEL_LAST CPU_AVX512
#include "solve_test.c"
