/* What a closed-in process can no longer do, tried from inside; and what it still must. */
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/slowness.h"
#include "support/test.h"

/* TOP/data/file, TOP/output/, TOP/secret */
struct rig {
    char top[64], data_file[96], secret[96], output[96], inside[96];
    int data;
    pid_t outsider; /* a process that is none of the sandbox's */
};
static struct rig rig;
static struct sandbox_report report;

static void put(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("text", file);
    fclose(file);
}

static int setup(void **state)
{
    (void)state;
    char data[96];
    snprintf(rig.top, sizeof(rig.top), "/tmp/rectrain_sandbox_XXXXXX");
    assert_non_null(mkdtemp(rig.top));
    snprintf(data, sizeof(data), "%s/data", rig.top);
    snprintf(rig.output, sizeof(rig.output), "%s/output", rig.top);
    snprintf(rig.data_file, sizeof(rig.data_file), "%s/data/file", rig.top);
    snprintf(rig.secret, sizeof(rig.secret), "%s/secret", rig.top);
    snprintf(rig.inside, sizeof(rig.inside), "%s/output/file", rig.top);
    assert_int_equal(mkdir(data, 0777), 0);
    assert_int_equal(mkdir(rig.output, 0777), 0);
    put(rig.data_file);
    put(rig.secret);
    rig.data = open(data, O_RDONLY | O_DIRECTORY);
    rig.outsider = fork();
    if (rig.outsider == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char path[96];
    kill(rig.outsider, SIGKILL);
    waitpid(rig.outsider, NULL, 0);
    close(rig.data);
    unlink(rig.data_file);
    unlink(rig.secret);
    unlink(rig.inside);
    rmdir(rig.output);
    snprintf(path, sizeof(path), "%s/data", rig.top);
    rmdir(path);
    return rmdir(rig.top);
}

/* Run `attempt` in a process of its own that is closed in; returns what it returns, 1 to 99. */
static int inside_with(const struct sandbox_spec *spec, int (*attempt)(void))
{
    int status;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        sandbox_enter(spec, &report);
        _exit(attempt());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFEXITED(status))
        fail_msg("it died of signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

static int inside(int (*attempt)(void))
{
    const struct sandbox_spec spec = {
        .readable = {rig.data, -1}, .output_directory = rig.output, .threads = 2};
    return inside_with(&spec, attempt);
}

enum { REFUSED = 40, DONE = 41 };

/* REFUSED where the call failed for want of permission, DONE where it went through. */
static int verdict(long result)
{
    if (result >= 0)
        return DONE;
    return errno == EPERM || errno == EACCES ? REFUSED : errno < 100 ? errno : 99;
}

#define TRIES(name, call)                                                                          \
    static int name(void)                                                                          \
    {                                                                                              \
        return verdict((long)(call));                                                              \
    }

static char *const no_words[] = {NULL};

TRIES(try_execve, execve("/bin/true", no_words, no_words))
TRIES(try_execveat, syscall(SYS_execveat, AT_FDCWD, "/bin/true", no_words, no_words, 0))
TRIES(try_fork, fork())
TRIES(try_vfork, syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0))
TRIES(try_socket, socket(AF_INET, SOCK_STREAM, 0))
TRIES(try_unix_socket, socket(AF_UNIX, SOCK_STREAM, 0))
TRIES(try_socketpair, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){0}))
TRIES(try_ptrace, ptrace(PTRACE_ATTACH, rig.outsider, NULL, NULL))
TRIES(try_read_memory, syscall(SYS_process_vm_readv, rig.outsider, NULL, 0, NULL, 0, 0))
TRIES(try_mount, mount("none", rig.output, "tmpfs", 0, ""))
TRIES(try_unshare, unshare(CLONE_NEWNS))
TRIES(try_chroot, chroot(rig.output))
TRIES(try_kill, kill(rig.outsider, SIGKILL))
TRIES(try_kill_parent, kill(getppid(), 0))
TRIES(try_tgkill, syscall(SYS_tgkill, rig.outsider, rig.outsider, SIGKILL))
TRIES(try_bpf, syscall(SYS_bpf, 0, NULL, 0))
TRIES(try_io_uring, syscall(SYS_io_uring_setup, 1, NULL))
TRIES(try_userfaultfd, syscall(SYS_userfaultfd, 0))
TRIES(try_keyctl, syscall(SYS_keyctl, 0, 0, 0, 0, 0))
TRIES(try_setuid, setuid(getuid()))
TRIES(try_outlive, prctl(PR_SET_PDEATHSIG, 0))
TRIES(try_secret, open(rig.secret, O_RDONLY))
TRIES(try_passwords, open("/etc/passwd", O_RDONLY))
TRIES(try_tmp, open("/tmp/rectrain_sandbox_file", O_RDWR | O_CREAT, 0600))
TRIES(try_change_data, open(rig.data_file, O_RDWR))
TRIES(try_remove_data, unlink(rig.data_file))

static void calls_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int (*attempt)(void);
    } cases[] = {
        {"execve", try_execve},
        {"execveat", try_execveat},
        {"fork", try_fork},
        {"vfork", try_vfork},
        {"socket", try_socket},
        {"unix socket", try_unix_socket},
        {"socketpair", try_socketpair},
        {"ptrace", try_ptrace},
        {"process_vm_readv", try_read_memory},
        {"mount", try_mount},
        {"unshare", try_unshare},
        {"chroot", try_chroot},
        {"kill", try_kill},
        {"kill the parent", try_kill_parent},
        {"tgkill", try_tgkill},
        {"bpf", try_bpf},
        {"io_uring", try_io_uring},
        {"userfaultfd", try_userfaultfd},
        {"keyctl", try_keyctl},
        {"setuid", try_setuid},
        {"outlive the parent", try_outlive},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int got = inside(cases[i].attempt);
        if (got != REFUSED)
            fail_msg("%s: %s", cases[i].name, got == DONE ? "went through" : strerrordesc_np(got));
    }
    assert_int_equal(kill(rig.outsider, 0), 0);
}

static void other_files_are_out_of_reach(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
        fail_msg("this kernel has no Landlock, without which nothing here can be tested: it wants "
                 "CONFIG_SECURITY_LANDLOCK, and landlock in lsm=");
    static int (*const attempts[])(void) = {try_secret, try_passwords, try_tmp, try_change_data,
                                            try_remove_data};
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++)
        if (inside(attempts[i]) != REFUSED)
            fail_msg("case %zu went through", i);
    assert_int_equal(access(rig.data_file, F_OK), 0);
}

static int use_files(void)
{
    char text[8] = "", name[40], link_name[128];
    const int data = openat(rig.data, "file", O_RDONLY);
    if (data < 0 || read(data, text, 4) != 4)
        return 1;
    snprintf(name, sizeof(name), "/proc/self/fd/%d", data); /* as the reading engine opens it */
    const int again = open(name, O_RDONLY);
    if (again < 0 || read(again, text, 4) != 4)
        return 2;
    const int out = open(rig.output, O_WRONLY | O_TMPFILE, 0600);
    if (out < 0 || write(out, "text", 4) != 4)
        return 3;
    snprintf(name, sizeof(name), "/proc/self/fd/%d", out);
    snprintf(link_name, sizeof(link_name), "%s", rig.inside);
    if (linkat(AT_FDCWD, name, AT_FDCWD, link_name, AT_SYMLINK_FOLLOW) != 0)
        return 4;
    return fsync(out) == 0 ? DONE : 5;
}

static void data_is_read_and_the_model_written(void **state)
{
    (void)state;
    unlink(rig.inside);
    assert_int_equal(inside(use_files), DONE);
    assert_int_equal(access(rig.inside, F_OK), 0);
}

static void *count_up(void *context)
{
    ++*(int *)context;
    return NULL;
}

static int run_threads(void)
{
    int counts[4] = {0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, count_up, &counts[i]) != 0)
            return 1;
    for (int i = 0; i < 4; i++)
        if (pthread_join(threads[i], NULL) != 0 || counts[i] != 1)
            return 2;
    return DONE;
}

static void threads_still_run(void **state)
{
    (void)state;
    assert_int_equal(inside(run_threads), DONE);
}

static int look_at_limits(void)
{
    struct rlimit core, files, size, cpu;
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_FSIZE, &size);
    getrlimit(RLIMIT_CPU, &cpu);
    if (core.rlim_max != 0 || files.rlim_cur > SANDBOX_DESCRIPTORS ||
        size.rlim_max == RLIM_INFINITY)
        return 1;
    return cpu.rlim_cur == 100 ? DONE : 2;
}

static void limits_are_set(void **state)
{
    (void)state;
    const struct sandbox_spec spec = {.readable = {rig.data, -1}, .cpu_seconds = 100, .threads = 2};
    assert_int_equal(inside_with(&spec, look_at_limits), DONE);
}

static int take_memory(void)
{
    const size_t size = (size_t)1 << 30;
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return bytes == MAP_FAILED && errno == ENOMEM ? REFUSED : DONE;
}

/* A sanitizer could not live with the limit, so that there none must be set. */
static void memory_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    const bool is_sanitized = TEST_SLOWNESS > 1;
    const struct sandbox_spec spec = {
        .readable = {rig.data, -1}, .memory_bytes = (int64_t)512 << 20, .threads = 2};
    assert_int_equal(inside_with(&spec, take_memory), is_sanitized ? DONE : REFUSED);
    const struct sandbox_spec free_of_it = {.readable = {rig.data, -1}, .threads = 2};
    assert_int_equal(inside_with(&free_of_it, take_memory), DONE);
}

static int abort_now(void)
{
    signal(SIGABRT, SIG_DFL);
    abort();
}

static void a_process_may_still_end_itself(void **state)
{
    (void)state;
    int status;
    const struct sandbox_spec spec = {.readable = {rig.data, -1}, .threads = 2};
    const pid_t pid = fork();
    if (pid == 0) {
        sandbox_enter(&spec, &report);
        _exit(abort_now());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int tell_report(void)
{
    if (!report.is_whole || strstr(report.words, "NOT ") != NULL)
        return 1;
    return strstr(report.words, "limits") != NULL && strstr(report.words, "system calls") != NULL
               ? DONE
               : 2;
}

static void the_report_says_what_is_in_force(void **state)
{
    (void)state;
    assert_int_equal(inside(tell_report), DONE);
}

/* Let this process's calls of Landlock be answered as a kernel without it does. */
static bool take_landlock_away(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_landlock_create_ruleset, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void a_kernel_without_landlock_is_told_of_and_the_rest_holds(void **state)
{
    (void)state;
    int status;
    const struct sandbox_spec spec = {.readable = {rig.data, -1}, .threads = 2};
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (!take_landlock_away())
            _exit(1);
        sandbox_enter(&spec, &report);
        if (report.is_whole || strstr(report.words, "NOT files: ") == NULL)
            _exit(2);
        _exit(try_socket() == REFUSED && try_execve() == REFUSED ? DONE : 3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DONE);
}

/* In a sandbox that allows no second one, the report must say what is missing. */
static int enter_twice(void)
{
    struct sandbox_report second;
    const struct sandbox_spec spec = {.readable = {-1, -1}, .output_directory = NULL, .threads = 1};
    sandbox_enter(&spec, &second);
    return !second.is_whole && strstr(second.words, "NOT capabilities: ") != NULL ? DONE : 1;
}

static void what_is_missing_is_told(void **state)
{
    (void)state;
    assert_int_equal(inside(enter_twice), DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_refused),
        cmocka_unit_test(other_files_are_out_of_reach),
        cmocka_unit_test(data_is_read_and_the_model_written),
        cmocka_unit_test(threads_still_run),
        cmocka_unit_test(limits_are_set),
        cmocka_unit_test(memory_beyond_the_limit_is_refused),
        cmocka_unit_test(a_process_may_still_end_itself),
        cmocka_unit_test(the_report_says_what_is_in_force),
        cmocka_unit_test(a_kernel_without_landlock_is_told_of_and_the_rest_holds),
        cmocka_unit_test(what_is_missing_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
