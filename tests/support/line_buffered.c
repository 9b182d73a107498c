/*
 * Linked into every test program: what it prints reaches ctest line by line, so that lines of
 * stdout and stderr stay whole and in order, and none is lost when a test aborts. The counting of
 * test cases (tools/count_tests.awk) relies on it.
 */
#include <stdio.h>

__attribute__((constructor)) static void use_line_buffers(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}
