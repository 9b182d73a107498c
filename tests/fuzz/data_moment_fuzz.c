/* Any text as a moment or a number out of data: within its range, and the same once it was written
 * and read again. Any 64 bits as a count of some unit. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "data/moment.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(const char *text, size_t len)
{
    int64_t nanos, again, number, number_again;
    char out[MOMENT_TEXT_SIZE], digits[32];
    if (moment_parse(text, len, &nanos)) {
        moment_text(nanos, TIME_NANOS, out, sizeof(out));
        if (!moment_parse(out, strlen(out), &again) || again != nanos)
            __builtin_trap();
    }
    if (strlen(text) != len || !text_int(text, &number))
        return;
    snprintf(digits, sizeof(digits), "%lld", (long long)number);
    if (!text_int(digits, &number_again) || number_again != number)
        __builtin_trap();
}

static void check_count(int64_t value, double days)
{
    char out[MOMENT_TEXT_SIZE];
    for (enum time_unit from = TIME_DAYS; from <= TIME_NANOS; from++) {
        int64_t threshold;
        if (from != TIME_DAYS)
            moment_text(value, from, out, sizeof(out));
        if (days > 0 && isfinite(days) && moment_before(value, days, from, &threshold) &&
            threshold > value)
            __builtin_trap();
        for (enum time_unit to = TIME_DAYS; to <= TIME_NANOS; to++) {
            int64_t there, back;
            if (moment_convert(value, from, to, &there) &&
                (!moment_convert(there, to, from, &back) || back != value))
                __builtin_trap(); /* exact, or not at all */
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char text[128];
    int64_t value;
    double days;
    const size_t len = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
    memcpy(text, bytes, len);
    text[len] = '\0';
    check_text(text, len);
    if (size >= sizeof(value) + sizeof(days)) {
        memcpy(&value, bytes, sizeof(value));
        memcpy(&days, bytes + sizeof(value), sizeof(days));
        check_count(value, days);
    }
    return 0;
}
