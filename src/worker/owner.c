#include "worker/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "worker/garbage.h"

enum { STAT_MAX = 1024, STARTED_FIELD = 22 };

static bool read_small(const char *path, char *out, size_t out_size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t got = read(fd, out, out_size - 1);
    close(fd);
    out[got > 0 ? got : 0] = '\0';
    return got > 0;
}

/* When a process began, from /proc/PID/stat; false: it is not there, or dead but not yet buried. */
static bool process_start(long pid, uint64_t *ret_start)
{
    char path[64], text[STAT_MAX];
    snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
    if (!read_small(path, text, sizeof(text)))
        return false;
    char *at = strrchr(text, ')'); /* the name before it may hold anything */
    if (at == NULL || strlen(at) < 3 || at[2] == 'Z' || at[2] == 'X')
        return false;
    at += 2; /* field 3 */
    for (int field = 3; field < STARTED_FIELD && at != NULL; field++) {
        at = strchr(at, ' ');
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL)
        return false;
    *ret_start = strtoull(at, NULL, 10);
    return true;
}

/* What tells this boot and this space of process numbers from all others. */
static uint32_t place(void)
{
    char boot[64] = "", space[64] = "", both[128];
    (void)read_small("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
    const ssize_t got = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);
    space[got > 0 ? got : 0] = '\0';
    snprintf(both, sizeof(both), "%s%s", boot, space);
    return (uint32_t)text_hash_string(both);
}

void owner_host(char out[OWNER_HOST_MAX])
{
    if (gethostname(out, OWNER_HOST_MAX) != 0)
        snprintf(out, OWNER_HOST_MAX, "unknown");
    out[OWNER_HOST_MAX - 1] = '\0';
    for (char *at = out; *at != '\0'; at++)
        if (*at == ':' || (unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7F)
            *at = '_';
}

void owner_self(char out[WORKER_NAME_MAX + 1])
{
    char host[OWNER_HOST_MAX];
    uint64_t start = 0;
    owner_host(host);
    (void)process_start((long)getpid(), &start);
    snprintf(out, WORKER_NAME_MAX + 1, "%s:%ld:%" PRIu64 ":%08" PRIx32, host, (long)getpid(), start,
             place());
}

enum owner_state owner_look(const char *owner)
{
    char host[OWNER_HOST_MAX];
    char *end;
    uint64_t start;
    owner_host(host);
    const size_t length = strlen(host);
    if (strncmp(owner, host, length) != 0 || owner[length] != ':')
        return OWNER_ELSEWHERE;
    const long pid = strtol(owner + length + 1, &end, 10);
    if (*end != ':' || pid <= 0)
        return OWNER_ELSEWHERE;
    const uint64_t begun = strtoull(end + 1, &end, 10);
    if (*end != ':' || strlen(end + 1) != 8 || strtoul(end + 1, &end, 16) != place() ||
        *end != '\0')
        return OWNER_ELSEWHERE;
    return process_start(pid, &start) && start == begun ? OWNER_ALIVE : OWNER_DEAD;
}

static enum err bury_workers(struct store *store, struct error *err)
{
    enum err rc;
    struct worker_list list = {0};
    TRY(worker_list(store, &list, err));
    for (int32_t i = 0; i < list.count; i++)
        if (owner_look(list.workers[i]->worker_id) == OWNER_DEAD)
            TRY(worker_gone(store, list.workers[i]->worker_id, err));
done:
    worker_list_release(&list);
    return rc;
}

/* ERR_CONFLICT: somebody else was quicker. */
static enum err bury_job(struct store *store, const char *model_dir, const struct active_job *job,
                         struct error *err)
{
    const struct fence fence = {job->job_id, job->epoch};
    const enum err rc = job_died(store, fence, "its worker's process is gone", err);
    if (rc != ERR_OK)
        return rc;
    log_warning("job_taken_back", "job_id=%" PRId64 " epoch=%" PRId64 " dead_worker=%s",
                job->job_id, job->epoch, job->owner);
    garbage_clear_job(store, model_dir, job->job_id);
    return ERR_OK;
}

enum err owner_bury_dead(struct store *store, const char *model_dir, int64_t *ret_count,
                         struct error *err)
{
    enum err rc;
    struct active_job_list held = {0};
    int64_t count = 0;
    TRY(active_job_list(store, &held, err));
    for (int32_t i = 0; i < held.count; i++) {
        if (owner_look(held.jobs[i]->owner) != OWNER_DEAD)
            continue;
        rc = bury_job(store, model_dir, held.jobs[i], err);
        if (rc != ERR_OK && rc != ERR_CONFLICT)
            goto done;
        count += rc == ERR_OK;
    }
    TRY(bury_workers(store, err));
    *ret_count = count;
done:
    active_job_list_release(&held);
    return rc;
}
