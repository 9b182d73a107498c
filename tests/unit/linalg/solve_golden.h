#ifndef TESTS_UNIT_LINALG_SOLVE_GOLDEN_H
#define TESTS_UNIT_LINALG_SOLVE_GOLDEN_H

#include "linalg/solve_work.h"

/*
 * Three iterations from given factors with these kernels give implicit's own numbers
 * (tests/golden/README.md), with both of its solvers.
 */
void check_golden_solutions(const struct solve_kernels *kernels);

#endif
