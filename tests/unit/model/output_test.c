/* Files that appear whole or not at all, whatever goes wrong on the way. */
#include "model/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/test.h"
#include "unit/model/sample.h"

static const char text[] = "twelve bytes";

static struct output_spec spec_of(const char *directory)
{
    return (struct output_spec){.directory = directory, .stem = "file", .extension = ".bin"};
}

/* `times` pieces of `size` bytes of a pattern. */
static enum err write_pattern(struct output *out, size_t size, int times, struct error *err)
{
    enum err rc = ERR_OK;
    unsigned char *pattern;
    TRY_PTR(pattern = mem_array(size, 1, err));
    for (size_t i = 0; i < size; i++)
        pattern[i] = (unsigned char)(i * 31 + 7);
    for (int i = 0; i < times && rc == ERR_OK; i++)
        rc = output_write(out, pattern, size, err);
    mem_free(pattern);
done:
    return rc;
}

/* The whole life of a file. */
static enum err make_file(const struct output_spec *spec, size_t size, int times, char **ret_path,
                          char *sum, struct error *err)
{
    enum err rc;
    struct output out;
    TRY(output_open(&out, spec, err));
    TRY(write_pattern(&out, size, times, err));
    TRY(output_commit(&out, ret_path, sum, err));
done:
    output_release(&out);
    return rc;
}

static void remove_file(char *path)
{
    assert_true(path != NULL && unlink(path) == 0);
    mem_free(path);
}

static void a_file_without_a_name_until_it_is_whole(void **state)
{
    struct error err;
    struct output out;
    char *path;
    size_t size;
    const struct output_spec spec = spec_of(sample_directory());
    (void)state;
    assert_ok(output_open(&out, &spec, &err));
    assert_ok(output_write(&out, text, sizeof(text) - 1, &err));
    assert_int_equal(sample_directory_count(), 0);
    assert_ok(output_commit(&out, &path, NULL, &err));
    output_release(&out);
    unsigned char *bytes = sample_read_file(path, &size);
    assert_int_equal(size, sizeof(text) - 1);
    assert_memory_equal(bytes, text, size);
    mem_free(bytes);
    remove_file(path);
}

static void where_names_are_needed_a_hidden_one_is_used_and_removed(void **state)
{
    struct error err;
    struct output out;
    char *path, *second;
    struct output_spec spec = spec_of(sample_directory());
    (void)state;
    spec.named = spec.numbered = true;
    assert_ok(output_open(&out, &spec, &err));
    assert_int_equal(sample_directory_count(), 1);
    output_release(&out);
    assert_int_equal(sample_directory_count(), 0);

    assert_ok(make_file(&spec, 10, 1, &path, NULL, &err));
    assert_ok(make_file(&spec, 10, 1, &second, NULL, &err));
    assert_int_equal(sample_directory_count(), 2);
    assert_non_null(strstr(second, "/file_2.bin"));
    remove_file(path);
    remove_file(second);
}

/* Pieces smaller than the buffer, as large and larger, whole and not whole parts of it. */
static void pieces_of_any_size_make_the_same_file(void **state)
{
    static const size_t sizes[] = {1 << 20, 1 << 18, (1 << 18) - 1, (1 << 18) + 1, 4096, 333333};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct error err;
        struct hash *hash;
        struct output_spec spec = spec_of(sample_directory());
        char *path, sum[HASH_HEX_SIZE], want[HASH_HEX_SIZE];
        unsigned char bytes[HASH_BYTES];
        size_t size;
        spec.hashed = true;
        assert_ok(make_file(&spec, sizes[i], 3, &path, sum, &err));
        unsigned char *content = sample_read_file(path, &size);
        assert_int_equal(size, 3 * sizes[i]);
        for (size_t at = 0; at < size; at++)
            if (content[at] != (unsigned char)(at % sizes[i] * 31 + 7))
                fail_msg("byte %zu of pieces of %zu is wrong", at, sizes[i]);
        assert_ok(hash_create(&hash, &err));
        hash_add(hash, content, size);
        hash_finish(hash, bytes);
        hash_free(hash);
        hash_hex(bytes, want);
        assert_string_equal(sum, want);
        mem_free(content);
        remove_file(path);
    }
}

static void an_existing_file_is_not_overwritten(void **state)
{
    struct error err;
    char *path;
    size_t size;
    struct output_spec spec = spec_of(sample_directory());
    (void)state;
    assert_ok(make_file(&spec, 5, 1, &path, NULL, &err));
    for (int named = 0; named < 2; named++) {
        spec.named = named == 1;
        assert_error(make_file(&spec, 9, 1, NULL, NULL, &err), ERR_INVALID);
        assert_string_equal(err.reason, "file_exists");
        assert_int_equal(sample_directory_count(), 1);
    }
    unsigned char *bytes = sample_read_file(path, &size);
    assert_int_equal(size, 5);
    mem_free(bytes);
    remove_file(path);
}

static void the_directory_is_made_when_it_is_not_there(void **state)
{
    struct error err;
    char *path, directory[128];
    struct stat status;
    (void)state;
    snprintf(directory, sizeof(directory), "%s/new", sample_directory());
    const struct output_spec spec = spec_of(directory);
    assert_ok(make_file(&spec, 1, 1, &path, NULL, &err));
    assert_int_equal(stat(directory, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    remove_file(path);
    assert_int_equal(rmdir(directory), 0);
}

static void what_is_no_directory_is_an_error(void **state)
{
    struct error err;
    char *path = NULL, directory[160];
    const struct output_spec spec = spec_of(sample_directory());
    (void)state;
    snprintf(directory, sizeof(directory), "%s/none/none", sample_directory());
    const struct output_spec nowhere = spec_of(directory);
    assert_error(make_file(&nowhere, 1, 1, NULL, NULL, &err), ERR_IO);
    assert_non_null(strstr(err.message, "none/none/file.bin: No such file or directory"));

    assert_ok(make_file(&spec, 1, 1, &path, NULL, &err));
    const struct output_spec in_a_file = spec_of(path);
    assert_error(make_file(&in_a_file, 1, 1, NULL, NULL, &err), ERR_IO);
    assert_non_null(strstr(err.message, "Not a directory"));
    remove_file(path);
}

/* Root may write everywhere, so as root this is tried as nobody. */
static void a_directory_of_others_is_denied(void **state)
{
    struct error err;
    const bool root = geteuid() == 0;
    const struct output_spec spec = spec_of(sample_directory());
    (void)state;
    assert_int_equal(chmod(sample_directory(), 0555), 0);
    if (root)
        assert_int_equal(seteuid(65534), 0);
    const enum err code = make_file(&spec, 1, 1, NULL, NULL, &err);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(sample_directory(), 0755), 0);
    assert_error(code, ERR_DENIED);
    assert_non_null(strstr(err.message, "Permission denied"));
}

static void a_limit_of_file_size_leaves_nothing(void **state)
{
    struct rlimit old;
    struct output_spec spec = spec_of(sample_directory());
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int named = 0; named < 2; named++) {
        struct error err;
        spec.named = named == 1;
        const struct rlimit limit = {100000, old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        const enum err code = make_file(&spec, 40000, 10, NULL, NULL, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_error(code, ERR_IO);
        assert_non_null(strstr(err.message, "file.bin: File too large"));
        assert_int_equal(sample_directory_count(), 0);
    }
    signal(SIGXFSZ, handler);
}

/* What came of filling a small disk, without a name and with one. */
struct full_disk {
    int step, cause; /* of preparing it: what failed, and its errno; 0: nothing */
    enum err codes[2];
    struct error errs[2];
    int left[2];
};

static bool write_file(const char *path, const char *words)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool is_written = fd >= 0 && write(fd, words, strlen(words)) == (ssize_t)strlen(words);
    if (fd >= 0)
        close(fd);
    return is_written;
}

/* In a process with mounts of its own, which end with it. Where it is not root's, it has users of
 * its own too, among whom it is root. */
static void fill_a_disk(struct full_disk *disk, uid_t user, gid_t group)
{
    char users[64], groups[64];
    struct output_spec spec = spec_of(sample_directory());
    snprintf(users, sizeof(users), "0 %d 1", (int)user);
    snprintf(groups, sizeof(groups), "0 %d 1", (int)group);
    disk->step = 1;
    if (user != 0 &&
        !(write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", users) &&
          write_file("/proc/self/gid_map", groups)))
        return;
    disk->step = 2;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", sample_directory(), "tmpfs", 0, "size=256k") != 0)
        return;
    disk->step = 0;
    for (int named = 0; named < 2; named++) {
        spec.named = named == 1;
        disk->codes[named] = make_file(&spec, 40000, 10, NULL, NULL, &disk->errs[named]);
        disk->left[named] = sample_directory_count();
    }
}

static void a_full_disk_leaves_nothing(void **state)
{
    int status = 0;
    const uid_t user = geteuid();
    const gid_t group = getegid();
    const int own = CLONE_NEWNS | (user != 0 ? CLONE_NEWUSER : 0);
    struct full_disk *disk =
        mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_true(disk != MAP_FAILED);
    /* Not fork and unshare: a sanitizer's own thread would be in the way of the second. */
    const pid_t pid = (pid_t)syscall(SYS_clone, own | SIGCHLD, NULL, NULL, NULL, 0);
    if (pid == 0) {
        fill_a_disk(disk, user, group);
        disk->cause = disk->step != 0 ? errno : 0;
        _exit(0);
    }
    if (pid < 0)
        disk->cause = errno;
    else
        assert_int_equal(waitpid(pid, &status, 0), pid);
    if (disk->cause != 0)
        fail_msg("no small disk can be mounted here (step %d: %s): this test has to be root, or to "
                 "be allowed a user namespace (kernel.unprivileged_userns_clone)",
                 disk->step, strerrordesc_np(disk->cause));
    assert_true(WIFEXITED(status));
    for (int named = 0; named < 2; named++) {
        assert_int_equal(disk->codes[named], ERR_IO);
        assert_string_equal(disk->errs[named].reason, "disk_full");
        assert_non_null(strstr(disk->errs[named].message, "file.bin: No space left on device"));
        assert_int_equal(disk->left[named], 0);
    }
    assert_int_equal(munmap(disk, sizeof(*disk)), 0);
}

struct canceller {
    atomic_bool cancel;
    int reports;
    double done, total;
};

static void cancel_at_the_first_report(void *context, const struct progress_update *update)
{
    struct canceller *canceller = context;
    canceller->reports++;
    canceller->done = update->done;
    canceller->total = update->total;
    assert_int_equal(update->phase, PHASE_SAVE);
    assert_string_equal(update->unit, "bytes");
    atomic_store(&canceller->cancel, true);
}

static void a_cancelled_file_leaves_nothing(void **state)
{
    struct error err;
    struct canceller canceller = {.reports = 0};
    const struct progress progress = {cancel_at_the_first_report, &canceller, &canceller.cancel};
    struct output_spec spec = spec_of(sample_directory());
    (void)state;
    spec.progress = &progress;
    spec.total_bytes = 1e6;
    assert_error(make_file(&spec, 1 << 20, 1, NULL, NULL, &err), ERR_CANCELLED);
    assert_int_equal(canceller.reports, 1);
    assert_true(canceller.total == 1e6 && canceller.done == 0);
    assert_int_equal(sample_directory_count(), 0);
    /* A small file too, though it is written at once. */
    assert_error(make_file(&spec, 1, 1, NULL, NULL, &err), ERR_CANCELLED);
    assert_int_equal(sample_directory_count(), 0);
}

static void releasing_what_was_never_opened_is_allowed(void **state)
{
    struct output out = {0};
    (void)state;
    output_release(&out);
    assert_int_equal(out.fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_a_name_until_it_is_whole),
        cmocka_unit_test(where_names_are_needed_a_hidden_one_is_used_and_removed),
        cmocka_unit_test(pieces_of_any_size_make_the_same_file),
        cmocka_unit_test(an_existing_file_is_not_overwritten),
        cmocka_unit_test(the_directory_is_made_when_it_is_not_there),
        cmocka_unit_test(what_is_no_directory_is_an_error),
        cmocka_unit_test(a_directory_of_others_is_denied),
        cmocka_unit_test(a_limit_of_file_size_leaves_nothing),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(a_cancelled_file_leaves_nothing),
        cmocka_unit_test(releasing_what_was_never_opened_is_allowed),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sample_directory_remove();
    return failed;
}
