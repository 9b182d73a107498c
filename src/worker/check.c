#include "worker/check.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/turn.h"
#include "jobs/problem.h"
#include "model/kinds.h"
#include "worker/data_path.h"
#include "worker/spawn.h"

enum { READ_BYTES = 64 << 10, LAST_WORDS_MAX = 160, WARNINGS_MAX = 32 };

/* What a check knows of its child. */
struct watch {
    struct child child;
    struct line_reader lines;
    json_t *result, *warnings;
    struct error failure; /* code ERR_OK: it told none */
    bool is_broken;
    char last_words[LAST_WORDS_MAX]; /* on stderr */
};

/* Half of the machine's memory, where no limit is set: a check must not push out what runs. */
static int64_t memory_limit(const struct config *config)
{
    const int64_t set = config_int(config, "JOB_MEMORY");
    return set > 0 ? set : (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 2;
}

static void take_error(struct watch *watch, const struct child_line *line)
{
    watch->failure = (struct error){.code = line->error, .reason = line->code, .file = __FILE__};
    snprintf(watch->failure.message, sizeof(watch->failure.message), "%.511s", line->message);
}

static enum err take_line(struct watch *watch, struct str text, struct error *err)
{
    enum err rc;
    struct child_line line;
    if ((rc = child_line_parse(text.ptr, text.len, &line, err)) != ERR_OK)
        return rc;
    if (line.event == CHILD_RESULT) {
        json_decref(watch->result);
        watch->result = json_incref(line.result);
    } else if (line.event == CHILD_ERROR) {
        take_error(watch, &line);
    } else if (line.event == CHILD_WARNING && json_array_size(watch->warnings) < WARNINGS_MAX) {
        rc = json_append(watch->warnings, json_text(line.message), err);
    }
    child_line_release(&line);
    return rc;
}

/* Read what there is. False: that pipe is at its end. */
static bool drain(struct watch *watch, int fd, bool is_output, struct error *err)
{
    char bytes[READ_BYTES];
    struct str text;
    for (;;) {
        const ssize_t got = read(fd, bytes, sizeof(bytes));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        if (!is_output) {
            snprintf(watch->last_words, sizeof(watch->last_words), "%.*s",
                     (int)(got < LAST_WORDS_MAX ? got : LAST_WORDS_MAX - 1), bytes);
            watch->last_words[strcspn(watch->last_words, "\n")] = '\0';
            continue;
        }
        if (!watch->is_broken)
            watch->is_broken = line_reader_add(&watch->lines, bytes, (size_t)got, err) != ERR_OK;
        while (!watch->is_broken && line_reader_next(&watch->lines, &text))
            watch->is_broken = take_line(watch, text, err) != ERR_OK;
    }
}

/* Until both pipes are at their end, or the time is over. */
static enum err follow(struct watch *watch, double end, int timeout_ms, struct error *err)
{
    struct pollfd fds[2] = {{.fd = watch->child.out, .events = POLLIN},
                            {.fd = watch->child.err, .events = POLLIN}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        const double left = end - clock_seconds();
        if (left <= 0)
            return FAIL_REASON(err, ERR_IO, "time_limit", "looking at it takes longer than %d s",
                               timeout_ms / 1000);
        if (poll(fds, 2, (int)(left * 1000) + 1) < 0 && errno != EINTR)
            return FAIL(err, ERR_IO, "poll: %m");
        for (int i = 0; i < 2; i++)
            if (fds[i].revents != 0 && !drain(watch, fds[i].fd, i == 0, err))
                fds[i].fd = -1;
        if (watch->is_broken)
            return err->code;
    }
    return ERR_OK;
}

/* The child has closed its pipes, so that it is about to end, if it has not. */
static enum err conclude(struct watch *watch, json_t **ret_report, struct error *err)
{
    enum err rc;
    int status = 0;
    char words[256];
    while (waitpid(watch->child.pid, &status, 0) < 0 && errno == EINTR)
        ;
    watch->child.pid = 0;
    if (watch->failure.code != ERR_OK && WIFEXITED(status)) {
        *err = watch->failure;
        return err->code;
    }
    if (watch->result == NULL || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return FAIL_REASON(err, ERR_IO, JOB_CRASHED, "the process that looked at it died: %s%s%s",
                           child_end_words(status, words, sizeof(words)),
                           watch->last_words[0] != '\0' ? ": " : "", watch->last_words);
    TRY(json_set(watch->result, "warnings", json_incref(watch->warnings), err));
    *ret_report = json_incref(watch->result);
done:
    return rc;
}

/* Start a child for a task that only looks, and wait for what it tells. */
static enum err ask_child(struct child_spec *spec, const int handed[2], int timeout_ms,
                          json_t **ret_report, struct error *err)
{
    enum err rc;
    const double end = clock_seconds() + timeout_ms / 1000.0;
    struct watch watch = {.child = {.out = -1, .err = -1}};
    line_reader_init(&watch.lines, CHILD_LINE_MAX);
    if ((watch.warnings = json_array()) == NULL)
        return FAIL(err, ERR_NOMEM, "out of memory for a check");
    TRY(child_start(spec, handed, &watch.child, err));
    turn_pause(); /* the child works, we look on */
    rc = follow(&watch, end, timeout_ms, err);
    if (rc == ERR_OK)
        rc = conclude(&watch, ret_report, err);
    turn_resume();
done:
    child_release(&watch.child);
    line_reader_release(&watch.lines);
    json_decref(watch.warnings);
    json_decref(watch.result);
    return rc;
}

enum err data_check(const struct config *config, const struct job_request *request, int timeout_ms,
                    json_t **ret_report, struct error *err)
{
    enum err rc;
    struct data_path path = {0};
    struct child_spec spec = {
        .task = CHILD_CHECK, .memory_bytes = memory_limit(config), .request = *request};
    if (spec.request.kind == NULL) {
        spec.request.kind = &als_kind;
        params_init(&spec.request.params, &als_kind.params);
    }
    TRY(data_path_open(config, request->data_path, &path, err));
    const int handed[2] = {path.place.directory, path.place.above};
    spec.pattern = path.place.pattern;
    TRY(ask_child(&spec, handed, timeout_ms, ret_report, err));
done:
    data_path_close(&path);
    return rc;
}

static enum err file_check(const struct config *config, enum child_task task, int fd,
                           int timeout_ms, json_t **ret_report, struct error *err)
{
    const int handed[2] = {fd, -1};
    struct child_spec spec = {.task = task, .memory_bytes = memory_limit(config)};
    return ask_child(&spec, handed, timeout_ms, ret_report, err);
}

enum err model_check(const struct config *config, int fd, int timeout_ms, json_t **ret_report,
                     struct error *err)
{
    return file_check(config, CHILD_INSPECT, fd, timeout_ms, ret_report, err);
}

enum err hits_check(const struct config *config, int fd, int timeout_ms, json_t **ret_report,
                    struct error *err)
{
    return file_check(config, CHILD_HITS, fd, timeout_ms, ret_report, err);
}
