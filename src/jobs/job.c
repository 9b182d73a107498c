#include "jobs/job.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/problem.h"
#include "model/model.h"

void job_free(struct job *job)
{
    mem_free(job); /* its texts lie in the same block */
}

bool job_is_cancelled(const struct job *job)
{
    return job->status == JOB_FAILED && job->error_code != NULL &&
           strcmp(job->error_code, JOB_CANCELLED) == 0;
}

const char *job_shown_status(const struct job *job)
{
    return job_is_cancelled(job) ? "cancelled" : job_status_name(job->status);
}

static char *put_digits(char *at, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + count;
}

/* The date in the proleptic Gregorian calendar, by Howard Hinnant's civil_from_days: years begin in
 * March, so that the leap day is the last. A list has hundreds of times, and gmtime_r takes a lock.
 */
static char *put_date(char *at, int64_t days)
{
    const int64_t shifted = days + 719468;
    const int64_t era = shifted / 146097, day_of_era = shifted % 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month_from_march = (5 * day_of_year + 2) / 153;
    const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    at = put_digits(at, era * 400 + year_of_era + (month <= 2), 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    return put_digits(at, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
}

static char *put_time(char *at, int64_t time_ms)
{
    const int64_t latest = 253402300799999; /* of the year 9999 */
    const int64_t known = time_ms < 0 ? 0 : time_ms > latest ? latest : time_ms;
    const int64_t seconds = known / 1000 % 86400;
    at = put_date(at, known / 86400000);
    *at++ = 'T';
    at = put_digits(at, seconds / 3600, 2);
    *at++ = ':';
    at = put_digits(at, seconds / 60 % 60, 2);
    *at++ = ':';
    return put_digits(at, seconds % 60, 2);
}

const char *job_time_plain(int64_t time_ms, char out[JOB_TIME_SIZE])
{
    *put_time(out, time_ms) = '\0';
    return out;
}

const char *job_time_rfc3339(int64_t time_ms, char out[JOB_TIME_SIZE])
{
    char *at = put_time(out, time_ms);
    *at++ = '.';
    at = put_digits(at, time_ms < 0 ? 0 : time_ms % 1000, 3);
    *at++ = 'Z';
    *at = '\0';
    return out;
}

/* The value as people write it: "60", "0.5", "cg". "" where it has no short form. */
static void value_text(const json_t *value, char *out, size_t out_size)
{
    out[0] = '\0';
    if (json_is_integer(value))
        snprintf(out, out_size, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(out, out_size, "%g", json_real_value(value));
    else if (json_is_string(value))
        snprintf(out, out_size, "%.40s", json_string_value(value));
}

static bool is_default(const struct param_info *info, const json_t *value)
{
    char text[64], initial[64];
    struct param_set set;
    const struct param_table table = {info, 1};
    if (info->initial == NULL)
        return value == NULL || json_is_null(value);
    params_init(&set, &table);
    if (json_is_number(value))
        return json_number_value(value) == set.values[0].real;
    value_text(value, text, sizeof(text));
    snprintf(initial, sizeof(initial), "%s", info->initial);
    return strcmp(text, initial) == 0;
}

/* Add " · text" where all of it fits: a cut number would be another one. */
static void add_part(char *out, size_t out_size, const char *text)
{
    static const char separator[] = " \xC2\xB7 ";
    const size_t used = strlen(out);
    if (used + strlen(separator) + strlen(text) < out_size)
        snprintf(out + used, out_size - used, "%s%s", separator, text);
}

static void add_changes(const struct param_table *table, const json_t *params, bool sizes_shown,
                        char *out, size_t out_size)
{
    char value[48], part[96];
    for (int32_t i = 0; i < table->count; i++) {
        const struct param_info *info = &table->params[i];
        const json_t *json = json_object_get(params, info->name);
        const bool is_size =
            strcmp(info->name, "factors") == 0 || strcmp(info->name, "iterations") == 0;
        if (json == NULL || (is_size && sizes_shown) || is_default(info, json))
            continue;
        value_text(json, value, sizeof(value));
        snprintf(part, sizeof(part), "%s %s", info->name, value);
        add_part(out, out_size, part);
    }
}

const char *job_describe(const struct job *job, char *out, size_t out_size)
{
    char sizes[48];
    struct error ignored; /* then the type alone tells what the job is */
    const struct model_kind *kind = model_kind_find(job->model_type);
    json_t *params = NULL;
    (void)!json_read(job->params_json, strlen(job->params_json), JSON_REJECT_DUPLICATES, &params,
                     &ignored);
    snprintf(out, out_size, "%s", job->model_type);
    const json_t *factors = json_object_get(params, "factors");
    const json_t *iterations = json_object_get(params, "iterations");
    const bool sizes_shown = json_is_integer(factors) && json_is_integer(iterations);
    if (sizes_shown) {
        snprintf(sizes, sizeof(sizes), "%lld \xC3\x97 %lld", (long long)json_integer_value(factors),
                 (long long)json_integer_value(iterations));
        add_part(out, out_size, sizes);
    }
    if (kind != NULL)
        add_changes(&kind->params, params, sizes_shown, out, out_size);
    json_decref(params);
    return out;
}
