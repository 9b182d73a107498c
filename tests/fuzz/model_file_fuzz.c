/*
 * Any bytes as a model file, opened without the checksum (so that the parts behind it are reached)
 * and with it; what opens is read in every part. `model_file_seeds DIRECTORY` writes files to start
 * from; without them the fuzzer soon finds none that goes beyond the first opcodes.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "unit/model/corrupt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct error err;
    static bool started;
    if (!started)
        json_init();
    started = true;
    const enum err code = corrupt_open(bytes, size, false, &err);
    if (code == ERR_OK) {
        (void)!corrupt_open(bytes, size, true, &err);
    } else if (code != ERR_CORRUPT && code != ERR_NOMEM) {
        __builtin_trap(); /* the contract knows no other */
    }
    return 0;
}
