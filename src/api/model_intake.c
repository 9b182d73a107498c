#include "api/model_intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "jobs/job.h"
#include "worker/check.h"

enum { PATH_SIZE = 4400, TRIES = 100 };
#define TEMPORARY ".rectrain-"

/* ---- the file ---- */

/* Without a name; where the file system knows no such thing, with one that says what it is. */
enum err intake_open(const struct config *config, const char *unique, int *ret_fd,
                     struct error *err)
{
    char path[PATH_SIZE];
    const char *directory = config_text(config, "MODEL_DIR");
    if (mkdir(directory, 0777) != 0 && errno != EEXIST)
        return FAIL(err, ERR_IO, "%.300s cannot be made: %m", directory);
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    if (fd < 0) {
        snprintf(path, sizeof(path), "%.4096s/" TEMPORARY "%.64s.tmp", directory, unique);
        fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
    }
    if (fd < 0)
        return FAIL(err, errno == EACCES ? ERR_DENIED : ERR_IO, "no file can be made in %.300s: %m",
                    directory);
    *ret_fd = fd;
    return ERR_OK;
}

static enum err sum_up(int fd, char out[HASH_HEX_SIZE], struct error *err)
{
    enum err rc;
    off_t at = 0;
    struct hash *hash = NULL;
    unsigned char sum[HASH_BYTES];
    unsigned char *bytes = NULL;
    const size_t size = 1 << 20;
    TRY(hash_create(&hash, err));
    TRY_PTR(bytes = mem_array(size, 1, err));
    for (;;) {
        const ssize_t got = pread(fd, bytes, size, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = FAIL(err, ERR_IO, "the file that came cannot be read back: %m");
        if (got <= 0)
            break;
        hash_add(hash, bytes, (size_t)got);
        at += got;
    }
    hash_finish(hash, sum);
    hash_hex(sum, out);
done:
    mem_free(bytes);
    hash_free(hash);
    return rc;
}

/* What the store asks for while it records the model: the file's name. */
struct placing {
    const char *directory, *model_type;
    int fd;
    bool is_placed;
    char path[PATH_SIZE];
};

static void remove_placed(struct placing *placing)
{
    if (placing->is_placed)
        unlink(placing->path);
    placing->is_placed = false;
}

static enum err sync_directory(const char *directory, struct error *err)
{
    const int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_good = fd >= 0 && fsync(fd) == 0;
    const enum err rc =
        is_good ? ERR_OK : FAIL(err, ERR_IO, "%.300s cannot be synced: %m", directory);
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Give a file without a name, or with another one, this name; false with errno. */
static bool name_file(int fd, const char *path)
{
    char from[32];
    snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, from, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

enum err intake_name(const struct intake *intake, const char *path, struct error *err)
{
    if (fsync(intake->fd) != 0)
        return FAIL(err, ERR_IO, "the file that came cannot be synced: %m");
    if (!name_file(intake->fd, path))
        return FAIL(err, errno == EEXIST ? ERR_CONFLICT : ERR_IO,
                    "the file cannot be named %.300s: %m", path);
    return sync_directory(config_text(intake->config, "MODEL_DIR"), err);
}

static enum err place(void *context, int64_t job_id, const char **ret_path, struct error *err)
{
    struct placing *placing = context;
    char stamp[24], suffix[8] = "";
    clock_stamp(stamp, sizeof(stamp));
    for (int i = 1; i <= TRIES && !placing->is_placed; i++) {
        if (i > 1)
            snprintf(suffix, sizeof(suffix), "_%d", i);
        snprintf(placing->path, sizeof(placing->path), "%.4096s/%.64s_model_%lld_%s%s.pkl",
                 placing->directory, placing->model_type, (long long)job_id, stamp, suffix);
        placing->is_placed = name_file(placing->fd, placing->path);
        if (!placing->is_placed && errno != EEXIST)
            break;
    }
    if (!placing->is_placed)
        return FAIL(err, ERR_IO, "the file cannot be named %.300s: %m", placing->path);
    *ret_path = placing->path;
    return sync_directory(placing->directory, err);
}

/* The name that the file had where there are no files without one. */
void intake_drop(int fd)
{
    char link[32], path[PATH_SIZE];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t got = readlink(link, path, sizeof(path) - 1);
    if (got <= 0)
        return;
    path[got] = '\0';
    const char *slash = strrchr(path, '/');
    if (slash != NULL && strncmp(slash + 1, TEMPORARY, strlen(TEMPORARY)) == 0)
        unlink(path);
}

/* ---- the record ---- */

/* What the check told, as texts for the store. */
struct told {
    struct strbuf params, run, metrics, result;
};

static void told_release(struct told *told)
{
    strbuf_release(&told->params);
    strbuf_release(&told->run);
    strbuf_release(&told->metrics);
    strbuf_release(&told->result);
}

static enum err read_told(json_t *report, struct told *told, struct error *err)
{
    enum err rc;
    strbuf_init(&told->params, JOB_JSON_MAX);
    strbuf_init(&told->run, JOB_JSON_MAX);
    strbuf_init(&told->metrics, JOB_JSON_MAX);
    strbuf_init(&told->result, 8 << 20);
    TRY(json_write(json_object_get(report, "params"), 0, &told->params, err));
    TRY(json_write(json_object_get(report, "run"), 0, &told->run, err));
    TRY(json_write(json_object_get(report, "metrics"), 0, &told->metrics, err));
    TRY(json_write(report, 0, &told->result, err));
    if (told->result.len > JOB_RESULT_MAX) { /* of very many files */
        told->result.len = 0;
        json_object_del(report, "data");
        TRY(json_write(report, 0, &told->result, err));
    }
done:
    return rc;
}

static enum err record(const struct intake *intake, struct model_import *import, json_t *report,
                       int64_t *ret_model_id, struct error *err)
{
    enum err rc;
    char sha256[HASH_HEX_SIZE];
    struct told told = {0};
    struct placing placing = {.directory = config_text(intake->config, "MODEL_DIR"),
                              .fd = intake->fd};
    import->model_type = json_string_value(json_object_get(report, "model_type"));
    placing.model_type = import->model_type;
    TRY(read_told(report, &told, err));
    TRY(sum_up(intake->fd, sha256, err));
    import->params_json = told.params.ptr;
    import->run_json = told.run.ptr;
    import->metrics_json = told.metrics.ptr;
    import->result_json = told.result.ptr;
    import->sha256 = sha256;
    import->program_version = json_string_value(json_object_get(report, "version"));
    import->place = place;
    import->context = &placing;
    if (fsync(intake->fd) != 0) {
        rc = FAIL(err, ERR_IO, "the file that came cannot be synced: %m");
        goto done;
    }
    rc = model_import(intake->store, import, ret_model_id, err);
    if (rc != ERR_OK)
        remove_placed(&placing);
done:
    told_release(&told);
    return rc;
}

enum err intake_take(const struct intake *intake, struct model_import *import, json_t **ret_report,
                     int64_t *ret_model_id, struct error *err)
{
    enum err rc;
    json_t *report = NULL;
    TRY(model_check(intake->config, intake->fd, MODEL_CHECK_TIMEOUT_MS, &report, err));
    import->models_max = config_int(intake->config, "MAX_MODELS_PER_USER");
    import->model_bytes_max = config_int(intake->config, "MAX_MODEL_BYTES_PER_USER");
    TRY(record(intake, import, report, ret_model_id, err));
    *ret_report = report;
    report = NULL;
done:
    json_decref(report);
    return rc;
}
