#ifndef DATA_MOMENT_H
#define DATA_MOMENT_H

/*
 * Moments as the files hold them: a signed count of some unit since 1970-01-01 00:00:00 UTC. The
 * split is computed in the column's own unit, so that no digit is lost.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum time_unit { TIME_DAYS, TIME_SECONDS, TIME_MILLIS, TIME_MICROS, TIME_NANOS };

enum { MOMENT_TEXT_SIZE = 48 };

/* The whole of an ISO 8601 text, "2025-02-09", "2025-02-09 10:20:30.123456789+03:00" or with a T,
 * as nanoseconds. Without a zone it is UTC. False: anything else, or outside 1677 to 2262. */
bool moment_parse(const char *text, size_t length, int64_t *ret_nanos);

/* "2025-02-09 00:00:00", with as many digits of the fraction as are needed; days (within
 * 32 bits, as files have them) as a date alone.
 * `out` of MOMENT_TEXT_SIZE. */
const char *moment_text(int64_t value, enum time_unit unit, char *out, size_t out_size);

/*
 * max - days, rounded down to the unit: a moment is at most max - days exactly when its count is
 * at most that. A product within rounding error of a whole count is that count, so 0.1 days are
 * 8,640,000,000,000 ns. False: out of 64 bits.
 */
bool moment_before(int64_t max, double days, enum time_unit unit, int64_t *ret_threshold);

/* `value` of one unit in another: false when it would not be exact or does not fit. */
bool moment_convert(int64_t value, enum time_unit from, enum time_unit to, int64_t *ret_value);

#endif
