/* Which paths are data, and which are not. */
#include "worker/data_path.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"
#include "support/tree.h"

/*
 *   TOP/root/a/clickstream.csv, events.csv     TOP/root/parts/p-1.csv (events beside root/parts)
 *   TOP/root/inside → a                        TOP/root/outside → ../other
 *   TOP/other/clickstream.csv                  TOP/second/b
 */
struct rig {
    char top[64];
    struct config *config;
};

static char *at(const struct rig *rig, const char *rest)
{
    static char paths[4][256];
    static int turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof(paths[0]), "%s%s", rig->top, rest);
    return path;
}

static void put(const struct rig *rig, const char *rest, const char *text)
{
    FILE *file = fopen(at(rig, rest), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int setup(void **state)
{
    static struct rig rig;
    struct error err;
    char roots[256];
    snprintf(rig.top, sizeof(rig.top), "/tmp/rectrain_path_XXXXXX");
    assert_non_null(mkdtemp(rig.top));
    const char *const directories[] = {"/root",   "/root/a",   "/root/parts", "/other",
                                       "/second", "/second/b", "/root/a/deep"};
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        assert_int_equal(mkdir(at(&rig, directories[i]), 0777), 0);
    put(&rig, "/root/a/clickstream.csv", "a,b\n1,2\n");
    put(&rig, "/root/a/events.csv", "event,is_contact\n");
    put(&rig, "/root/parts/p-1.csv", "x");
    put(&rig, "/root/events.csv", "x");
    put(&rig, "/other/clickstream.csv", "x");
    put(&rig, "/second/b/clickstream.pq", "xyz");
    assert_int_equal(symlink("a", at(&rig, "/root/inside")), 0);
    assert_int_equal(symlink("../other", at(&rig, "/root/outside")), 0);
    assert_int_equal(symlink("/", at(&rig, "/root/slash")), 0);
    assert_int_equal(symlink("loop", at(&rig, "/root/loop")), 0);
    snprintf(roots, sizeof(roots), "%s:%s", at(&rig, "/root"), at(&rig, "/second/"));
    const struct config_flag flags[] = {{"DATA_ROOTS", roots}};
    assert_ok(config_read((char *const[]){NULL}, flags, 1, &rig.config, &err));
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    config_free(rig->config);
    return tree_remove(rig->top);
}

/* The directory that was opened is the one at `rest`. */
static void opens(const struct rig *rig, const char *path, const char *rest)
{
    struct error err;
    struct data_path opened;
    struct stat is, wanted;
    assert_ok(data_path_open(rig->config, path, &opened, &err));
    assert_int_equal(fstat(opened.place.directory, &is), 0);
    assert_int_equal(stat(at(rig, rest), &wanted), 0);
    assert_int_equal(is.st_ino, wanted.st_ino);
    assert_int_not_equal(fcntl(opened.place.directory, F_GETFD) & FD_CLOEXEC, 0);
    data_path_close(&opened);
    data_path_close(&opened);
}

static void refuses(const struct rig *rig, const char *path, enum err code, const char *reason)
{
    struct error err;
    assert_error(data_path_check(rig->config, path, &err), code);
    if (strcmp(err.reason, reason) != 0)
        fail_msg("%s: wanted %s, got %s: %s", path, reason, err.reason, err.message);
    assert_null(strstr(err.message, "/proc/self"));
}

static void a_path_beneath_a_root_is_opened(void **state)
{
    const struct rig *rig = *state;
    opens(rig, at(rig, "/root"), "/root");
    opens(rig, at(rig, "/root/"), "/root");
    opens(rig, at(rig, "/root/a"), "/root/a");
    opens(rig, at(rig, "//root/./a//"), "/root/a");
    opens(rig, at(rig, "/root/a/deep/.."), "/root/a");
    opens(rig, at(rig, "/second/b"), "/second/b");
}

static void a_relative_path_is_of_the_start_or_of_a_root(void **state)
{
    const struct rig *rig = *state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof(before)));
    opens(rig, "b", "/second/b");
    opens(rig, "a/deep", "/root/a/deep");
    assert_int_equal(chdir(rig->top), 0);
    opens(rig, "root/a", "/root/a");
    opens(rig, "./root/a", "/root/a");
    assert_int_equal(chdir(before), 0);
}

static void links_stay_beneath_the_root(void **state)
{
    const struct rig *rig = *state;
    opens(rig, at(rig, "/root/inside"), "/root/a");
    refuses(rig, at(rig, "/root/outside"), ERR_DENIED, "link_outside");
    refuses(rig, at(rig, "/root/slash/etc"), ERR_DENIED, "link_outside");
    refuses(rig, at(rig, "/root/loop"), ERR_DENIED, "link_outside");
}

static void other_paths_are_refused(void **state)
{
    const struct rig *rig = *state;
    refuses(rig, "", ERR_INVALID, "path_empty");
    refuses(rig, "/etc", ERR_DENIED, "path_outside_roots");
    refuses(rig, "/", ERR_DENIED, "path_outside_roots");
    refuses(rig, at(rig, "/other"), ERR_DENIED, "path_outside_roots");
    refuses(rig, at(rig, "/root2"), ERR_DENIED, "path_outside_roots");
    refuses(rig, at(rig, "/root/../other"), ERR_DENIED, "path_outside_roots");
    refuses(rig, at(rig, "/root/a/../../other"), ERR_DENIED, "path_outside_roots");
    refuses(rig, "../../../etc", ERR_DENIED, "path_outside_roots");
    refuses(rig, "/proc/1/root/etc", ERR_DENIED, "path_outside_roots");
    refuses(rig, at(rig, "/root/missing"), ERR_NOT_FOUND, "path_missing");
    refuses(rig, at(rig, "/root/a/clickstream.csv"), ERR_DATA, "path_not_directory");
    refuses(rig, at(rig, "/root/a/clickstream.csv/x"), ERR_DATA, "path_not_directory");
    static char longest[9000];
    memset(longest, 'x', 8999);
    longest[0] = '/';
    longest[8999] = '\0';
    refuses(rig, longest, ERR_INVALID, "path_too_long");
    longest[300] = '\0'; /* one part, longer than a name may be */
    refuses(rig, longest + 1, ERR_INVALID, "path_too_long");
}

static void a_pattern_opens_where_it_begins(void **state)
{
    const struct rig *rig = *state;
    struct error err;
    struct data_path opened;
    struct stat is, wanted;
    const char *path = at(rig, "/root/parts/p-*.csv");
    assert_ok(data_path_open(rig->config, path, &opened, &err));
    assert_string_equal(opened.place.pattern, "p-*.csv");
    assert_int_equal(fstat(opened.place.above, &is), 0);
    assert_int_equal(stat(at(rig, "/root"), &wanted), 0);
    assert_int_equal(is.st_ino, wanted.st_ino);
    data_path_close(&opened);
    path = at(rig, "/root/*/p-1.csv");
    assert_ok(data_path_open(rig->config, path, &opened, &err));
    assert_string_equal(opened.place.pattern, "*/p-1.csv");
    assert_int_equal(opened.place.above, -1); /* it would be outside */
    data_path_close(&opened);
    refuses(rig, at(rig, "/other/*.csv"), ERR_DENIED, "path_outside_roots");
}

static void a_pattern_reads_its_parts_and_the_events_above(void **state)
{
    const struct rig *rig = *state;
    struct error err;
    struct data_path opened;
    struct file_set clicks = {0}, events = {0};
    const char *path = at(rig, "/root/parts/p-*.csv");
    put(rig, "/root/parts/p-1.csv", "a,b\n1,2\n");
    put(rig, "/root/events.csv", "a,b\n1,2\n");
    assert_ok(data_path_open(rig->config, path, &opened, &err));
    assert_ok(files_find(path, &opened.place, &clicks, &events, &err));
    assert_int_equal(clicks.count, 1);
    assert_string_equal(clicks.files[0].name, "p-1.csv");
    assert_string_equal(events.files[0].name, "events.csv");
    file_set_release(&clicks);
    file_set_release(&events);
    data_path_close(&opened);
}

static void without_roots_the_message_says_so(void **state)
{
    (void)state;
    struct error err;
    struct config *config;
    const struct config_flag flags[] = {{"DATA_ROOTS", "/nowhere/at/all"}};
    assert_ok(config_read((char *const[]){NULL}, flags, 1, &config, &err));
    assert_error(data_path_check(config, "/nowhere/at/all/x", &err), ERR_NOT_FOUND);
    assert_string_equal(err.reason, "roots_missing");
    config_free(config);
}

/* While another thread turns the name from a directory into a link that leads out, a thousand
 * opens never end up outside. */
static atomic_bool racing;

static void *swap(void *context)
{
    const struct rig *rig = context;
    char name[256], link[256], directory[256];
    snprintf(name, sizeof(name), "%s/root/race", rig->top);
    snprintf(link, sizeof(link), "%s/root/race_link", rig->top);
    snprintf(directory, sizeof(directory), "%s/root/race_directory", rig->top);
    assert_int_equal(mkdir(directory, 0777), 0);
    assert_int_equal(symlink("../other", link), 0);
    while (atomic_load(&racing)) {
        (void)!rename(directory, name);
        (void)!rename(name, directory);
        (void)!rename(link, name);
        (void)!rename(name, link);
    }
    return NULL;
}

static void a_link_that_is_swapped_in_never_leads_out(void **state)
{
    const struct rig *rig = *state;
    struct error err;
    struct data_path opened;
    struct stat other, is;
    pthread_t thread;
    int good = 0;
    assert_int_equal(stat(at(rig, "/other"), &other), 0);
    atomic_store(&racing, true);
    assert_int_equal(pthread_create(&thread, NULL, swap, (void *)rig), 0);
    for (int i = 0; i < 10000; i++) {
        if (data_path_open(rig->config, at(rig, "/root/race"), &opened, &err) != ERR_OK)
            continue;
        good++;
        assert_int_equal(fstat(opened.place.directory, &is), 0);
        assert_int_not_equal(is.st_ino, other.st_ino);
        data_path_close(&opened);
    }
    atomic_store(&racing, false);
    pthread_join(thread, NULL);
    assert_true(good > 0);
}

static void sources_are_listed_with_their_files(void **state)
{
    const struct rig *rig = *state;
    struct error err;
    json_t *json;
    assert_ok(data_sources_list(rig->config, &json, &err));
    assert_int_equal(json_array_size(json_object_get(json, "roots")), 2);
    assert_true(json_is_false(json_object_get(json, "is_cut")));
    const json_t *sources = json_object_get(json, "sources");
    assert_int_equal(json_array_size(sources), 2);
    const json_t *first = json_array_get(sources, 0), *second = json_array_get(sources, 1);
    assert_string_equal(json_string_value(json_object_get(first, "path")), at(rig, "/root/a"));
    assert_string_equal(json_string_value(json_object_get(first, "clickstream")),
                        "clickstream.csv");
    assert_string_equal(json_string_value(json_object_get(first, "events")), "events.csv");
    assert_true(json_is_true(json_object_get(first, "is_complete")));
    assert_int_equal(json_integer_value(json_object_get(first, "size_bytes")), 8 + 17);
    assert_int_equal(strlen(json_string_value(json_object_get(first, "modified_at"))), 20);
    assert_string_equal(json_string_value(json_object_get(second, "path")), at(rig, "/second/b"));
    assert_true(json_is_null(json_object_get(second, "events")));
    assert_true(json_is_false(json_object_get(second, "is_complete")));
    const json_t *files = json_object_get(json, "files");
    assert_int_equal(json_array_size(files), 1);
    const json_t *part = json_array_get(files, 0);
    assert_string_equal(json_string_value(json_object_get(part, "path")),
                        at(rig, "/root/parts/p-1.csv"));
    struct stat info;
    assert_int_equal(stat(at(rig, "/root/parts/p-1.csv"), &info), 0);
    assert_int_equal(json_integer_value(json_object_get(part, "size_bytes")), info.st_size);
    json_decref(json);
}

static void refuses_file(const struct rig *rig, const char *path, enum err code, const char *reason)
{
    struct error err;
    int fd = -1;
    assert_error(data_file_open(rig->config, path, &fd, &err), code);
    if (strcmp(err.reason, reason) != 0)
        fail_msg("%s: wanted %s, got %s: %s", path, reason, err.reason, err.message);
    assert_int_equal(fd, -1);
}

static void a_file_beneath_a_root_is_opened_and_no_link(void **state)
{
    const struct rig *rig = *state;
    struct error err;
    const char *const paths[] = {at(rig, "/root/a/events.csv"), "a/events.csv", "parts/p-1.csv",
                                 "events.csv"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int fd = -1;
        assert_ok(data_file_open(rig->config, paths[i], &fd, &err));
        assert_true(fd >= 0);
        close(fd);
    }
    assert_int_equal(symlink("../other/clickstream.csv", at(rig, "/root/link.csv")), 0);
    refuses_file(rig, "link.csv", ERR_DENIED, "link_outside");
    refuses_file(rig, "outside/clickstream.csv", ERR_DENIED, "link_outside");
    refuses_file(rig, at(rig, "/other/clickstream.csv"), ERR_DENIED, "path_outside_roots");
    refuses_file(rig, "a/../../other/clickstream.csv", ERR_DENIED, "path_outside_roots");
    refuses_file(rig, "a/nothing.csv", ERR_NOT_FOUND, "path_missing");
    refuses_file(rig, "p*/p-1.csv", ERR_NOT_FOUND, "path_missing");
    refuses_file(rig, "a/deep", ERR_DATA, "not_regular");
    refuses_file(rig, "a/", ERR_DATA, "not_regular");
    assert_int_equal(unlink(at(rig, "/root/link.csv")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_beneath_a_root_is_opened),
        cmocka_unit_test(a_relative_path_is_of_the_start_or_of_a_root),
        cmocka_unit_test(links_stay_beneath_the_root),
        cmocka_unit_test(other_paths_are_refused),
        cmocka_unit_test(a_file_beneath_a_root_is_opened_and_no_link),
        cmocka_unit_test(a_pattern_opens_where_it_begins),
        cmocka_unit_test(a_pattern_reads_its_parts_and_the_events_above),
        cmocka_unit_test(without_roots_the_message_says_so),
        cmocka_unit_test(sources_are_listed_with_their_files),
        cmocka_unit_test(a_link_that_is_swapped_in_never_leads_out),
    };
    json_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}
