/* Any bytes as a model file that came from elsewhere, its checksum made right so that what is
 * behind it is reached: refused without the path, or described by lines that the parent takes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "unit/model/corrupt.h"
#include "worker/child_inspect.h"
#include "worker/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_line(const json_t *result)
{
    struct error err;
    struct strbuf text;
    struct child_line line;
    strbuf_init(&text, CHILD_LINE_MAX);
    json_t *event = json_pack("{s:s, s:O}", "event", "result", "result", result);
    if (event == NULL || json_write(event, 0, &text, &err) != ERR_OK)
        __builtin_trap(); /* a name or a count that is no JSON */
    if (child_line_parse(text.ptr, text.len, &line, &err) != ERR_OK || line.event != CHILD_RESULT ||
        !json_equal(line.result, result))
        __builtin_trap();
    child_line_release(&line);
    json_decref(event);
    strbuf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static bool started;
    struct error err = {.message = ""};
    json_t *result = NULL;
    if (!started)
        json_init();
    started = true;
    if (size == 0)
        return 0;
    unsigned char *copy = mem_dup(bytes, size, &err);
    const int fd = memfd_create("model", 0);
    if (copy == NULL || fd < 0)
        return 0;
    corrupt_reseal(copy, size);
    if (write(fd, copy, size) != (ssize_t)size || dup2(fd, CHILD_DATA_FD) != CHILD_DATA_FD)
        __builtin_trap();
    if (fd != CHILD_DATA_FD)
        close(fd);
    const enum err rc = child_inspect(&result, &err);
    if (rc == ERR_OK)
        check_line(result);
    else if (err.message[0] == '\0')
        __builtin_trap();
    else if (strstr(err.message, "/proc/") != NULL && memmem(bytes, size, "/proc/", 6) == NULL)
        __builtin_trap(); /* not what the file says, which may be quoted */
    json_decref(result);
    close(CHILD_DATA_FD);
    mem_free(copy);
    return 0;
}
