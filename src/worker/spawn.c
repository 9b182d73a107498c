#include "worker/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fail_point.h"

enum { FIRST_OWN_FD = 16, SPEC_FD = 0, OUT_FD = 1, ERR_FD = 2, CHILD_FDS = 5 };

/* What the child keeps of our environment: how to compute, and how tests watch it. */
static const char *const kept_variables[] = {
    "RECTRAIN_CPU",  "TZ",           FAIL_POINTS_VARIABLE, "ASAN_OPTIONS",
    "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS",       "GCOV_PREFIX",
};
enum { KEPT = sizeof(kept_variables) / sizeof(kept_variables[0]) };

static enum err failed(const char *doing, int cause, struct error *err)
{
    return FAIL_REASON(err, cause == ENOMEM ? ERR_NOMEM : ERR_IO, "spawn_failed",
                       "the process of the job cannot be started: %s: %s", doing,
                       strerrordesc_np(cause));
}

/* Beyond the numbers that the child uses, so that none of ours is overwritten before it is used. */
static enum err move_up(int *fd, struct error *err)
{
    const int moved = fcntl(*fd, F_DUPFD_CLOEXEC, FIRST_OWN_FD);
    if (moved < 0)
        return failed("fcntl", errno, err);
    close(*fd);
    *fd = moved;
    return ERR_OK;
}

/* The spec as a file in memory, from its beginning. */
static enum err make_spec_file(const struct child_spec *spec, int *ret_fd, struct error *err)
{
    enum err rc;
    struct strbuf text;
    int fd = -1;
    strbuf_init(&text, CHILD_SPEC_MAX);
    TRY(child_spec_write(spec, &text, err));
    fd = memfd_create("spec", MFD_CLOEXEC);
    if (fd < 0 || pwrite(fd, text.ptr, text.len, 0) != (ssize_t)text.len) {
        rc = failed("memfd_create", errno, err);
        goto done;
    }
    TRY(move_up(&fd, err));
    *ret_fd = fd;
    fd = -1;
done:
    if (fd >= 0)
        close(fd);
    strbuf_release(&text);
    return rc;
}

static enum err make_pipe(int *ret_read, int *ret_write, struct error *err)
{
    enum err rc;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed("pipe", errno, err);
    *ret_read = ends[0];
    *ret_write = ends[1];
    TRY(move_up(ret_read, err));
    TRY(move_up(ret_write, err));
    if (fcntl(*ret_read, F_SETFL, O_NONBLOCK) != 0)
        rc = failed("fcntl", errno, err);
done:
    return rc; /* the caller closes both */
}

/* Which of our descriptors becomes which of the child's; -1: none. */
struct handover {
    int from[CHILD_FDS];
};

static int set_actions(posix_spawn_file_actions_t *actions, const struct handover *handover)
{
    int cause = 0, last = 0;
    for (int to = 0; cause == 0 && to < CHILD_FDS; to++) {
        if (handover->from[to] < 0)
            continue;
        cause = posix_spawn_file_actions_adddup2(actions, handover->from[to], to);
        last = to;
    }
    if (cause == 0)
        cause = posix_spawn_file_actions_addclosefrom_np(actions, last + 1);
    return cause;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int cause = posix_spawnattr_setsigmask(attributes, &none);
    if (cause == 0)
        cause = posix_spawnattr_setsigdefault(attributes, &all);
    if (cause == 0)
        cause = posix_spawnattr_setpgroup(attributes, 0);
    if (cause == 0)
        cause = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return cause;
}

static enum err spawn(const struct handover *handover, pid_t *ret_pid, struct error *err)
{
    char *const arguments[] = {(char *)"rectrain", (char *)"child", NULL};
    char *environment[KEPT + 2] = {(char *)"LC_ALL=C.UTF-8"};
    char texts[KEPT][256];
    int count = 1;
    for (int i = 0; i < KEPT; i++) {
        const char *value = getenv(kept_variables[i]);
        if (value == NULL || (size_t)snprintf(texts[i], sizeof(texts[i]), "%s=%s",
                                              kept_variables[i], value) >= sizeof(texts[i]))
            continue;
        environment[count++] = texts[i];
    }
    environment[count] = NULL;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int cause = set_actions(&actions, handover);
    if (cause == 0)
        cause = set_attributes(&attributes);
    if (cause == 0)
        cause =
            posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return cause == 0 ? ERR_OK : failed("posix_spawn", cause, err);
}

static void close_all(int *fds, int count)
{
    for (int i = 0; i < count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

enum err child_start(struct child_spec *spec, const int handed[2], struct child *ret_child,
                     struct error *err)
{
    enum err rc;
    struct child child = {.out = -1, .err = -1};
    struct handover handover = {{-1, -1, -1, -1, -1}};
    spec->parent = getpid();
    spec->has_above = handed[1] >= 0;
    TRY(make_spec_file(spec, &handover.from[SPEC_FD], err));
    TRY(make_pipe(&child.out, &handover.from[OUT_FD], err));
    TRY(make_pipe(&child.err, &handover.from[ERR_FD], err));
    for (int i = 0; i < 2; i++) {
        if (handed[i] < 0)
            continue;
        handover.from[CHILD_DATA_FD + i] = fcntl(handed[i], F_DUPFD_CLOEXEC, FIRST_OWN_FD);
        if (handover.from[CHILD_DATA_FD + i] < 0) {
            rc = failed("fcntl", errno, err);
            goto done;
        }
    }
    TRY(spawn(&handover, &child.pid, err));
    *ret_child = child;
done:
    close_all(handover.from, CHILD_FDS);
    if (rc != ERR_OK)
        close_all((int[]){child.out, child.err}, 2);
    return rc;
}

void child_signal(const struct child *child, int signal_number)
{
    if (child->pid > 0)
        kill(child->pid, signal_number);
}

bool child_reap(struct child *child, int *ret_status)
{
    if (child->pid <= 0 || waitpid(child->pid, ret_status, WNOHANG) != child->pid)
        return false;
    child->pid = 0;
    return true;
}

void child_release(struct child *child)
{
    if (child->pid > 0) {
        kill(child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        child->pid = 0;
    }
    if (child->out > 0)
        close(child->out);
    if (child->err > 0)
        close(child->err);
    child->out = child->err = -1;
}

const char *child_end_words(int status, char *out, size_t out_size)
{
    if (WIFEXITED(status)) {
        snprintf(out, out_size, "it ended with status %d and without a result",
                 WEXITSTATUS(status));
        return out;
    }
    const int number = WTERMSIG(status);
    const char *name = sigdescr_np(number);
    const char *why = number == SIGKILL   ? ", perhaps for want of memory"
                      : number == SIGXCPU ? ": its limit of processor time"
                                          : "";
    snprintf(out, out_size, "killed by signal %d (%s)%s", number, name != NULL ? name : "unknown",
             why);
    return out;
}
