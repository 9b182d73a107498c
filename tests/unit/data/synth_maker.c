#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <duckdb.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "synth_maker.h"

const char *made_directory(const struct fixture *f, const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    return path;
}

struct synth_spec make_spec(const struct fixture *f, const char *name, int64_t rows, int32_t users,
                            int32_t items)
{
    struct synth_spec spec;
    synth_spec_init(&spec);
    spec.rows = rows;
    spec.users = users;
    spec.items = items;
    spec.directory = made_directory(f, name);
    return spec;
}

struct synth_result make(const struct synth_spec *spec)
{
    struct synth_result result;
    struct error err;
    if (synth_write(spec, NULL, &result, &err) != ERR_OK)
        fail_msg("%s", err.message);
    return result;
}

void refuse(const struct synth_spec *spec, const struct progress *progress, enum err code,
            const char *part)
{
    const struct synth_result untouched = {.rows = -7};
    struct synth_result result = untouched;
    struct error err = {.code = ERR_OK};
    const int64_t held = mem_held_bytes();
    assert_int_equal(synth_write(spec, progress, &result, &err), code);
    assert_int_equal(err.code, code);
    if (strstr(err.message, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, err.message);
    assert_memory_equal(&result, &untouched, sizeof(result));
    assert_int_equal(mem_held_bytes(), held);
}

double ask(const struct fixture *f, const char *sql)
{
    double value = NAN;
    char *text = fixture_value(f, sql);
    assert_int_equal(sscanf(text, "%lf", &value), 1);
    duckdb_free(text);
    return value;
}

void assert_text(const struct fixture *f, const char *sql, const char *expected)
{
    char *text = fixture_value(f, sql);
    assert_string_equal(text, expected);
    duckdb_free(text);
}

void assert_between(double value, double low, double high)
{
    if (!(value >= low && value <= high))
        fail_msg("%g is not within %g to %g", value, low, high);
}
