#ifndef BASE_LOG_H
#define BASE_LOG_H

/*
 * What servers and workers say of themselves: one line an event on stderr,
 *
 *   2026-01-02T03:04:05.678Z info job_claimed pid=71 job_id=12 attempt=1 model=als
 *
 * made of a time, a level, the event's name and key=value pairs. A line is written in one piece, so
 * lines of several processes that share a stderr stay whole. An error is logged once, where it is
 * handled. Never log passwords, tokens or bodies. Any thread may log at any time.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum { LOG_LINE_MAX = 2048, LOG_VALUE_MAX = 512 };

/* What is below is dropped; LOG_INFO at the start. log_level_find: LOG_INFO for an unknown name. */
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);            /* whether a line of it would be written */
enum log_level log_level_find(const char *name); /* "debug", "info", "warning", "error" */
const char *log_level_name(enum log_level level);

/* `event` is lower_case; `format` makes the pairs, "" for none. Longer lines are cut. */
void log_write(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) log_write(LOG_DEBUG, (event), __VA_ARGS__)
#define log_info(event, ...) log_write(LOG_INFO, (event), __VA_ARGS__)
#define log_warning(event, ...) log_write(LOG_WARNING, (event), __VA_ARGS__)
#define log_error(event, ...) log_write(LOG_ERROR, (event), __VA_ARGS__)

/* An error as `code=… reason=… message="…"` after the pairs of `format`. */
void log_failure(enum log_level level, const char *event, const struct error *err,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A text as one value: in quotes where it holds a blank, a quote or =, and with control characters
 * replaced; cut to out_size. NULL is "". Returns out: log_info("x", "path=%s", log_value(…)). */
const char *log_value(const char *text, char *out, size_t out_size);

#endif
