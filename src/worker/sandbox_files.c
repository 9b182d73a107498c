/*
 * Landlock (Linux 5.13): which files the process may still touch. The numbers of later versions
 * are written out, since the headers of an older system lack them; the kernel says which it knows.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox.h"

#define ACCESS_REFER (UINT64_C(1) << 13)     /* version 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14)  /* version 3 */
#define ACCESS_IOCTL_DEV (UINT64_C(1) << 15) /* version 5 */
#define NET_BIND_TCP (UINT64_C(1) << 0)      /* version 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0) /* version 6 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

static const uint64_t READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t VERSION_1 = (UINT64_C(1) << 13) - 1;

struct attributes {
    uint64_t files, net, scoped;
};

/* What the kernel's version of Landlock can refuse: all of it. */
static struct attributes all_of(int abi)
{
    struct attributes all = {.files = VERSION_1};
    if (abi >= 2)
        all.files |= ACCESS_REFER;
    if (abi >= 3)
        all.files |= ACCESS_TRUNCATE;
    if (abi >= 4)
        all.net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (abi >= 5)
        all.files |= ACCESS_IOCTL_DEV;
    if (abi >= 6)
        all.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
    return all;
}

/* What a file, that is no directory, can be asked for. */
static const uint64_t OF_FILES = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;

static int allow_fd(int rules, int fd, uint64_t access)
{
    const struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ? 0
                                                                                            : errno;
}

/* What is not there needs no rule. */
static int allow_path(int rules, const char *path, uint64_t access)
{
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == EACCES ? 0 : errno;
    int cause = allow_fd(rules, fd, access);
    if (cause == EINVAL) /* no directory */
        cause = allow_fd(rules, fd, access & OF_FILES);
    close(fd);
    return cause;
}

/* What any program needs of its system: its libraries, and what it asks about the machine. */
static int allow_system(int rules)
{
    static const char *const readable[] = {
        "/usr",           "/lib",  "/lib64",         "/etc/ld.so.cache",
        "/etc/localtime", "/proc", "/sys/fs/cgroup", "/sys/devices/system",
        "/dev/urandom",
    };
    int cause = allow_path(rules, "/dev/null", OF_FILES);
    for (size_t i = 0; cause == 0 && i < sizeof(readable) / sizeof(readable[0]); i++)
        cause = allow_path(rules, readable[i], READ);
    return cause;
}

/* A directory with all in it, or one file. */
static int allow_readable(int rules, int fd)
{
    const int cause = allow_fd(rules, fd, READ);
    return cause == EINVAL ? allow_fd(rules, fd, READ & OF_FILES) : cause;
}

static int add_rules(int rules, const struct sandbox_spec *spec, uint64_t known)
{
    int cause = allow_system(rules);
    for (int i = 0; cause == 0 && i < 2; i++)
        if (spec->readable[i] >= 0)
            cause = allow_readable(rules, spec->readable[i]);
    if (cause == 0 && spec->output_directory != NULL) {
        const uint64_t write = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                               LANDLOCK_ACCESS_FS_REMOVE_FILE | ACCESS_REFER | ACCESS_TRUNCATE;
        cause = allow_path(rules, spec->output_directory, (READ | write) & known);
    }
    return cause;
}

int sandbox_close_files(const struct sandbox_spec *spec, int *ret_abi)
{
    const int abi =
        (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return errno;
    const struct attributes all = all_of(abi);
    const size_t size = abi < 4   ? sizeof(all.files)
                        : abi < 6 ? sizeof(all.files) + sizeof(all.net)
                                  : sizeof(all);
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
    if (rules < 0)
        return errno;
    int cause = add_rules(rules, spec, all.files);
#ifdef RECTRAIN_COVERAGE
    if (cause == 0)
        cause = allow_path(rules, RECTRAIN_COVERAGE, all.files);
#endif
    if (cause == 0 && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        cause = errno;
    close(rules);
    *ret_abi = abi;
    return cause;
}
