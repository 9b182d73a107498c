/* Any text as a data path, in a tree with links that lead out: what is opened lies beneath the
 * root, whatever the text is. The text %R stands for the root. */
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/data_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static char root[64];

static struct config *start(void)
{
    static const char *const links[][2] = {
        {"out", "/"}, {"up", ".."}, {"in", "a"}, {"loop", "loop"}, {"proc", "/proc/self/root"}};
    struct error err;
    struct config *config;
    snprintf(root, sizeof(root), "/tmp/rectrain_fuzz_XXXXXX");
    const int top = mkdtemp(root) != NULL ? open(root, O_DIRECTORY | O_RDONLY) : -1;
    if (top < 0 || mkdirat(top, "a", 0777) != 0 || mkdirat(top, "a/b", 0777) != 0)
        __builtin_trap();
    close(openat(top, "a/clickstream.csv", O_CREAT | O_WRONLY, 0666));
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (symlinkat(links[i][1], top, links[i][0]) != 0)
            __builtin_trap();
    close(top);
    const struct config_flag flags[] = {{"DATA_ROOTS", root}};
    if (config_read((char *const[]){NULL}, flags, 1, &config, &err) != ERR_OK)
        __builtin_trap();
    return config;
}

/* Where a descriptor really leads. */
static void check_place(int fd)
{
    char link[64], where[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    const ssize_t len = readlink(link, where, sizeof(where) - 1);
    const size_t root_len = strlen(root);
    if (len < (ssize_t)root_len || memcmp(where, root, root_len) != 0 ||
        (len > (ssize_t)root_len && where[root_len] != '/'))
        __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct config *config;
    char text[5000];
    struct error err = {.message = ""};
    struct data_path opened = {0};
    int fd = -1;
    if (config == NULL)
        config = start();
    const bool is_rooted = size >= 2 && memcmp(bytes, "%R", 2) == 0;
    const size_t skip = is_rooted ? 2 : 0, len = size - skip < 4900 ? size - skip : 4900;
    const int used = snprintf(text, sizeof(text), "%s", is_rooted ? root : "");
    memcpy(text + used, bytes + skip, len);
    text[(size_t)used + len] = '\0';
    const enum err rc = data_path_open(config, text, &opened, &err);
    if (rc != ERR_OK && (err.reason[0] == '\0' || err.message[0] == '\0'))
        __builtin_trap();
    if (rc == ERR_OK) {
        check_place(opened.place.directory);
        if (opened.place.above >= 0)
            check_place(opened.place.above);
        data_path_close(&opened);
    }
    if (data_file_open(config, text, &fd, &err) == ERR_OK) {
        check_place(fd);
        close(fd);
    }
    return 0;
}
