/* The checks of rectrain doctor. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/doctor.h"
#include "cli/settings.h"
#include "data/dataset.h"
#include "linalg/cpu.h"
#include "queue/queue.h"

enum { NAME_SIZE = 512, DISK_BYTES_LEAST = 1 << 30, SKEW_MS_MAX = 5000 };

/* ---- the program and the machine ---- */

static void check_processor(struct doctor *doctor)
{
    const enum cpu_level level = cpu_level(), best = cpu_level_best();
    if (level != best)
        doctor_say(doctor, "processor", FINDING_WARNING,
                   "kernels for %s are used, though this processor has %s: RECTRAIN_CPU is set",
                   cpu_level_name(level), cpu_level_name(best));
    else if (level == CPU_PORTABLE)
        doctor_say(doctor, "processor", FINDING_WARNING,
                   "it has no AVX2, so training takes several times longer");
    else
        doctor_say(doctor, "processor", FINDING_OK, "kernels for %s, %ld processors",
                   cpu_level_name(level), sysconf(_SC_NPROCESSORS_ONLN));
}

static void check_memory(struct doctor *doctor)
{
    char have[16], wanted[16];
    const int64_t bytes = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    const int64_t limit = config_int(doctor->config, "JOB_MEMORY");
    const int64_t workers = config_int(doctor->config, "WORKERS");
    text_bytes(bytes, have, sizeof(have));
    if (limit > 0 && workers > 0 && limit > bytes / workers)
        doctor_say(doctor, "memory", FINDING_WARNING,
                   "WORKERS x JOB_MEMORY is more than the %s of this machine (%" PRId64 " x %s)",
                   have, workers, text_bytes(limit, wanted, sizeof(wanted)));
    else
        doctor_say(doctor, "memory", FINDING_OK, "%s", have);
}

/* The shared libraries that are in the process, by the names of their files, which tell versions:
 * "libjansson.so.4.14.0". Those of the C library say nothing of us. */
static void check_libraries(struct doctor *doctor)
{
    static const char *const wanted[] = {"libcrypto",   "libduckdb", "libjansson", "libmicrohttpd",
                                         "librabbitmq", "libpq",     "libsodium",  "libz."};
    char line[4400], names[NAME_SIZE] = "";
    struct error err;
    const char *engine = "";
    const bool has_engine = dataset_engine_version(&engine, &err) == ERR_OK; /* loads it */
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        char *name = strrchr(line, '/');
        line[strcspn(line, "\n")] = '\0';
        for (size_t i = 0; name != NULL && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
            const size_t used = strlen(names);
            if (strncmp(name + 1, wanted[i], strlen(wanted[i])) == 0 &&
                strstr(names, name + 1) == NULL)
                snprintf(names + used, sizeof(names) - used, "%s%s", used > 0 ? ", " : "",
                         name + 1);
        }
    }
    if (maps != NULL)
        fclose(maps);
    if (!has_engine)
        doctor_say(doctor, "libraries", FINDING_FAILED, "%s", err.message);
    else
        doctor_say(doctor, "libraries", FINDING_OK, "DuckDB %s; %s", engine, names);
}

/* ---- the store ---- */

/* A new installation: the server makes the file, if it may. */
static void check_missing_file(struct doctor *doctor, const char *path)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    snprintf(directory, sizeof(directory), "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
             slash != NULL ? path : ".");
    if (access(directory, W_OK | X_OK) == 0)
        doctor_say(doctor, "store", FINDING_OK,
                   "there is no %s yet: rectrain serve and rectrain db migrate make it", path);
    else
        doctor_say(doctor, "store", FINDING_FAILED,
                   "there is no %s, and it cannot be made: %s is not there or may not be written",
                   path, directory);
}

/* sqlite.org/wal.html#walresetbug: from 3.7.0 to 3.51.2 two connections that checkpoint at once may
 * lose commits. */
static bool has_known_race(const char *version)
{
    int major = 0, minor = 0, patch = 0;
    char ignored;
    if (sscanf(version, "SQLite %d.%d.%d%c", &major, &minor, &patch, &ignored) < 3)
        return false;
    return major == 3 && (minor < 51 || (minor == 51 && patch < 3));
}

static void check_clock(struct doctor *doctor)
{
    struct error err;
    struct timespec now;
    int64_t theirs;
    if (store_now(doctor->store, &theirs, &err) != ERR_OK)
        return; /* the store's own check has said what is wrong */
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t skew_ms = theirs - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (skew_ms > SKEW_MS_MAX || skew_ms < -SKEW_MS_MAX)
        doctor_say(doctor, "clock", FINDING_WARNING,
                   "the database's clock and this machine's are %.1f s apart: times on pages will "
                   "look odd; leases are not affected",
                   (double)skew_ms / 1000);
}

static void check_store(struct doctor *doctor)
{
    char name[NAME_SIZE], version[64];
    struct error err;
    settings_store_name(doctor->config, name, sizeof(name));
    enum err rc = settings_open_store(doctor->config, OPEN_EXISTING, &doctor->store, &err);
    const char *url = config_store_url(doctor->config);
    if (rc == ERR_NOT_FOUND && !store_url_is_postgres(url) && access(url, F_OK) != 0) {
        check_missing_file(doctor, url);
        return;
    }
    if (rc == ERR_OK)
        rc = store_version(doctor->store, version, sizeof(version), &err);
    if (rc == ERR_OK)
        rc = store_ping(doctor->store, &err);
    if (rc != ERR_OK) {
        doctor_say(doctor, "store", FINDING_FAILED, "%s: %s", name, err.message);
        return;
    }
    doctor_say(doctor, "store", FINDING_OK, "%s, schema %d, takes a write: %s", version,
               store_schema_version(), name);
    if (has_known_race(version))
        doctor_say(doctor, "store", FINDING_FAILED,
                   "%s can lose commits when two processes checkpoint at once "
                   "(sqlite.org/wal.html#walresetbug): build with 3.51.3 or later",
                   version);
    check_clock(doctor);
}

/* ---- data and models ---- */

static void check_data(struct doctor *doctor)
{
    const char *const *roots;
    const int32_t count = config_list(doctor->config, "DATA_ROOTS", &roots);
    const bool is_set = config_is_set(doctor->config, "DATA_ROOTS");
    int32_t good = 0;
    for (int32_t i = 0; i < count; i++) {
        struct stat about;
        const bool is_there = stat(roots[i], &about) == 0 && S_ISDIR(about.st_mode);
        if (is_there && access(roots[i], R_OK | X_OK) == 0) {
            doctor_say(doctor, "data", FINDING_OK, "%s is readable", roots[i]);
            good++;
        } else if (is_there || is_set) {
            doctor_say(doctor, "data", FINDING_FAILED, "%s, of DATA_ROOTS, %s", roots[i],
                       is_there ? "may not be read by this user" : "is no directory");
            good++;
        }
    }
    if (good == 0)
        doctor_say(doctor, "data", FINDING_WARNING,
                   "none of %s is there: put data into one of them, or set DATA_ROOTS",
                   config_text(doctor->config, "DATA_ROOTS"));
}

static void check_models(struct doctor *doctor)
{
    char probe[4200], bytes[16];
    struct statvfs disk;
    const char *directory = config_text(doctor->config, "MODEL_DIR");
    if (access(directory, F_OK) != 0) {
        const bool can_make = strchr(directory, '/') == NULL ||
                              strncmp(directory, "./", 2) == 0; /* beneath where we are */
        doctor_say(doctor, "models",
                   can_make && access(".", W_OK) == 0 ? FINDING_OK : FINDING_FAILED,
                   "there is no MODEL_DIR %s yet: %s", directory,
                   can_make ? "a worker makes it" : "make it, writable for the workers");
        return;
    }
    snprintf(probe, sizeof(probe), "%.4096s/.doctor_%d", directory, (int)getpid());
    const int fd = open(probe, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        doctor_say(doctor, "models", FINDING_FAILED, "nothing can be written to MODEL_DIR %s: %m",
                   directory);
        return;
    }
    close(fd);
    unlink(probe);
    if (statvfs(directory, &disk) != 0) {
        doctor_say(doctor, "models", FINDING_OK, "%s is writable", directory);
        return;
    }
    const int64_t left = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    text_bytes(left, bytes, sizeof(bytes));
    doctor_say(doctor, "models", left < DISK_BYTES_LEAST ? FINDING_WARNING : FINDING_OK,
               "%s is writable, %s are left%s", directory, bytes,
               left < DISK_BYTES_LEAST ? ": models of large data may not fit" : "");
}

/* ---- what others can reach ---- */

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static void check_listen(struct doctor *doctor)
{
    const char *host = config_host(doctor->config, "LISTEN");
    if (!is_loopback(host) && !config_is_secure(doctor->config))
        doctor_say(doctor, "listen", FINDING_WARNING,
                   "%s can be reached from elsewhere, without https: passwords and cookies travel "
                   "readable. Put a proxy with TLS before it and set PUBLIC_URL to its https "
                   "address",
                   config_text(doctor->config, "LISTEN"));
    else
        doctor_say(doctor, "listen", FINDING_OK, "%s", config_text(doctor->config, "LISTEN"));
}

/* A server that people reach by an https address is no demonstration. */
static void check_accounts(struct doctor *doctor)
{
    if (config_flag_is_on(doctor->config, "DEMO_USER"))
        doctor_say(doctor, "accounts",
                   config_is_secure(doctor->config) ? FINDING_FAILED : FINDING_WARNING,
                   "DEMO_USER=1: everybody knows the password of test@example.com. Leave it out "
                   "where others can reach the server");
    if (config_signup_open(doctor->config))
        doctor_say(doctor, "accounts", FINDING_WARNING, "anybody may sign up (SIGNUP)");
    if (!config_flag_is_on(doctor->config, "DEMO_USER") && !config_signup_open(doctor->config))
        doctor_say(doctor, "accounts", FINDING_OK,
                   "made by rectrain user add alone; no demo account");
}

static void check_queue(struct doctor *doctor, enum job_task task)
{
    struct error err;
    struct queue_spec spec;
    int64_t messages, consumers;
    queue_spec_from_config(doctor->config, doctor->store, task, &spec);
    if (queue_probe(&spec, &messages, &consumers, &err) != ERR_OK)
        doctor_say(doctor, "queue", FINDING_FAILED, "%s", err.message);
    else
        doctor_say(doctor, "queue", FINDING_OK,
                   "RabbitMQ at %s:%d has the queue %s: %" PRId64 " messages, %" PRId64
                   " consumers",
                   spec.host, spec.port, spec.name, messages, consumers);
}

static void check_broker(struct doctor *doctor)
{
    if (!config_has_broker(doctor->config)) {
        doctor_say(doctor, "queue", FINDING_OK, "built in: a table of the store");
        return;
    }
    check_queue(doctor, JOB_TRAIN);
    check_queue(doctor, JOB_PREDICT);
    if (strcmp(config_text(doctor->config, "RABBITMQ_PASSWORD"), "rmpassword") == 0)
        doctor_say(doctor, "queue", FINDING_WARNING,
                   "RABBITMQ_PASSWORD is the one that everybody knows");
}

void doctor_check_all(struct doctor *doctor)
{
    static void (*const checks[])(struct doctor *) = {
        check_processor, check_memory, check_libraries, check_store,    check_broker,
        check_data,      check_models, check_listen,    check_accounts,
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        checks[i](doctor);
}
