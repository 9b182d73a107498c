#ifndef TESTS_SUPPORT_SERVER_H
#define TESTS_SUPPORT_SERVER_H

/* Servers of others that a test starts for itself. */
#include <pwd.h>
#include <stddef.h>
#include <sys/types.h>

/* The path of a program in the last directory that matches `pattern`; fails the test, and says that
 * `product` is not installed, where there is none. */
void server_tool(const char *product, const char *pattern, const char *program, char *out,
                 size_t out_size);

/*
 * Start it in the background, silent, as `user` (NULL: as who we are), with this environment (NULL:
 * ours); it gets `death_signal` when we end, so that nothing is left when a test is killed. Its
 * pid.
 */
pid_t server_start(const struct passwd *user, const char *const *arguments,
                   char *const *environment, int death_signal);

#endif
