/* Any bytes as the body of a message: a job_id above 0, or a refusal that says why. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "queue/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool started;
    struct error err = {.message = ""};
    int64_t job_id = -1, epoch = 0;
    char id[MESSAGE_ID_SIZE];
    if (!started)
        json_init();
    started = true;
    const enum err code = message_parse((const char *)bytes, size, &job_id, &err);
    if (code == ERR_OK ? job_id < 1 : job_id != -1 || err.message[0] == '\0')
        __builtin_trap();
    if (code != ERR_OK && code != ERR_INVALID && code != ERR_NOMEM)
        __builtin_trap();
    const size_t len = size < sizeof(id) - 1 ? size : sizeof(id) - 1;
    memcpy(id, bytes, len);
    id[len] = '\0';
    if (message_id_parse(id, &job_id, &epoch)) {
        int64_t again = 0, epoch_again = 0;
        message_id_write(job_id, epoch, id);
        if (!message_id_parse(id, &again, &epoch_again) || again != job_id || epoch_again != epoch)
            __builtin_trap();
    }
    return 0;
}
