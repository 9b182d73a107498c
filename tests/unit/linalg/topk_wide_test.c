/*
 * All of topk_test.c on the kernel of AVX-512, in whatever vectors this processor has: the compiler
 * takes each of its 16-lane operations apart. So its tiles and groups are tested everywhere; only
 * the instructions themselves need the processor, where topk_test.c runs them.
 */
#define KERNEL_LEVEL_AVX512
#include "linalg/topk_level.c" /* takes the place of the library's own topk_kernel_avx512 */

#define TOPK_TEST_LEVEL CPU_AVX512
#define TOPK_TEST_LEVEL_FIRST CPU_AVX512
#define TOPK_TEST_LEVEL_LAST CPU_AVX512
#include "topk_test.c"
