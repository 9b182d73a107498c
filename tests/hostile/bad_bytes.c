/*
 * A good clickstream with one byte changed, by the thousand, each looked at by the code of a job's
 * process; a process looks at many, as long as it lives, since starting one costs more than the
 * look. Changes the file in place and prints what came of each number:
 *
 *     NUMBER CODE MESSAGE       accepted, the reason of the error, or `crashed` with the signal
 *     rss BYTES                 the most that any of the processes held
 *
 *   bad_bytes DIRECTORY FIRST END       DIRECTORY: clickstream.pq and events.pq, of this call alone
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "model/kinds.h"
#include "worker/child_check.h"
#include "worker/sandbox.h"

enum { BATCH = 200, LOOK_SECONDS = 30, MEMORY_BYTES = 1 << 30 };

struct file {
    const char *directory;
    int fd;
    unsigned char *bytes; /* as they were */
    int64_t size;
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(2);
}

static struct file open_file(const char *directory)
{
    char path[4096];
    struct stat status;
    snprintf(path, sizeof(path), "%s/clickstream.pq", directory);
    struct file file = {.directory = directory, .fd = open(path, O_RDWR | O_CLOEXEC)};
    must(file.fd >= 0 && fstat(file.fd, &status) == 0 && status.st_size > 0, path);
    file.size = status.st_size;
    struct error err;
    file.bytes = mem_array((size_t)file.size, 1, &err);
    must(file.bytes != NULL && pread(file.fd, file.bytes, (size_t)file.size, 0) == file.size, path);
    return file;
}

/* Each byte in turn with each of 255 changes, spread so that few numbers are spread as well. */
static int64_t place_of(const struct file *file, int64_t number)
{
    return number * 7919 % file->size;
}

static unsigned char byte_of(const struct file *file, int64_t number)
{
    const int64_t round = number * 7919 / file->size;
    const int64_t change = 1 + (round * 97 + number * 31) % 255;
    return (unsigned char)(file->bytes[place_of(file, number)] ^ change);
}

static void put_byte(const struct file *file, int64_t number, unsigned char byte)
{
    must(pwrite(file->fd, &byte, 1, place_of(file, number)) == 1, "pwrite");
}

static void look(const struct file *file, int64_t number)
{
    struct run_spec run;
    struct error err = {.message = ""};
    json_t *report = NULL;
    run_spec_init(&run, model_kind_find("popular"));
    run.data_path = file->directory;
    run.engine_memory_bytes = MEMORY_BYTES / 2;
    put_byte(file, number, byte_of(file, number));
    must(run_spec_set(&run, "eval_days", "1", &err) == ERR_OK &&
             run_spec_set(&run, "threads", "1", &err) == ERR_OK,
         err.message);
    alarm(LOOK_SECONDS);
    const struct progress quiet = {.report = NULL};
    const enum err rc = child_check(&run, &quiet, &report, &err);
    alarm(0);
    put_byte(file, number, file->bytes[place_of(file, number)]);
    printf("%ld %s %s\n", (long)number,
           rc == ERR_OK         ? "accepted"
           : err.reason != NULL ? err.reason
                                : error_code_name(rc),
           rc == ERR_OK ? "" : err.message);
    json_decref(report);
}

/* A process that looks at [first, end), and tells which one it is at. */
static pid_t start(const struct file *file, int64_t first, int64_t end, volatile int64_t *at)
{
    fflush(stdout);
    const pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid > 0)
        return pid;
    const struct sandbox_spec limits = {
        .readable = {-1, -1}, .memory_bytes = MEMORY_BYTES, .threads = 1};
    must(sandbox_limit(&limits) == 0, "limits");
    for (*at = first; *at < end; ++*at)
        look(file, *at);
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv)
{
    struct error err;
    const char *version;
    if (argc != 4)
        return 2;
    json_init();
    setvbuf(stdout, NULL, _IOLBF, 0);
    must(dataset_engine_version(&version, &err) == ERR_OK, "libduckdb.so");
    const struct file file = open_file(argv[1]);
    const int64_t end = strtoll(argv[3], NULL, 10);
    volatile int64_t *at =
        mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(at != MAP_FAILED, "mmap");
    int64_t most = 0;
    for (int64_t next = strtoll(argv[2], NULL, 10); next < end;) {
        int status;
        struct rusage usage;
        const int64_t last = next + BATCH < end ? next + BATCH : end;
        const pid_t pid = start(&file, next, last, at);
        must(wait4(pid, &status, 0, &usage) == pid, "wait4");
        next = last;
        if (usage.ru_maxrss * 1024 > most)
            most = usage.ru_maxrss * 1024;
        if (status == 0)
            continue;
        put_byte(&file, *at, file.bytes[place_of(&file, *at)]);
        printf("%ld %s by signal %d\n", (long)*at,
               WIFSIGNALED(status) && WTERMSIG(status) != SIGALRM ? "crashed" : "hung",
               WTERMSIG(status));
        next = *at + 1;
    }
    printf("rss %ld\n", (long)most);
    return 0;
}
