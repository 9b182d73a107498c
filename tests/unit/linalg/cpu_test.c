/* The level against what the operating system says of the processor, and the environment's wish in
 * child processes, since a process asks once. */
#include "support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linalg/cpu.h"

/* The first line "flags : ..." of /proc/cpuinfo, with a space before and after each flag. Empty on
 * a processor of another kind. */
static void read_flags(char *flags, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    assert_non_null(file);
    flags[0] = '\0';
    while (fgets(flags, (int)size, file) != NULL && strncmp(flags, "flags", 5) != 0)
        flags[0] = '\0';
    fclose(file);
    char *end = strchr(flags, '\n');
    if (end != NULL)
        *end = ' ';
}

static bool has_all(const char *flags, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strstr(flags, *names) == NULL)
            return false;
    return true;
}

static void the_best_level_is_what_the_system_lists(void **state)
{
    (void)state;
    static const char *const avx2[] = {" avx2 ", " fma ", " f16c ", NULL};
    static const char *const avx512[] = {" avx512f ", " avx512vl ", " avx512dq ", " avx512bw ",
                                         NULL};
    char flags[8192];
    read_flags(flags, sizeof(flags));
    enum cpu_level wanted = CPU_PORTABLE;
    if (has_all(flags, avx2))
        wanted = has_all(flags, avx512) ? CPU_AVX512 : CPU_AVX2;
    print_message("the best level here is %s\n", cpu_level_name(cpu_level_best()));
    assert_int_equal(cpu_level_best(), wanted);
}

/* What cpu_level says in a process of its own, with RECTRAIN_CPU set to `wish` (NULL: not set). */
static enum cpu_level level_for(const char *wish)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int failed =
            wish == NULL ? unsetenv("RECTRAIN_CPU") : setenv("RECTRAIN_CPU", wish, 1);
        const enum cpu_level level = cpu_level();
        /* An answer that changed would be as wrong as a wrong one. */
        _exit(failed != 0 || cpu_level() != level ? CPU_LEVELS : (int)level);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return (enum cpu_level)WEXITSTATUS(status);
}

static void without_a_wish_the_level_is_the_best(void **state)
{
    (void)state;
    assert_int_equal(level_for(NULL), cpu_level_best());
}

static void a_wish_lowers_the_level_but_never_raises_it(void **state)
{
    (void)state;
    for (int level = 0; level < CPU_LEVELS; level++) {
        const int best = (int)cpu_level_best();
        assert_int_equal(level_for(cpu_level_name((enum cpu_level)level)),
                         level < best ? level : best);
    }
}

static void an_unknown_wish_is_no_wish(void **state)
{
    (void)state;
    static const char *const wishes[] = {"", "AVX2", "avx", "portable ", "sse2"};
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
        assert_int_equal(level_for(wishes[i]), cpu_level_best());
}

static void each_level_has_the_name_of_the_manual(void **state)
{
    (void)state;
    assert_string_equal(cpu_level_name(CPU_PORTABLE), "portable");
    assert_string_equal(cpu_level_name(CPU_AVX2), "avx2");
    assert_string_equal(cpu_level_name(CPU_AVX512), "avx512");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_level_is_what_the_system_lists),
        cmocka_unit_test(without_a_wish_the_level_is_the_best),
        cmocka_unit_test(a_wish_lowers_the_level_but_never_raises_it),
        cmocka_unit_test(an_unknown_wish_is_no_wish),
        cmocka_unit_test(each_level_has_the_name_of_the_manual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
