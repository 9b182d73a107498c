#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum err error_set(struct error *err, enum err code, const char *reason, const char *file, int line,
                   const char *format, ...)
{
    assert(code != ERR_OK);
    err->code = code;
    err->reason = reason;
    err->file = file;
    err->line = line;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    text_make_printable(err->message);
    return code;
}

void error_prefix(struct error *err, const char *format, ...)
{
    char old[sizeof(err->message)];
    memcpy(old, err->message, sizeof(old));
    va_list args;
    va_start(args, format);
    int used = vsnprintf(err->message, sizeof(err->message), format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof(err->message))
        snprintf(err->message + used, sizeof(err->message) - (size_t)used, "%s", old);
    text_make_printable(err->message);
}

static const struct {
    const char *name, *text;
    int exit_status;
} codes[] = {
#define X(name, status, text) [ERR_##name] = {#name, text, status},
    ERROR_CODES(X)
#undef X
};

const char *error_code_name(enum err code)
{
    return codes[code].name;
}

const char *error_code_text(enum err code)
{
    return codes[code].text;
}

int error_exit_status(enum err code)
{
    return codes[code].exit_status;
}
