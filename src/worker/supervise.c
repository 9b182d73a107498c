#include "worker/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "worker/spawn.h"

enum { TICK_MS = 50, IDLE_TICK_MS = 200 };
static const double PAUSE_FIRST = 0.1, PAUSE_MAX = 10, LIVED_SECONDS = 20, LAST_SECONDS = 5;

struct keep {
    pid_t pid;             /* 0: not running */
    double started, start; /* by clock_seconds: when it began; when it is to begin again */
    double pause;
};

struct workers {
    enum job_task task;
    pthread_t thread;
    int32_t count;
    char **environment; /* NULL-terminated, owned */
    int wake;           /* an eventfd: something was asked */
    atomic_int asked;   /* how often to stop */
    atomic_bool kill;   /* and now by force */
    atomic_int running;
    struct keep *keeps; /* [count], the thread's own */
};

/* ---- the environment of a worker: ours, with the settings as they are in force ---- */

static bool is_setting(const char *entry)
{
    const size_t length = strcspn(entry, "=");
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const char *name = config_setting_at(i)->name;
        const size_t own = strlen(name);
        if (strncmp(entry, name, own) == 0 &&
            (length == own || (length == own + 5 && strncmp(entry + own, "_FILE", 5) == 0)))
            return true;
    }
    return false;
}

static enum err make_environment(const struct config *config, char ***ret_list, struct error *err)
{
    enum err rc = ERR_OK;
    struct strbuf text;
    size_t count = 0, others = 0;
    while (environ[others] != NULL)
        others++;
    char **list = mem_array(others + (size_t)config_setting_count() + 1, sizeof(*list), err);
    strbuf_init(&text, 1 << 20);
    if (list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < others; i++)
        if (!is_setting(environ[i]))
            TRY_PTR(list[count++] = mem_dup_string(environ[i], err));
    for (int32_t i = 0; i < config_setting_count(); i++) {
        const char *name = config_setting_at(i)->name;
        if (!config_is_set(config, name))
            continue;
        text.len = 0;
        TRY(strbuf_addf(&text, err, "%s=%s", name, config_text(config, name)));
        TRY_PTR(list[count++] = mem_dup_string(text.ptr, err));
    }
    *ret_list = list;
    list = NULL;
done:
    for (size_t i = 0; list != NULL && i < count; i++)
        mem_free(list[i]);
    mem_free(list);
    strbuf_release(&text);
    return rc;
}

/* ---- one process ---- */

static int spawn(struct workers *workers, pid_t *ret_pid)
{
    char keeper[24];
    char *const arguments[] = {(char *)"rectrain",
                               workers->task == JOB_PREDICT ? (char *)"predict-worker"
                                                            : (char *)"worker",
                               (char *)"--slot", keeper, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    snprintf(keeper, sizeof(keeper), "%ld", (long)getpid());
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int cause = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (cause == 0) /* what it says belongs to the log, whatever our stdout is */
        cause = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    if (cause == 0)
        cause = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0); /* a terminal's Ctrl-C is for us alone */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    if (cause == 0)
        cause = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments,
                            workers->environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return cause;
}

static void start(struct workers *workers, struct keep *keep, double now)
{
    const int cause = spawn(workers, &keep->pid);
    keep->started = now;
    if (cause == 0) {
        atomic_fetch_add(&workers->running, 1);
        log_debug("slot_started", "slot_pid=%ld", (long)keep->pid);
        return;
    }
    keep->pid = 0;
    keep->pause = keep->pause > 0 ? fmin(2 * keep->pause, PAUSE_MAX) : PAUSE_FIRST;
    keep->start = now + keep->pause;
    log_error("slot_not_started", "cause=\"%s\" again_in=%.1f", strerrordesc_np(cause),
              keep->pause);
}

static void bury(struct workers *workers, struct keep *keep, double now)
{
    int status;
    char words[160], text[LOG_VALUE_MAX];
    if (keep->pid == 0 || waitpid(keep->pid, &status, WNOHANG) != keep->pid)
        return;
    const pid_t pid = keep->pid;
    keep->pid = 0;
    atomic_fetch_sub(&workers->running, 1);
    if (atomic_load(&workers->asked) > 0)
        return;
    keep->pause = now - keep->started > LIVED_SECONDS || keep->pause == 0
                      ? PAUSE_FIRST
                      : fmin(2 * keep->pause, PAUSE_MAX);
    keep->start = now + keep->pause;
    log_warning("slot_ended", "slot_pid=%ld again_in=%.1f how=%s", (long)pid, keep->pause,
                log_value(child_end_words(status, words, sizeof(words)), text, sizeof(text)));
}

/* ---- the thread that keeps them; they die with it, so it lives as long as they do ---- */

static void *keep_them(void *context)
{
    struct workers *workers = context;
    int told = 0;
    for (;;) {
        const double now = clock_seconds();
        const int asked = atomic_load(&workers->asked);
        for (int32_t i = 0; i < workers->count; i++)
            bury(workers, &workers->keeps[i], now);
        if (asked > 0 && atomic_load(&workers->running) == 0)
            return NULL;
        for (int32_t i = 0; i < workers->count; i++) {
            struct keep *keep = &workers->keeps[i];
            if (keep->pid > 0 && atomic_load(&workers->kill))
                kill(keep->pid, SIGKILL);
            else if (keep->pid > 0 && asked > told)
                kill(keep->pid, SIGTERM);
            else if (keep->pid == 0 && asked == 0 && now >= keep->start)
                start(workers, keep, now);
        }
        told = asked;
        uint64_t count;
        struct pollfd fd = {.fd = workers->wake, .events = POLLIN};
        (void)!poll(&fd, 1,
                    atomic_load(&workers->running) < workers->count || asked > 0 ? TICK_MS
                                                                                 : IDLE_TICK_MS);
        (void)!read(workers->wake, &count, sizeof(count));
    }
}

static void free_all(struct workers *workers)
{
    if (workers->wake >= 0)
        close(workers->wake);
    for (char **entry = workers->environment; entry != NULL && *entry != NULL; entry++)
        mem_free(*entry);
    mem_free(workers->environment);
    mem_free(workers->keeps);
    mem_free(workers);
}

enum err workers_start(const struct config *config, enum job_task task, int32_t count,
                       struct workers **ret_workers, struct error *err)
{
    enum err rc;
    struct workers *workers = NULL;
    if (count < 1 || count > WORKERS_MAX)
        return FAIL(err, ERR_INVALID, "there can be 1 to %d workers, not %d", WORKERS_MAX, count);
    TRY_PTR(workers = mem_array(1, sizeof(*workers), err));
    workers->task = task;
    workers->count = count;
    workers->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->wake < 0) {
        rc = FAIL(err, ERR_IO, "eventfd: %m");
        goto done;
    }
    TRY_PTR(workers->keeps = mem_array((size_t)count, sizeof(*workers->keeps), err));
    TRY(make_environment(config, &workers->environment, err));
    sigset_t all, before; /* signals are for the threads that wait for them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int cause = pthread_create(&workers->thread, NULL, keep_them, workers);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (cause != 0) {
        rc = FAIL(err, ERR_IO, "no thread for the workers: %s", strerrordesc_np(cause));
        goto done;
    }
    *ret_workers = workers;
    workers = NULL;
done:
    if (workers != NULL)
        free_all(workers);
    return rc;
}

int32_t workers_running(const struct workers *workers)
{
    return atomic_load(&workers->running);
}

static void wake(struct workers *workers)
{
    const uint64_t one = 1;
    (void)!write(workers->wake, &one, sizeof(one));
}

void workers_ask_stop(struct workers *workers)
{
    atomic_fetch_add(&workers->asked, 1);
    wake(workers);
}

/* True: all were gone before the time was over. */
static bool wait_until(const struct workers *workers, double end)
{
    while (atomic_load(&workers->running) > 0 && clock_seconds() < end)
        (void)!poll(NULL, 0, TICK_MS / 2);
    return atomic_load(&workers->running) == 0;
}

void workers_stop(struct workers *workers, double grace_seconds)
{
    if (workers == NULL)
        return;
    if (atomic_load(&workers->asked) == 0)
        workers_ask_stop(workers);
    if (!wait_until(workers, clock_seconds() + grace_seconds)) {
        workers_ask_stop(workers);
        if (!wait_until(workers, clock_seconds() + LAST_SECONDS)) {
            atomic_store(&workers->kill, true);
            wake(workers);
        }
    }
    pthread_join(workers->thread, NULL);
    free_all(workers);
}
