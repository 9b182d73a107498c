#include "data/moment.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const struct {
    int64_t per_day;
    int digits; /* of the fraction of a second */
} units[] = {
    [TIME_DAYS] = {1, 0},
    [TIME_SECONDS] = {86400, 0},
    [TIME_MILLIS] = {86400000, 3},
    [TIME_MICROS] = {86400000000, 6},
    [TIME_NANOS] = {86400000000000, 9},
};

/* Days since 1970-01-01 of a date of the Gregorian calendar, counted in eras of 400 years from a
 * March 1st. */
static int64_t days_of_date(int64_t year, int month, int day)
{
    year -= month <= 2;
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void date_of_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t of_era = days - era * 146097;
    const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

struct reader {
    const char *at, *end;
};

static bool take_digits(struct reader *r, int count, int *ret_value)
{
    int value = 0;
    if (r->end - r->at < count)
        return false;
    for (int i = 0; i < count; i++, r->at++) {
        if (*r->at < '0' || *r->at > '9')
            return false;
        value = value * 10 + (*r->at - '0');
    }
    *ret_value = value;
    return true;
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool take_date(struct reader *r, int64_t *ret_days)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_digits(r, 4, &year) || !take(r, '-') || !take_digits(r, 2, &month) || !take(r, '-') ||
        !take_digits(r, 2, &day) || month < 1 || month > 12)
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > lengths[month - 1] + (month == 2 && leap))
        return false;
    *ret_days = days_of_date(year, month, day);
    return true;
}

/* "10:20", "10:20:30", "10:20:30.123456789" */
static bool take_clock(struct reader *r, int64_t *ret_nanos)
{
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_digits(r, 2, &hour) || !take(r, ':') || !take_digits(r, 2, &minute))
        return false;
    if (take(r, ':')) {
        if (!take_digits(r, 2, &second))
            return false;
        if (take(r, '.')) {
            int64_t place = 100000000;
            int digit, count = 0;
            for (; take_digits(r, 1, &digit); count++, place /= 10)
                fraction += digit * place;
            if (count < 1 || count > 9)
                return false;
        }
    }
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *ret_nanos = (hour * 3600 + minute * 60 + second) * INT64_C(1000000000) + fraction;
    return true;
}

/* "", "Z", "+03", "+0300" or "+03:00" */
static bool take_zone(struct reader *r, int64_t *ret_minutes)
{
    int hours = 0, minutes = 0;
    *ret_minutes = 0;
    if (r->at == r->end || take(r, 'Z'))
        return true;
    const bool west = *r->at == '-';
    if (!take(r, '+') && !take(r, '-'))
        return false;
    if (!take_digits(r, 2, &hours))
        return false;
    if (r->at < r->end) {
        take(r, ':');
        if (!take_digits(r, 2, &minutes))
            return false;
    }
    if (hours > 15 || minutes > 59)
        return false;
    *ret_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

bool moment_parse(const char *text, size_t length, int64_t *ret_nanos)
{
    struct reader r = {text, text + length};
    int64_t days, clock = 0, zone_minutes = 0, nanos;
    if (!take_date(&r, &days))
        return false;
    if (r.at < r.end) {
        if (!take(&r, 'T') && !take(&r, ' '))
            return false;
        if (!take_clock(&r, &clock) || !take_zone(&r, &zone_minutes))
            return false;
    }
    clock -= zone_minutes * INT64_C(60000000000);
    if (r.at != r.end || __builtin_mul_overflow(days, units[TIME_NANOS].per_day, &nanos) ||
        __builtin_add_overflow(nanos, clock, &nanos))
        return false;
    *ret_nanos = nanos;
    return true;
}

const char *moment_text(int64_t value, enum time_unit unit, char *out, size_t out_size)
{
    const int64_t per_day = units[unit].per_day, per_second = per_day / 86400;
    const int64_t days = value / per_day - (value % per_day < 0);
    const int64_t rest = value % per_day + (value % per_day < 0 ? per_day : 0);
    int64_t year;
    int month, day, digits = units[unit].digits;
    date_of_days(days, &year, &month, &day);
    int used = snprintf(out, out_size, "%04" PRId64 "-%02d-%02d", year, month, day);
    if (unit == TIME_DAYS || used < 0 || (size_t)used >= out_size)
        return out;
    const int second = (int)(rest / per_second);
    int64_t fraction = rest % per_second;
    used += snprintf(out + used, out_size - (size_t)used, " %02d:%02d:%02d", second / 3600,
                     second / 60 % 60, second % 60);
    if (fraction == 0 || (size_t)used >= out_size)
        return out;
    for (; fraction % 10 == 0; fraction /= 10)
        digits--;
    snprintf(out + used, out_size - (size_t)used, ".%0*" PRId64, digits, fraction);
    return out;
}

bool moment_before(int64_t max, double days, enum time_unit unit, int64_t *ret_threshold)
{
    const double window = days * (double)units[unit].per_day, whole = nearbyint(window);
    const double counts = fabs(window - whole) <= 4 * DBL_EPSILON * window ? whole : ceil(window);
    if (!(counts < 0x1p63))
        return false;
    return !__builtin_sub_overflow(max, (int64_t)counts, ret_threshold);
}

bool moment_convert(int64_t value, enum time_unit from, enum time_unit to, int64_t *ret_value)
{
    const int64_t have = units[from].per_day, want = units[to].per_day;
    if (want >= have)
        return !__builtin_mul_overflow(value, want / have, ret_value);
    if (value % (have / want) != 0)
        return false;
    *ret_value = value / (have / want);
    return true;
}
