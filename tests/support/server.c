#include "support/server.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "support/test.h"

void server_tool(const char *product, const char *pattern, const char *program, char *out,
                 size_t out_size)
{
    char wanted[256];
    glob_t found;
    snprintf(wanted, sizeof(wanted), "%s/%s", pattern, program);
    if (glob(wanted, 0, NULL, &found) != 0)
        fail_msg("%s is not installed (script/bootstrap --dev brings it)", product);
    snprintf(out, out_size, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
}

pid_t server_start(const struct passwd *user, const char *const *arguments,
                   char *const *environment, int death_signal)
{
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    const int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, 0);
    dup2(nothing, 1);
    dup2(nothing, 2);
    if (chdir("/") != 0 ||
        (user != NULL && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, death_signal);
    execvpe(arguments[0], (char *const *)arguments, environment != NULL ? environment : environ);
    _exit(127);
}
