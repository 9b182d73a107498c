/* model_file_seeds DIRECTORY: small good model files for the fuzzer to start from. */
#include <stdio.h>

#include "base/memory.h"
#include "unit/model/sample.h"

int main(int argc, char **argv)
{
    static const struct sample_shape shapes[] = {
        {"als", 3, 4, 2, 2, ID_INT64, ID_INT64},
        {"als", 4, 5, 1, 1, ID_STRING, ID_UINT64},
        {"popular", 2, 3, 1, 1, ID_UINT64, ID_STRING},
    };
    if (argc != 2) {
        fprintf(stderr, "usage: model_file_seeds DIRECTORY\n");
        return 2;
    }
    json_init();
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct error err;
        struct sample sample;
        char *path, sum[HASH_HEX_SIZE], seed[512];
        sample_init(&sample, &shapes[i]);
        if (model_file_write(&sample.record, argv[1], (int64_t)i, "seed", NULL, &path, sum, &err) !=
            ERR_OK) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        /* A fixed name, so that seeds made again take the place of the old ones. */
        snprintf(seed, sizeof(seed), "%s/seed_%zu", argv[1], i);
        if (rename(path, seed) != 0) {
            perror(seed);
            return 1;
        }
        mem_free(path);
        sample_release(&sample);
    }
    return 0;
}
