#include "base/fail_point.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static int drawn(double chance)
{
    uint32_t random = 0;
    if (chance >= 1)
        return 1;
    return getrandom(&random, sizeof(random), 0) == (ssize_t)sizeof(random) &&
           (double)random < chance * 0x1p32;
}

void fail_point(const char *name, int64_t attempt)
{
    const char *at = getenv(FAIL_POINTS_VARIABLE);
    const size_t length = strlen(name);
    while (at != NULL && *at != '\0') {
        char *end;
        const size_t entry = strcspn(at, ",");
        if (strncmp(at, name, length) == 0 && at[length] == ':') {
            const double chance = strtod(at + length + 1, &end);
            const long long attempts = *end == ':' ? strtoll(end + 1, &end, 10) : INT64_MAX;
            const int number = strncmp(end, ":stop", 5) == 0 ? SIGSTOP : SIGKILL;
            if (attempt <= attempts && drawn(chance))
                kill(getpid(), number);
        }
        at += entry + (at[entry] == ',');
    }
}
