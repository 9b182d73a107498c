#include "worker/job_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    LINE_MAX_BYTES = 1024,
    TEXT_MAX_BYTES = 8192,
    FULL_FROM = JOB_LOG_MAX - 2 * LINE_MAX_BYTES, /* bytes that are there: one more line, or none */
};

struct job_log {
    int fd;
    bool is_full;
};

const char *job_log_path(const char *model_dir, int64_t job_id, char out[JOB_LOG_PATH_MAX])
{
    snprintf(out, JOB_LOG_PATH_MAX, "%.4096s/logs/job_%" PRId64 ".log", model_dir, job_id);
    return out;
}

/* Made where it is not there; a failure shows when the file is opened. */
static void make_directories(const char *model_dir)
{
    char path[JOB_LOG_PATH_MAX];
    (void)mkdir(model_dir, 0777);
    snprintf(path, sizeof(path), "%.4096s/logs", model_dir);
    (void)mkdir(path, 0777);
}

enum err job_log_open(const char *model_dir, int64_t job_id, struct job_log **ret_log,
                      struct error *err)
{
    char path[JOB_LOG_PATH_MAX];
    struct job_log *log = mem_array(1, sizeof(*log), err);
    if (log == NULL)
        return ERR_NOMEM;
    job_log_path(model_dir, job_id, path);
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC;
    log->fd = open(path, flags, 0666);
    if (log->fd < 0 && errno == ENOENT) {
        make_directories(model_dir);
        log->fd = open(path, flags, 0666);
    }
    if (log->fd < 0) {
        const bool denied = errno == EACCES || errno == EPERM || errno == EROFS;
        mem_free(log);
        return FAIL(err, denied ? ERR_DENIED : ERR_IO, "the log %.300s cannot be opened: %m", path);
    }
    struct stat status;
    log->is_full = fstat(log->fd, &status) == 0 && status.st_size > FULL_FROM;
    *ret_log = log;
    return ERR_OK;
}

void job_log_close(struct job_log *log)
{
    if (log == NULL)
        return;
    close(log->fd);
    mem_free(log);
}

/* One line of the log, in one piece, so that two writers do not mix theirs. */
static void put_line(struct job_log *log, const char *stamp, enum log_level level, const char *text,
                     size_t length)
{
    char line[LINE_MAX_BYTES + 64];
    struct stat status;
    if (log->is_full || fstat(log->fd, &status) != 0)
        return;
    if (length > LINE_MAX_BYTES)
        length = LINE_MAX_BYTES;
    int used = snprintf(line, sizeof(line), "%s %s %.*s\n", stamp, log_level_name(level),
                        (int)length, text);
    for (int i = 0; i < used - 1; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = ' ';
    if (status.st_size > FULL_FROM) {
        log->is_full = true;
        text = "the log is full; what comes after is left out";
        used = snprintf(line, sizeof(line), "%s warning %s\n", stamp, text);
    }
    (void)!write(log->fd, line, (size_t)used);
}

void job_log_write(struct job_log *log, enum log_level level, const char *format, ...)
{
    char text[TEXT_MAX_BYTES], stamp[24];
    va_list args;
    if (log == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    clock_rfc3339(stamp, sizeof(stamp));
    for (const char *at = text; *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        if (length > 0)
            put_line(log, stamp, level, at, length);
        at += length + (at[length] == '\n');
    }
}

int64_t job_log_bytes(const char *model_dir, int64_t job_id)
{
    char path[JOB_LOG_PATH_MAX];
    struct stat status;
    return stat(job_log_path(model_dir, job_id, path), &status) == 0 ? status.st_size : 0;
}

enum err job_log_remove(const char *model_dir, int64_t job_id, struct error *err)
{
    char path[JOB_LOG_PATH_MAX];
    if (unlink(job_log_path(model_dir, job_id, path)) == 0 || errno == ENOENT || errno == ENOTDIR)
        return ERR_OK;
    const bool denied = errno == EACCES || errno == EPERM || errno == EROFS;
    return FAIL(err, denied ? ERR_DENIED : ERR_IO, "the log %.300s cannot be removed: %m", path);
}
