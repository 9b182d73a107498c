/*
 * The filter of system calls (seccomp, in its classic BPF): what is listed is refused with EPERM,
 * so that a library that tries its luck goes on without. Threads may be made, processes not; a
 * signal may go to the process itself, as abort() sends one, and to no other.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox.h"

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#define FOREIGN_CALLS 0x40000000u /* numbers of the x32 kind */
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#define FOREIGN_CALLS UINT32_MAX
#endif

#ifdef OUR_ARCH

static const int refused[] = {
    /* other programs and processes */
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_setpriority,
    SYS_setpgid,
    SYS_setsid,
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_process_madvise
    SYS_process_madvise,
#endif
    /* the network */
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_recvmmsg,
    SYS_setsockopt,
    /* who we are */
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_capset,
    SYS_personality,
    /* file systems and names that go around them */
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_by_handle_at,
    SYS_name_to_handle_at,
    SYS_mknodat,
    SYS_quotactl,
    SYS_swapon,
    SYS_swapoff,
    SYS_fanotify_init,
    SYS_setns,
    SYS_unshare,
#ifdef SYS_mknod
    SYS_mknod,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    /* the kernel and the machine */
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_syslog,
    SYS_acct,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
    SYS_lookup_dcookie,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_ioperm
    SYS_ioperm,
    SYS_iopl,
#endif
};
enum { REFUSED = sizeof(refused) / sizeof(refused[0]), STEPS_MAX = 2 * REFUSED + 64 };

struct program {
    struct sock_filter steps[STEPS_MAX];
    unsigned short count;
};

static void add(struct program *program, struct sock_filter step)
{
    program->steps[program->count++] = step;
}

static struct sock_filter load(size_t offset)
{
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

static struct sock_filter answer(uint32_t what)
{
    return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what);
}

/* The next `skip` steps are left out unless the loaded word compares so with `value`. */
static struct sock_filter unless(unsigned short comparison, uint32_t value, unsigned char skip)
{
    return (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, skip);
}

#define DATA(field) offsetof(struct seccomp_data, field)
/* The lower half of an argument, which is all that these calls look at. */
#define ARGUMENT(i) (offsetof(struct seccomp_data, args) + 8 * (i))

static const uint32_t REFUSE = SECCOMP_RET_ERRNO | EPERM;

/* A call that is allowed to some: the program loads the argument and decides; it leaves with the
 * argument loaded, so that these come after the plain ones and each loads the number anew. */
static void add_special(struct program *program)
{
    const uint32_t own = (uint32_t)getpid();
    /* clone: threads alone */
    add(program, load(DATA(nr)));
    add(program, unless(BPF_JEQ, SYS_clone, 4));
    add(program, load(ARGUMENT(0)));
    add(program, unless(BPF_JSET, CLONE_THREAD, 1));
    add(program, answer(SECCOMP_RET_ALLOW));
    add(program, answer(REFUSE));
    /* clone3 has its flags where a filter cannot look: the C library then takes clone */
    add(program, unless(BPF_JEQ, SYS_clone3, 1));
    add(program, answer(SECCOMP_RET_ERRNO | ENOSYS));
    /* signals to ourselves */
    for (int i = 0; i < 2; i++) {
        add(program, load(DATA(nr)));
        add(program, unless(BPF_JEQ, i == 0 ? SYS_kill : SYS_tgkill, 4));
        add(program, load(ARGUMENT(0)));
        add(program, unless(BPF_JEQ, own, 1));
        add(program, answer(SECCOMP_RET_ALLOW));
        add(program, answer(REFUSE));
    }
    /* we die with our parent, and nobody reads our memory */
    add(program, load(DATA(nr)));
    add(program, unless(BPF_JEQ, SYS_prctl, 5));
    add(program, load(ARGUMENT(0)));
    add(program, unless(BPF_JEQ, PR_SET_PDEATHSIG, 1));
    add(program, answer(REFUSE));
    add(program, unless(BPF_JEQ, PR_SET_PTRACER, 1));
    add(program, answer(REFUSE));
    add(program, answer(SECCOMP_RET_ALLOW));
}

int sandbox_filter_calls(void)
{
    static struct program program;
    program.count = 0;
    add(&program, load(DATA(arch)));
    add(&program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0));
    add(&program, answer(REFUSE));
    add(&program, load(DATA(nr)));
    add(&program, unless(BPF_JGE, FOREIGN_CALLS, 1));
    add(&program, answer(REFUSE));
    for (int i = 0; i < REFUSED; i++) {
        add(&program, unless(BPF_JEQ, (uint32_t)refused[i], 1));
        add(&program, answer(REFUSE));
    }
    add_special(&program);
    const struct sock_fprog filter = {.len = program.count, .filter = program.steps};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0 ? 0 : errno;
}

#else

int sandbox_filter_calls(void)
{
    return ENOTSUP; /* the list is not written for this processor */
}

#endif
