/*
 * A fuzz target without the fuzzer: every file of a corpus, given once. Builds of all kinds link it
 * where the preset fuzz links libFuzzer, so that what was once found is asked in the ordinary
 * tests.
 *
 *   NAME DIRECTORY|FILE …
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

enum { INPUT_BYTES_MAX = 4 << 20, PATH_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay_file(const char *path)
{
    struct error err;
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = mem_array(INPUT_BYTES_MAX, 1, &err);
    if (file == NULL || bytes == NULL) {
        perror(path);
        return 1;
    }
    const size_t size = fread(bytes, 1, INPUT_BYTES_MAX, file);
    fclose(file);
    printf("%s\n", path); /* before, so that the one that ends the program is the last */
    fflush(stdout);
    LLVMFuzzerTestOneInput(bytes, size);
    mem_free(bytes);
    return 0;
}

static int replay(const char *path, int *count)
{
    struct stat status;
    char inner[PATH_BYTES];
    int failed = 0;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        *count += 1;
        return replay_file(path);
    }
    DIR *directory = opendir(path);
    if (directory == NULL) {
        perror(path);
        return 1;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        failed |= replay_file(inner);
        *count += 1;
    }
    closedir(directory);
    return failed;
}

int main(int argc, char **argv)
{
    int count = 0, failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i], &count);
    if (count == 0) {
        fprintf(stderr, "there is nothing to replay\n");
        return 1;
    }
    return failed;
}
