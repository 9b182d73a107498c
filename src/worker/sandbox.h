#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

/*
 * What a process gives up before it reads foreign files: everything that reading, computing and
 * writing one model does not need. Whatever the reader of a hostile file could be made to do, it
 * can start no program, open no connection, touch no other process, and write nowhere but in the
 * directory of its own attempt.
 *
 *   limits        memory, processor time, file size, descriptors; no core dumps
 *   no new privileges, and of root's capabilities only those that reading files may take
 *   system calls  a filter (seccomp) refuses what is listed in sandbox_calls.c: EPERM
 *   files         Landlock, where the kernel has it: the data and the system's own files are
 *                 readable, the output directory writable, nothing else; nor TCP, nor signals
 *
 * Where the kernel or the container lacks one of them, the others still hold, and the report says
 * so. Under a sanitizer the memory limit is left out, since that reserves terabytes of addresses.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { SANDBOX_FILE_MAX_GIB = 1024, SANDBOX_DESCRIPTORS = 16384, SANDBOX_REPORT_MAX = 256 };

struct sandbox_spec {
    int readable[2];              /* descriptors of directories or files; -1: none */
    const char *output_directory; /* NULL: nothing may be written */
    int64_t memory_bytes;         /* 0: no limit */
    int64_t cpu_seconds;          /* 0: no limit */
    int32_t threads;              /* that will run: their stacks are not counted as memory */
};

struct sandbox_report {
    bool is_whole;                  /* all that is listed above is in force */
    char words[SANDBOX_REPORT_MAX]; /* "limits, system calls, files (Landlock 7)"; what is missing,
                                       and why */
};

/* For the calling process, which must have one thread; there is no way back. Whatever cannot be
 * done is told in the report. */
void sandbox_enter(const struct sandbox_spec *spec, struct sandbox_report *ret_report);

/* The parts of it. Each returns 0 or errno. */
int sandbox_limit(const struct sandbox_spec *spec);
int sandbox_drop_capabilities(void);
int sandbox_filter_calls(void);
int sandbox_close_files(const struct sandbox_spec *spec, int *ret_abi);

#endif
