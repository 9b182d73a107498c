/* Limits, privileges, and the order of it all. */
#include "worker/sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

/* Addresses that are no memory: libraries, and for each thread a stack and an arena of malloc. */
static const int64_t PROGRAM_BYTES = INT64_C(1) << 30, THREAD_BYTES = INT64_C(80) << 20;
/* What a process needs before it holds any data. */
static const int64_t LEAST_BYTES = INT64_C(192) << 20;

/* Lower both limits, never raise one: that would take privileges. */
static int lower(int resource, int64_t limit)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) != 0)
        return errno;
    const rlim_t wanted = (rlim_t)limit;
    if (now.rlim_max == RLIM_INFINITY || wanted < now.rlim_max)
        now.rlim_max = wanted;
    now.rlim_cur = now.rlim_max;
    return setrlimit((__rlimit_resource_t)resource, &now) == 0 ? 0 : errno;
}

int sandbox_limit(const struct sandbox_spec *spec)
{
    int64_t data = 0, addresses = 0;
    if (spec->memory_bytes > 0 && !IS_SANITIZED) {
        data = spec->memory_bytes > LEAST_BYTES ? spec->memory_bytes : LEAST_BYTES;
        addresses = data + PROGRAM_BYTES + (int64_t)spec->threads * THREAD_BYTES;
    }
    const struct {
        int resource;
        int64_t limit; /* below 0: none */
    } limits[] = {
        {RLIMIT_CORE, 0},
        {RLIMIT_NOFILE, SANDBOX_DESCRIPTORS},
        {RLIMIT_FSIZE, (int64_t)SANDBOX_FILE_MAX_GIB << 30},
        {RLIMIT_CPU, spec->cpu_seconds > 0 ? spec->cpu_seconds : -1},
        {RLIMIT_DATA, data > 0 ? data : -1},
        {RLIMIT_AS, addresses > 0 ? addresses : -1},
    };
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        const int cause = limits[i].limit >= 0 ? lower(limits[i].resource, limits[i].limit) : 0;
        if (cause != 0)
            return cause;
    }
    return 0;
}

/* A root that runs workers may read whatever it could before, and nothing more. */
int sandbox_drop_capabilities(void)
{
    const uint32_t keep = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH | 1u << CAP_FOWNER;
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2] = {0};
    if (syscall(SYS_capget, &head, sets) != 0)
        return errno;
    sets[0].effective &= keep;
    sets[0].permitted &= keep;
    sets[0].inheritable = 0;
    sets[1] = (struct __user_cap_data_struct){0};
    return syscall(SYS_capset, &head, sets) == 0 ? 0 : errno;
}

void sandbox_enter(const struct sandbox_spec *spec, struct sandbox_report *ret_report)
{
    int abi = 0;
    char files[64];
    const int limits = sandbox_limit(spec);
    const int capabilities = sandbox_drop_capabilities();
    const int privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
    const int landlock = privileges != 0 ? privileges : sandbox_close_files(spec, &abi);
    const int calls = privileges != 0 ? privileges : sandbox_filter_calls(); /* the last: it
                                                                  refuses what makes the others */
    snprintf(files, sizeof(files), "files (Landlock %d)", abi);
    const struct {
        const char *name;
        int cause;
    } parts[] = {{"limits", limits},
                 {"capabilities", capabilities},
                 {"no new privileges", privileges},
                 {"system calls", calls},
                 {landlock == 0 ? files : "files", landlock}};
    char *at = ret_report->words;
    size_t room = sizeof(ret_report->words);
    ret_report->is_whole = true;
    at[0] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && room > 1; i++) {
        const char *comma = i > 0 ? ", " : "";
        const int used = parts[i].cause == 0
                             ? snprintf(at, room, "%s%s", comma, parts[i].name)
                             : snprintf(at, room, "%sNOT %s: %s", comma, parts[i].name,
                                        strerrordesc_np(parts[i].cause));
        ret_report->is_whole = ret_report->is_whole && parts[i].cause == 0;
        at += (size_t)used < room ? (size_t)used : room - 1;
        room -= (size_t)used < room ? (size_t)used : room - 1;
    }
}
