#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};
enum { LEVELS = sizeof(names) / sizeof(names[0]) };

static atomic_int least = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&least, (int)level);
}

bool log_is_on(enum log_level level)
{
    return (int)level >= atomic_load(&least);
}

enum log_level log_level_find(const char *name)
{
    for (int i = 0; i < LEVELS; i++)
        if (strcmp(names[i], name) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

const char *log_level_name(enum log_level level)
{
    return names[level];
}

/* How much of a line of `size` bytes is used after vsnprintf wanted to add `wanted` at `used`. */
static size_t advance(size_t used, int wanted, size_t size)
{
    if (wanted < 0)
        return used;
    return used + (size_t)wanted < size ? used + (size_t)wanted : size - 1;
}

__attribute__((format(printf, 3, 0))) static void put_line(enum log_level level, const char *event,
                                                           const char *format, va_list args,
                                                           const char *tail)
{
    char line[LOG_LINE_MAX], stamp[24];
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    const size_t size = sizeof(line) - 1; /* room for the end of the line */
    size_t used = advance(0,
                          snprintf(line, size, "%s.%03ldZ %s %s pid=%d", stamp,
                                   now.tv_nsec / 1000000, names[level], event, (int)getpid()),
                          size);
    if (format[0] != '\0') {
        line[used++] = ' ';
        line[used] = '\0';
        used = advance(used, vsnprintf(line + used, size - used, format, args), size);
    }
    if (tail != NULL)
        used = advance(used, snprintf(line + used, size - used, " %s", tail), size);
    line[used++] = '\n';
    (void)!write(STDERR_FILENO, line, used); /* there is nowhere to tell that this failed */
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level < atomic_load(&least))
        return;
    va_list args;
    va_start(args, format);
    put_line(level, event, format, args, NULL);
    va_end(args);
}

void log_failure(enum log_level level, const char *event, const struct error *err,
                 const char *format, ...)
{
    if ((int)level < atomic_load(&least))
        return;
    char tail[LOG_VALUE_MAX + 128], message[LOG_VALUE_MAX];
    snprintf(tail, sizeof(tail), "error=%s reason=%s message=%s", error_code_name(err->code),
             err->reason[0] != '\0' ? err->reason : "-",
             log_value(err->message, message, sizeof(message)));
    va_list args;
    va_start(args, format);
    put_line(level, event, format, args, tail);
    va_end(args);
}

const char *log_value(const char *text, char *out, size_t out_size)
{
    size_t used = 0;
    if (text == NULL)
        text = "";
    const size_t plain = strcspn(text, " \t\r\n\"=\\");
    const int quoted = text[plain] != '\0' || text[0] == '\0';
    if (out_size < 8) {
        out[0] = '\0';
        return out;
    }
    if (quoted)
        out[used++] = '"';
    for (; *text != '\0' && used + 4 < out_size; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            out[used++] = '\\';
        out[used++] = (char)(byte < 0x20 || byte == 0x7F ? ' ' : byte);
    }
    if (quoted)
        out[used++] = '"';
    out[used] = '\0';
    return out;
}
