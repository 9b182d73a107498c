/* Any text as the Last-Event-ID that a stream begins with: what comes is whole events, either all
 * that are newer than a number of ours, or a reset. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "http/hub.h"

enum { EVENTS = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct hub *start(void)
{
    struct error err;
    struct hub *hub;
    struct hub_limits limits;
    hub_limits_init(&limits);
    limits.ring_events = 3; /* the first two are forgotten */
    if (hub_create(&limits, &hub, &err) != ERR_OK)
        __builtin_trap();
    for (int i = 0; i < EVENTS; i++)
        if (hub_publish(hub, "jobs", "job", "{}", &err) != ERR_OK)
            __builtin_trap();
    return hub;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct hub *hub;
    struct error err;
    struct hub_reader *reader;
    char text[256], out[4096], boot[64] = "";
    const size_t len = size < sizeof(text) / 2 ? size : sizeof(text) / 2;
    if (hub == NULL)
        hub = start();
    const struct hub_stream all = {.topics = {"jobs"}, .owner = "a", .last_event_id = ""};
    if (hub_open(hub, &all, &reader, &err) != ERR_OK)
        __builtin_trap();
    out[hub_read(reader, out, sizeof(out) - 1)] = '\0';
    hub_reader_free(reader);
    if (sscanf(out, "retry: %*d id: %63[^-\n]", boot) != 1)
        __builtin_trap(); /* an empty id is not ours: a reset, with the newest */
    const int used = size > 0 && bytes[0] % 2 == 0 ? snprintf(text, sizeof(text), "%s", boot) : 0;
    memcpy(text + used, bytes, len);
    text[(size_t)used + len] = '\0';
    const struct hub_stream stream = {.topics = {"jobs"}, .owner = "a", .last_event_id = text};
    if (hub_open(hub, &stream, &reader, &err) != ERR_OK)
        __builtin_trap();
    const ssize_t got = hub_read(reader, out, sizeof(out) - 1);
    if (got < 2 || memcmp(out + got - 2, "\n\n", 2) != 0 || strncmp(out, "retry: ", 7) != 0)
        __builtin_trap();
    hub_reader_free(reader);
    return 0;
}
