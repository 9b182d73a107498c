#include "base/clock.h"

#include <time.h>

double clock_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct tm utc_now(void)
{
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    return utc;
}

void clock_stamp(char *out, unsigned long out_size)
{
    struct tm utc = utc_now();
    strftime(out, out_size, "%Y%m%d_%H%M%S", &utc);
}

void clock_rfc3339(char *out, unsigned long out_size)
{
    struct tm utc = utc_now();
    strftime(out, out_size, "%Y-%m-%dT%H:%M:%SZ", &utc);
}
